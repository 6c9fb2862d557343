import type { Expression } from '../ast.ts';
import { LITERALS_MAX } from '../skeleton.ts';
import type { TokenKind } from '../token.ts';
import { parseValue } from './assignments.ts';
import type { Cursor } from './cursor.ts';

export interface Rows {
  readonly rows: readonly (readonly Expression[])[];
  readonly plain: number;
  /** Byte offsets of the plain rows' literals: of the first ones, since longer texts are not kept without theirs. */
  readonly literals: readonly number[];
}

/**
 * The rows of VALUES. A row of literals is passed over without making anything of it: facts need no more than that
 * it has been one, and there may be a megabyte of them.
 */
export function parseInsertedRows(c: Cursor): Rows {
  const rows: (readonly Expression[])[] = [];
  const literals: number[] = [];
  let plain = 0;
  do {
    if (!c.mariadb) c.takeWord('ROW');
    if (c.mark !== '(') c.refuse("'('");
    const end = plainRowEnd(c);
    if (end < 0) rows.push(parseRow(c));
    else {
      plain++;
      for (let n = c.at; n < end && literals.length < LITERALS_MAX; n++) {
        if (LITERALS.has(c.tokens.kind(n))) literals.push(c.tokens.start(n));
      }
      c.seek(end);
    }
  } while (c.takeMark(','));
  return { rows, plain, literals };
}

const LITERALS: ReadonlySet<TokenKind> = new Set(['string', 'integer', 'decimal', 'float', 'hex', 'bit']);

function parseRow(c: Cursor): readonly Expression[] {
  c.expectMark('(');
  const row: Expression[] = [];
  if (c.mark !== ')') {
    do row.push(parseValue(c));
    while (c.takeMark(','));
  }
  c.expectMark(')');
  return row;
}

const PLAIN_WORDS: ReadonlySet<string> = new Set(['NULL', 'DEFAULT', 'TRUE', 'FALSE']);

/** The token after the row that begins here, if the row holds but literals; -1 else. Counts its parameters. */
function plainRowEnd(c: Cursor): number {
  const { tokens } = c;
  let parameters = 0;
  let n = c.at + 1;
  for (;;) {
    switch (tokens.kind(n)) {
      case 'string':
      case 'integer':
      case 'decimal':
      case 'float':
      case 'hex':
      case 'bit':
        break;
      case 'parameter':
        parameters++;
        break;
      case 'introducer':
        if (!isIntroduced(c, ++n)) return -1;
        break;
      case 'word':
        if (!PLAIN_WORDS.has(tokens.word(n))) return -1;
        break;
      case 'operator':
        if (tokens.text(n) !== '-' || !isNumber(c, ++n)) return -1;
        break;
      default:
        return -1;
    }
    n++;
    if (tokens.kind(n) !== 'operator') return -1;
    const mark = tokens.text(n++);
    if (mark === ')') break;
    if (mark !== ',') return -1;
  }
  c.parameters += parameters;
  return n;
}

function isIntroduced(c: Cursor, n: number): boolean {
  const kind = c.tokens.kind(n);
  return kind === 'string' || kind === 'hex' || kind === 'bit';
}

function isNumber(c: Cursor, n: number): boolean {
  const kind = c.tokens.kind(n);
  return kind === 'integer' || kind === 'decimal' || kind === 'float';
}
