/**
 * Whether a WHERE restricts anything. The question is not what the planner would fold but what an attacker could
 * write to look like a filter: `1`, `'a' OR 1`, `id = id`, `id IS NOT NULL`. LIMIT is no filter: it says how many
 * rows, not which.
 */
import type { Analysis } from './analysis.ts';
import type { Expression, FromItem, TableName } from './ast.ts';
import { foldTruth } from './fold.ts';
import { foldName } from './fold-name.ts';
import type { Range } from './scope.ts';
import { holdsOpposites, isTautology } from './tautology.ts';
import { type Column, mentions } from './tree.ts';

/** The table whose rows a condition may keep out. */
export interface Target {
  /** Whether a column reference reaches the row of the target, and not one of a subquery's or another table. */
  refers(column: Column): boolean;
  /** Whether it reaches a column of the target that is never NULL. */
  neverNull(column: Column): boolean;
  /** Whether it reaches a column that is a whole unique key: one row at most has any one value. */
  isKey(column: Column): boolean;
  /** Whether it reaches the column of that name of another row of the same table. */
  isTwin(column: Column): boolean;
  /** Whether a name in FROM stands for the target's table. */
  isTable(table: TableName): boolean;
}

/** Whether `where`, or a join that the target's rows have to find a partner by, can keep some of them out. */
export function restrictsRows(a: Analysis, from: FromItem, where: Expression | null, range: Range): boolean {
  const target = targetOf(a, range);
  return restricts(a, where, target) || joinRestricts(a, from, range, target);
}

/**
 * Whether a condition can keep rows of the target out: it refers to a column of the target, and is not true
 * for every row by its form.
 */
export function restricts(a: Analysis, condition: Expression | null, target: Target): boolean {
  if (condition === null) return false;
  const truth = foldTruth(a, condition);
  if (truth !== 'unknown') return truth !== true;
  if (condition.is === 'operator' && condition.operator === 'AND') {
    return condition.operands.some((operand) => restricts(a, operand, target));
  }
  if (condition.is === 'operator' && condition.operator === 'OR') {
    return (
      condition.operands.every((operand) => restricts(a, operand, target)) &&
      !holdsOpposites(a, condition.operands)
    );
  }
  return mentions(condition, (column) => target.refers(column)) && !isTautology(a, condition, target);
}

/** Of an outer join, only the side that may be missing is restricted by the condition. */
function joinRestricts(a: Analysis, from: FromItem, range: Range, target: Target): boolean {
  if (from.is !== 'join') return false;
  const inLeft = holds(a, from.left, range);
  const own = inLeft ? from.left : from.right;
  if (joinRestricts(a, own, range, target)) return true;
  if (from.kind === 'full' || from.kind === (inLeft ? 'left' : 'right')) return false;
  const other = inLeft ? from.right : from.left;
  if (restricts(a, from.on, target)) return true;
  if (from.kind === 'inner' && joinRestricts(a, other, range, target)) return true;
  return from.using !== null && !isSameTable(other, target);
}

function holds(a: Analysis, from: FromItem, range: Range): boolean {
  if (from.is === 'join') return holds(a, from.left, range) || holds(a, from.right, range);
  return from.is === 'table' && a.sameTableName(from.alias ?? from.table.name, range.alias);
}

/** A table joined to itself by its own columns finds every row again. */
function isSameTable(from: FromItem, target: Target): boolean {
  if (from.is === 'join') return isSameTable(from.left, target) || isSameTable(from.right, target);
  return from.is === 'table' && target.isTable(from.table);
}

/** The target of a change, once its condition has been walked with `range` in scope. */
export function targetOf(a: Analysis, range: Range): Target {
  const reached = (column: Column): readonly Range[] => a.reached.get(column)?.ranges ?? [];
  const refers = (column: Column) => reached(column).includes(range);
  const name = range.relation;
  const table = name?.schema == null ? null : a.reading.catalog.table(name.schema, name.name);
  const isOwn = (other: { readonly schema: string | null; readonly name: string } | null) =>
    other !== null && other.schema === name?.schema && other.name === name.name;
  return {
    refers,
    neverNull(column) {
      if (!refers(column)) return false;
      const folded = foldName(column.name);
      return table?.columns.some((own) => foldName(own.name) === folded && !own.nullable) ?? false;
    },
    isKey(column) {
      if (!refers(column)) return false;
      const folded = foldName(column.name);
      return table?.uniqueKeys.some((key) => key.length === 1 && foldName(key[0] ?? '') === folded) ?? false;
    },
    isTwin: (column) => reached(column).some((other) => other !== range && isOwn(other.relation)),
    isTable: (written) => a.candidates(written.schema, written.name).some(isOwn),
  };
}
