/**
 * Holds the walk against the tree: every node that reads or runs something must have been visited, and every
 * tag must be known. So a field that a new server version brings, or one that a handler forgot, makes the
 * statement unreadable instead of making it look smaller than it is.
 */
import { isArray, isObject, type Json, type JsonObject } from '../../core/json.ts';
import type { Analysis } from './analysis.ts';
import { Unreadable } from './ast.ts';

/** Nodes with a meaning of their own: none may be passed over. */
const MUST_VISIT: ReadonlySet<string> = new Set([
  'A_Expr',
  'A_Indirection',
  'CaseExpr',
  'ColumnRef',
  'CommonTableExpr',
  'DeleteStmt',
  'FuncCall',
  'InsertStmt',
  'JoinExpr',
  'JsonTable',
  'MergeStmt',
  'MergeWhenClause',
  'RangeFunction',
  'RangeSubselect',
  'RangeTableFunc',
  'RangeTableSample',
  'RangeVar',
  'SelectStmt',
  'SubLink',
  'UpdateStmt',
]);

/** Throws when the tree holds a node that the walk has not been through. */
export function checkComplete(a: Analysis, tree: Json): void {
  if (isArray(tree)) {
    for (const item of tree) checkComplete(a, item);
    return;
  }
  if (!isObject(tree)) return;
  for (const key in tree) {
    const value = tree[key];
    if (value === undefined || typeof value !== 'object' || value === null) continue;
    if (isObject(value) && mustVisit(key, value) && !a.visited.has(value)) {
      throw new Unreadable(`${key} in a place that Sluice does not know`);
    }
    checkComplete(a, value);
  }
}

/** Tagged nodes by tag; untagged structs by the field that gives them away. */
function mustVisit(key: string, value: JsonObject): boolean {
  return (
    MUST_VISIT.has(key) ||
    value['relname'] !== undefined ||
    ((key === 'larg' || key === 'rarg') && value['op'] !== undefined)
  );
}
