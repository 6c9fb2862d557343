/**
 * Whether a WHERE restricts anything. The question is not what the planner would fold but what an attacker could
 * write to look like a filter: `1 = 1`, `id = id`, `true OR x`, `x IS NULL OR x IS NOT NULL`.
 */
import type { RelationName } from '../../core/facts.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Analysis } from './analysis.ts';
import { type AstNode, names, node, nodes, stringOf, text } from './ast.ts';
import type { CatalogColumn } from './catalog.ts';
import { rangesReached, SYSTEM_COLUMNS } from './columns.ts';
import { canBeFalse } from './falsify.ts';
import { foldTruth } from './fold.ts';
import type { Range, Scope } from './scope.ts';
import { holdsOpposites, isTautology } from './tautology.ts';
import { mentions } from './tree.ts';

/** The table whose rows a condition may keep out. */
export interface Target {
  /** Whether a column reference reaches the row of the target, and not one of a subquery's or another table. */
  refers(reference: AstNode): boolean;
  /** Whether it reaches a column of the target that is never NULL. */
  neverNull(reference: AstNode): boolean;
  /** The column that it reaches, of the target's row or of another row of the same table; null: neither. */
  rowColumn(reference: AstNode): CatalogColumn | null;
  /** How much more may be computed to find a row that is kept out; without one, none is. */
  readonly trials: { left: number };
  /** Whether an item of FROM is the target's table, or has all of its rows. */
  isTable(item: JsonObject): boolean;
}

/** Parts of conditions computed on rows that are made up: some ten milliseconds of them. */
const TRIALS_MAX = 10_000;

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
      if (!args.every((arg) => restricts(a, arg, target)) || holdsOpposites(a, args)) return false;
      return args.every((arg) => picks(arg, target)) || canBeFalse(a, condition, target);
    default:
      if (!mentions(condition, (reference) => target.refers(reference))) return false;
      if (isTautology(a, condition, target)) return false;
      return compares(condition, target) || canBeFalse(a, condition, target);
  }
}

/** A column against what no row of the table has a part in: a filter whatever the constants are, which are not looked at. */
function compares(condition: AstNode, target: Target): boolean {
  if (condition.tag === 'CurrentOfExpr') return true;
  if (condition.tag !== 'A_Expr' || !PLAIN_KINDS.has(text(condition.body, 'kind') ?? '')) return false;
  const isOperator = text(condition.body, 'kind') === 'AEXPR_OP';
  if (isOperator && !COMPARISONS.has(names(condition.body, 'name').at(-1) ?? '')) return false;
  const [left, right] = [node(condition.body, 'lexpr'), node(condition.body, 'rexpr')];
  if (left === null || right === null) return false;
  const isFree = (side: AstNode) => !mentions(side, (reference) => target.rowColumn(reference) !== null);
  const isColumn = (side: AstNode) => side.tag === 'ColumnRef' && target.refers(side);
  return (isColumn(left) && isFree(right)) || (isColumn(right) && isFree(left));
}

const PLAIN_KINDS: ReadonlySet<string> = new Set([
  'AEXPR_OP',
  'AEXPR_IN',
  'AEXPR_BETWEEN',
  'AEXPR_LIKE',
  'AEXPR_ILIKE',
]);

const COMPARISONS: ReadonlySet<string> = new Set(['=', '<>', '<', '>', '<=', '>=']);

/** One value of a column, or a few: several such together are a filter still. */
function picks(condition: AstNode, target: Target): boolean {
  if (!compares(condition, target)) return false;
  const kind = text(condition.body, 'kind');
  return (kind === 'AEXPR_OP' || kind === 'AEXPR_IN') && names(condition.body, 'name').at(-1) === '=';
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
    trials: { left: TRIALS_MAX },
    neverNull(reference) {
      const last = nodes(reference.body, 'fields').at(-1);
      if (last?.tag !== 'String' || !refers(reference)) return false;
      const name = stringOf(last);
      if (SYSTEM_COLUMNS.has(name)) return true;
      return relation?.columns.some((column) => column.name === name && column.notNull) ?? false;
    },
    rowColumn(reference) {
      const last = nodes(reference.body, 'fields').at(-1);
      if (last?.tag !== 'String' || relation === null) return null;
      const reached = rangesReached(a, reference);
      for (const other of reached) {
        const name = other.everyRowOf === undefined ? stringOf(last) : originOf(other, stringOf(last));
        const { schema, name: table } = other.everyRowOf ?? other.relation ?? { schema: null, name: null };
        if (other !== range && (table !== relation.name || schema !== relation.schema)) continue;
        return relation.columns.find((column) => column.name === name) ?? null;
      }
      return null;
    },
    isTable(item) {
      const whole = a.everyRowOf.get(item);
      if (whole !== undefined || item['relname'] === undefined)
        return whole?.name === range.relation?.name && whole?.schema === range.relation?.schema;
      const rangeVar = item;
      const candidates = a.candidates(text(rangeVar, 'schemaname'), text(rangeVar, 'relname') ?? '');
      return candidates.some(
        ({ schema, name }) => schema === range.relation?.schema && name === range.relation.name,
      );
    },
  };
}

function originOf(range: Range, name: string): string | null {
  const column = range.columns.find((candidate) => candidate.name === name);
  const [only] = column?.origins ?? [];
  return column?.origins?.length === 1 && only?.how === 'copied' ? only.column : null;
}

/** What leaves rows out, or makes one of several. */
const NARROWING: readonly string[] = [
  'limitCount',
  'limitOffset',
  'havingClause',
  'groupClause',
  'distinctClause',
];

/** The table whose every row a plain SELECT gives; null where it gives fewer, or what is no table's. */
export function tableWithEveryRow(a: Analysis, body: JsonObject, scope: Scope): RelationName | null {
  const from = nodes(body, 'fromClause');
  const [range] = scope.ranges;
  if (from.length !== 1 || scope.ranges.length !== 1 || range === undefined) return null;
  if (from[0]?.tag !== 'RangeVar' && from[0]?.tag !== 'RangeSubselect') return null;
  if (NARROWING.some((field) => body[field] !== undefined)) return null;
  const table = range.everyRowOf ?? range.relation;
  if (table === null || restricts(a, node(body, 'whereClause'), targetOf(a, range))) return null;
  return table;
}
