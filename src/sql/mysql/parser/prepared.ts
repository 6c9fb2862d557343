/** PREPARE, EXECUTE and DEALLOCATE as statements. */
import type { Expression, Statement } from '../ast.ts';
import { parseValue } from './assignments.ts';
import type { Cursor } from './cursor.ts';
import { parseExpression } from './expression.ts';
import { parseName } from './names.ts';

export function parsePrepare(c: Cursor): Statement {
  c.expectWord('PREPARE');
  const name = parseName(c, 'the name of a statement');
  c.expectWord('FROM');
  return { is: 'prepare', name, from: parseText(c) };
}

/** A string of another character set, which MariaDB takes: its names are others than they look. */
const ELSEWHERE = /^_(?!utf8)/i;
const BEYOND_ASCII = /[\u0080-\uffff]/;

type Text = Extract<Statement, { is: 'prepare' }>['from'];

function parseText(c: Cursor): Text {
  const expression = parseExpression(c);
  if (expression.is === 'literal' && expression.literal.kind === 'string') {
    const { text } = expression.literal;
    const written = c.tokens.source(expression.at, expression.end);
    return ELSEWHERE.test(written) && BEYOND_ASCII.test(text) ? { expression } : { text };
  }
  if (!c.mariadb && expression.is !== 'user-variable') c.refuse('a string or a variable');
  return { expression };
}

export function parseExecute(c: Cursor): Statement {
  c.expectWord('EXECUTE');
  if (c.mariadb && c.word === 'IMMEDIATE' && c.kindAhead(1) !== 'end' && c.wordAhead(1) !== 'USING') {
    c.advance();
    return { is: 'execute-immediate', from: parseText(c), using: parseUsing(c) };
  }
  return { is: 'execute', name: parseName(c, 'the name of a statement'), using: parseUsing(c) };
}

function parseUsing(c: Cursor): readonly Expression[] {
  if (!c.takeWord('USING')) return [];
  const values = [parseValue(c)];
  while (c.takeMark(',')) values.push(parseValue(c));
  return values;
}

/** DEALLOCATE PREPARE, DROP PREPARE. */
export function parseDeallocate(c: Cursor): Statement {
  c.advance();
  c.expectWord('PREPARE');
  return { is: 'deallocate', name: parseName(c, 'the name of a statement') };
}
