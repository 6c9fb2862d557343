import type { Expression } from '../ast.ts';
import type { LexerMode, TokenKind, Tokens } from '../token.ts';
import { UnreadableSyntax } from './unreadable-syntax.ts';
import { reservedWords } from './words.ts';

/**
 * How deep trees become: each nested expression, query or join counts one, and so does each operator of a chain that
 * leans to the left. Whoever walks a tree recurses as deep.
 */
const DEPTH_MAX = 250;

/**
 * The place in the tokens where the parser stands. `kind`, `word` and `mark` are of the token there; `word` is '' for
 * all but unquoted words, `mark` for all but operators.
 */
export class Cursor {
  readonly tokens: Tokens;
  readonly mode: LexerMode;
  readonly mariadb: boolean;
  /** `||` concatenates. */
  readonly pipesConcat: boolean;
  /** NOT binds as `!` does. */
  readonly highNot: boolean;
  readonly ignoreSpace: boolean;
  readonly reserved: ReadonlySet<string>;
  at = 0;
  kind: TokenKind = 'end';
  word = '';
  mark = '';
  /** Parameters passed so far, of the statement that is read. */
  parameters = 0;
  /** Whether an assignment of ON DUPLICATE KEY UPDATE is read, where MariaDB takes VALUES(column). */
  onDuplicate = false;
  #pending: Expression | null = null;
  #depth = 0;
  #height = 0;

  constructor(tokens: Tokens, mode: LexerMode) {
    this.tokens = tokens;
    this.mode = mode;
    this.mariadb = mode.flavour === 'mariadb';
    this.pipesConcat = mode.sqlMode.has('PIPES_AS_CONCAT');
    this.highNot = mode.sqlMode.has('HIGH_NOT_PRECEDENCE');
    this.ignoreSpace = mode.sqlMode.has('IGNORE_SPACE');
    this.reserved = reservedWords(mode);
    this.#load();
  }

  advance(): void {
    this.at++;
    this.#load();
  }

  seek(at: number): void {
    this.at = at;
    this.#load();
  }

  #load(): void {
    const kind = this.tokens.kind(this.at);
    this.kind = kind;
    this.word = kind === 'word' ? this.tokens.word(this.at) : '';
    this.mark = kind === 'operator' ? this.tokens.text(this.at) : '';
  }

  /** The value of the token here: a name or string resolved, a number as written. */
  get text(): string {
    return this.tokens.text(this.at);
  }

  get start(): number {
    return this.tokens.start(this.at);
  }

  /** Where the token before this one ends. */
  get endBefore(): number {
    return this.at === 0 ? 0 : this.tokens.end(this.at - 1);
  }

  /** The token `ahead` of this one, as far as there is one. */
  wordAhead(ahead: number): string {
    const n = this.at + ahead;
    return n < this.tokens.count && this.tokens.kind(n) === 'word' ? this.tokens.word(n) : '';
  }

  markAhead(ahead: number): string {
    const n = this.at + ahead;
    return n < this.tokens.count && this.tokens.kind(n) === 'operator' ? this.tokens.text(n) : '';
  }

  kindAhead(ahead: number): TokenKind {
    const n = this.at + ahead;
    return n < this.tokens.count ? this.tokens.kind(n) : 'end';
  }

  isWord(word: string): boolean {
    return this.word === word;
  }

  get isEnd(): boolean {
    return this.kind === 'end' || this.mark === ';';
  }

  takeWord(word: string): boolean {
    if (this.word !== word) return false;
    this.advance();
    return true;
  }

  /** Both words in a row, or neither is taken. */
  takeWords(first: string, second: string): boolean {
    if (this.word !== first || this.wordAhead(1) !== second) return false;
    this.advance();
    this.advance();
    return true;
  }

  /** Takes the word here if it is one of these, and gives it; '' else. */
  takeOneOf(words: ReadonlySet<string>): string {
    const word = this.word;
    if (word === '' || !words.has(word)) return '';
    this.advance();
    return word;
  }

  expectWord(word: string): void {
    if (!this.takeWord(word)) this.refuse(word);
  }

  expectWords(...words: readonly string[]): void {
    for (const word of words) this.expectWord(word);
  }

  takeMark(mark: string): boolean {
    if (this.mark !== mark) return false;
    this.advance();
    return true;
  }

  expectMark(mark: string): void {
    if (!this.takeMark(mark)) this.refuse(`'${mark}'`);
  }

  takeDecimal(): boolean {
    if (this.kind !== 'decimal') return false;
    this.advance();
    return true;
  }

  /** `=` or `:=`, which assignments take alike. */
  takeEquals(): boolean {
    return this.takeMark('=') || this.takeMark(':=');
  }

  expectEquals(): void {
    if (!this.takeEquals()) this.refuse("'='");
  }

  /** Makes `operand`, which has been read, the first operand of the expression that is read next. */
  pend(operand: Expression): void {
    this.#pending = operand;
  }

  get isPending(): boolean {
    return this.#pending !== null;
  }

  takePending(): Expression | null {
    const pending = this.#pending;
    this.#pending = null;
    return pending;
  }

  refuse(expected: string): never {
    throw this.refusal(expected);
  }

  refusal(expected: string): UnreadableSyntax {
    const found = this.kind === 'end' ? 'the end of the text' : `a ${this.kind}`;
    return new UnreadableSyntax(this.tokens.start(this.at), expected, found);
  }

  /** One level deeper; what `leave` takes. */
  enter(): number {
    const heightBefore = this.#height;
    this.#height = 0;
    if (++this.#depth > DEPTH_MAX) this.refuse('less nesting');
    return heightBefore;
  }

  leave(heightBefore: number): void {
    this.#depth--;
    this.#height = Math.max(heightBefore, this.#height + 1);
  }

  /** Reads one more operand of a flat list: it stands beside those before it, and none of them is part of another. */
  beside<Read>(read: (c: Cursor) => Read): Read {
    const heightBefore = this.#height;
    this.#height = 0;
    const operand = read(this);
    this.#height = Math.max(heightBefore, this.#height);
    return operand;
  }

  /** What was read becomes the left part of what follows. */
  wrap(): void {
    if (++this.#height > DEPTH_MAX) this.refuse('a shorter chain');
  }
}
