import type { Expression, Literal } from '../ast.ts';
import type { TokenKind } from '../token.ts';
import type { Cursor } from './cursor.ts';

const NUMBERS: ReadonlySet<TokenKind> = new Set(['integer', 'decimal', 'float', 'hex', 'bit']);

/** A number, a string or a parameter; null where none stands here. Strings in a row are one. */
export function parsePlainLiteral(c: Cursor): Expression | null {
  switch (c.kind) {
    case 'integer':
    case 'decimal':
    case 'float':
    case 'hex':
    case 'bit':
      return literalHere(c, { kind: c.kind, text: c.text });
    case 'string':
      return c.tokens.isNational(c.at) ? parseNational(c) : parseString(c, c.start);
    case 'introducer':
      return parseIntroduced(c);
    case 'parameter':
      c.advance();
      return { is: 'parameter', index: c.parameters++ };
    default:
      return null;
  }
}

export function literalHere(c: Cursor, literal: Literal): Expression {
  const at = c.start;
  c.advance();
  return { is: 'literal', literal, at, end: c.endBefore };
}

function parseString(c: Cursor, at: number): Extract<Expression, { is: 'literal' }> {
  let text = c.text;
  c.advance();
  while (c.kind === 'string') {
    text += c.text;
    c.advance();
  }
  return { is: 'literal', literal: { kind: 'string', text }, at, end: c.endBefore };
}

/** `N'x'`. */
function parseNational(c: Cursor): Expression {
  return { ...parseString(c, c.start), introducer: 'utf8mb3' };
}

/** `_utf8mb4 'x'`, `_binary 0x00`. */
function parseIntroduced(c: Cursor): Expression {
  const at = c.start;
  const introducer = c.text.replace(/^_/, '');
  c.advance();
  if (c.kind === 'string') return { ...parseString(c, at), introducer };
  if (c.kind !== 'hex' && c.kind !== 'bit') c.refuse('a string');
  const literal: Literal = { kind: c.kind, text: c.text };
  c.advance();
  return { is: 'literal', literal, introducer, at, end: c.endBefore };
}

/** DATE '…', TIME '…', TIMESTAMP '…'; the string stands behind the word. */
export function parseTemporal(c: Cursor, type: string): Expression {
  const at = c.start;
  c.advance();
  const text = c.text;
  c.advance();
  return { is: 'literal', literal: { kind: 'temporal', type, text }, at, end: c.endBefore };
}

export function isNumber(kind: TokenKind): boolean {
  return NUMBERS.has(kind);
}

/** The value of a string that must stand here. */
export function parseStringValue(c: Cursor, what: string): string {
  if (c.kind === 'introducer' && c.kindAhead(1) === 'string') c.advance();
  if (c.kind !== 'string') c.refuse(what);
  const text = c.text;
  c.advance();
  return text;
}

/** An unsigned integer that must stand here, as written. */
export function parseInteger(c: Cursor, what: string): string {
  if (c.kind !== 'integer' && c.kind !== 'hex') c.refuse(what);
  const text = c.text;
  c.advance();
  return text;
}
