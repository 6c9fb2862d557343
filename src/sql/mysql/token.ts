/** What the lexer makes of a text, and what the parser reads: the seam between the two. */

/**
 * `word`: an unquoted name or keyword. A name that touches the dot before it, or a dot and a name after it (`a.select`,
 * `key.a`), is no keyword to the servers, and a `name` here. `name`: also one in backticks, or in double quotes under ANSI_QUOTES. `string`:
 * 'x', or "x" without ANSI_QUOTES, n'x' among them. `introducer`: _utf8mb4 before a literal. `variable`: @name,
 * @'name' and @`name`. `system`: the two at-signs of @@name; the name follows in words and dots. `operator`: every
 * other mark, the longest that the server's lexer takes (`<=>`, `:=`, `->>`, `||`, `&&`, `!=`, `<<`), one by one else.
 */
export const TOKEN_KINDS = [
  'word',
  'name',
  'string',
  'integer',
  'decimal',
  'float',
  'hex',
  'bit',
  'introducer',
  'parameter',
  'variable',
  'system',
  'operator',
  'end',
] as const;
export type TokenKind = (typeof TOKEN_KINDS)[number];

/** MySQL's and MariaDB's texts are read by their own rules; `version` as in 80406 or 101106 decides on executable comments. */
export interface LexerMode {
  readonly flavour: 'mysql' | 'mariadb';
  readonly version: number;
  /** Upper-case names of sql_mode, combinations resolved: ANSI as its four parts. */
  readonly sqlMode: ReadonlySet<string>;
}

/** The tokens of a text, comments left out, executable comments opened. `n` of `count` is the `end`. */
export interface Tokens {
  readonly count: number;
  kind(n: number): TokenKind;
  /** Upper case, of a `word`; '' for every other kind, so that no quoted name passes for a keyword. */
  word(n: number): string;
  /** The name or the string's value, escapes resolved; for marks and numbers the bytes as they stand. */
  text(n: number): string;
  /** Byte offsets in the text; -1 < start < end. */
  start(n: number): number;
  end(n: number): number;
  /** Whether space or a comment stands before it. */
  spaced(n: number): boolean;
  /**
   * Whether ( follows so that the servers look the word up among built-in functions too: directly, or behind nothing
   * but space under IGNORE_SPACE. `COUNT (` else names a function of the schema.
   */
  calls(n: number): boolean;
  /**
   * Whether it stands in an executable comment. Where a `;` there ends a statement, the server forgets the comment,
   * and does not read the rest as it stands: such a text is to be refused.
   */
  opened(n: number): boolean;
  /** A string as N'…'. */
  isNational(n: number): boolean;
  /** The text between two byte offsets, as written: what the server names a column without an alias by. */
  source(start: number, end: number): string;
  /** What stands between the marks of `/*+ … *\/` right after token `n`, where the server reads hints there; null else. */
  hint(n: number): string | null;
}
