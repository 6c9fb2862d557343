/**
 * Whether a WHERE restricts anything. The question is not what the planner would fold but what an attacker could
 * write to look like a filter: `1 = 1`, `id = id`, `true OR x`, `x IS NULL OR x IS NOT NULL`.
 */
import type { JsonObject } from '../../core/json.ts';
import type { Analysis } from './analysis.ts';
import { type AstNode, nodes, stringOf, text } from './ast.ts';
import { rangesReached, SYSTEM_COLUMNS } from './columns.ts';
import { foldTruth } from './fold.ts';
import type { Range } from './scope.ts';
import { holdsOpposites, isTautology } from './tautology.ts';
import { mentions } from './tree.ts';

/** The table whose rows a condition may keep out. */
export interface Target {
  /** Whether a column reference reaches the row of the target, and not one of a subquery's or another table. */
  refers(reference: AstNode): boolean;
  /** Whether it reaches a column of the target that is never NULL. */
  neverNull(reference: AstNode): boolean;
  /** Whether a RangeVar names the target's table. */
  isTable(rangeVar: JsonObject): boolean;
}

/**
 * Whether a condition can keep rows of the target out: it refers to a column of the target, and is not true
 * for every row by its form.
 */
export function restricts(a: Analysis, condition: AstNode | null, target: Target): boolean {
  if (condition === null) return false;
  const truth = foldTruth(a, condition);
  if (truth !== 'unknown') return truth !== true;
  if (condition.tag === 'CurrentOfExpr') return true;
  const args = condition.tag === 'BoolExpr' ? nodes(condition.body, 'args') : [];
  switch (condition.tag === 'BoolExpr' ? text(condition.body, 'boolop') : null) {
    case 'AND_EXPR':
      return args.some((arg) => restricts(a, arg, target));
    case 'OR_EXPR':
      return args.every((arg) => restricts(a, arg, target)) && !holdsOpposites(a, args);
    default:
      return (
        mentions(condition, (reference) => target.refers(reference)) && !isTautology(a, condition, target)
      );
  }
}

/** The target of a change, once its condition has been walked with `range` in scope. */
export function targetOf(a: Analysis, range: Range): Target {
  const refers = (reference: AstNode) =>
    reference.tag === 'ColumnRef' && rangesReached(a, reference).includes(range);
  const relation =
    range.relation === null || range.relation.schema === null
      ? null
      : a.reading.catalog.relation(range.relation.schema, range.relation.name);
  return {
    refers,
    neverNull(reference) {
      const last = nodes(reference.body, 'fields').at(-1);
      if (last?.tag !== 'String' || !refers(reference)) return false;
      const name = stringOf(last);
      if (SYSTEM_COLUMNS.has(name)) return true;
      return relation?.columns.some((column) => column.name === name && column.notNull) ?? false;
    },
    isTable(rangeVar) {
      const candidates = a.candidates(text(rangeVar, 'schemaname'), text(rangeVar, 'relname') ?? '');
      return candidates.some(
        ({ schema, name }) => schema === range.relation?.schema && name === range.relation.name,
      );
    },
  };
}
