/** Cuts a file of definitions into its statements, as the servers' own command lines do. */
import { Lexer } from './lexer.ts';
import type { LexerMode } from './token.ts';

/** Where in the file reading stopped; `offset` in bytes. */
export class MysqlSchemaError extends Error {
  override readonly name = 'MysqlSchemaError';
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

export interface ScriptStatement {
  /** Byte offsets in the file. */
  readonly start: number;
  readonly end: number;
}

const DELIMITER_LINE = /^[ \t]*DELIMITER[ \t]+(\S+)[ \t]*\r?$/gim;

/** Throws MysqlSchemaError where the file cannot be cut. */
export function scriptStatements(source: Buffer, mode: LexerMode): readonly ScriptStatement[] {
  const text = source.toString('latin1');
  const statements: ScriptStatement[] = [];
  let delimiter = ';';
  let at = 0;
  for (const line of text.matchAll(DELIMITER_LINE)) {
    statements.push(...cut(source, text, at, line.index, delimiter, mode));
    delimiter = line[1] ?? ';';
    at = line.index + line[0].length;
  }
  return [...statements, ...cut(source, text, at, text.length, delimiter, mode)];
}

function cut(
  source: Buffer,
  text: string,
  start: number,
  end: number,
  delimiter: string,
  mode: LexerMode,
): readonly ScriptStatement[] {
  if (delimiter === ';') return cutAtSemicolons(source, start, end, mode);
  const statements: ScriptStatement[] = [];
  for (let at = start; at < end; ) {
    const found = text.indexOf(delimiter, at);
    const to = found < 0 || found > end ? end : found;
    if (/\S/.test(text.slice(at, to))) statements.push({ start: at, end: to });
    at = to + delimiter.length;
  }
  return statements;
}

/** Words that end with END of their own, besides BEGIN and CASE, which are counted. */
const OTHER_BLOCKS: ReadonlySet<string> = new Set(['IF', 'WHILE', 'LOOP', 'REPEAT', 'FOR']);
const WITH_BODIES: ReadonlySet<string> = new Set(['FUNCTION', 'PROCEDURE', 'TRIGGER', 'EVENT']);

/** A body of several statements holds semicolons of its own, up to its END. */
function cutAtSemicolons(
  source: Buffer,
  start: number,
  end: number,
  mode: LexerMode,
): readonly ScriptStatement[] {
  const lexer = new Lexer();
  const scanned = lexer.scan(source, start, end, mode);
  if (scanned.outcome === 'unreadable') throw new MysqlSchemaError(scanned.reason, start + scanned.at);
  const statements: ScriptStatement[] = [];
  // From one semicolon to the next, so that the mark before an executable comment stays with it.
  let [from, fromByte, depth, hasBody] = [0, start, 0, false];
  for (let n = 0; n < lexer.count; n++) {
    const word = lexer.word(n);
    if (WITH_BODIES.has(word) && lexer.word(from) === 'CREATE') hasBody = true;
    if (hasBody && (word === 'BEGIN' || word === 'CASE') && lexer.word(n - 1) !== 'END') depth++;
    if (hasBody && word === 'END' && !OTHER_BLOCKS.has(lexer.word(n + 1))) depth--;
    if (depth > 0 || lexer.kind(n) !== 'operator' || lexer.text(n) !== ';') continue;
    if (n > from) statements.push({ start: fromByte, end: start + lexer.start(n) });
    [from, fromByte, depth, hasBody] = [n + 1, start + lexer.end(n), 0, false];
  }
  if (lexer.count > from) statements.push({ start: fromByte, end });
  return statements;
}
