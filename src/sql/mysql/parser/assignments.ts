import type { Assignment, Expression } from '../ast.ts';
import type { Cursor } from './cursor.ts';
import { parseExpression } from './expression.ts';
import { parseColumn } from './names.ts';

/** An expression, DEFAULT, or MariaDB's IGNORE, which stands for the value there is. */
export function parseValue(c: Cursor): Expression {
  const next = c.markAhead(1);
  if (c.word === 'DEFAULT' ? next !== '(' : c.word === 'IGNORE' && c.mariadb) {
    c.advance();
    return { is: 'default', column: null };
  }
  return parseExpression(c);
}

/** `a = 1, b = DEFAULT`. */
export function parseAssignments(c: Cursor): readonly Assignment[] {
  const assignments: Assignment[] = [];
  do {
    const column = parseColumn(c);
    c.expectEquals();
    assignments.push({ column, value: parseValue(c) });
  } while (c.takeMark(','));
  return assignments;
}
