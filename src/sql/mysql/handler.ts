/** HANDLER: rows of a table without SELECT. */
import { effectSet } from '../../core/effects.ts';
import { Analysis } from './analysis.ts';
import type { Statement } from './ast.ts';
import { boundOf } from './bounds.ts';
import { expression } from './expression.ts';
import { visible } from './from.ts';
import { adopt } from './nested.ts';
import { lookAtLimit } from './ordering.ts';
import { useRelation } from './relations.ts';
import { Scope, wholeOf } from './scope.ts';
import { NO_ACT, plain, type StatementResult } from './statement.ts';

const READ = effectSet('read');

export function handler(a: Analysis, statement: Extract<Statement, { is: 'handler' }>): StatementResult {
  const { act, table, where, limit } = statement;
  if (act === 'close') return plain('HANDLER');
  a.effects |= READ;
  if (act === 'open') {
    useRelation(a, table, READ);
    return plain('HANDLER');
  }
  // READ names what was opened, in whatever database was the current one then.
  const inner = new Analysis({ ...a.reading, schema: undefined }, a.parser);
  const range = useRelation(inner, table, READ);
  const scope = new Scope(null);
  scope.ranges.push(range);
  if (where !== null) expression(inner, where, scope, 'filter');
  if (limit !== null) lookAtLimit(inner, limit, scope);
  const shape = visible(range);
  // By which index it goes, and from which value on, is not followed: it may be any column's.
  inner.uses.addColumns(wholeOf(range), 'order', 'anything');
  inner.uses.addColumns(wholeOf(shape), 'output');
  adopt(a, inner);
  const bound = limit === null ? ({ kind: 'rows', max: 1 } as const) : boundOf(a, limit);
  return { kind: 'HANDLER', act: NO_ACT, bound, shape };
}
