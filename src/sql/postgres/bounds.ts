/** How many rows a SELECT can give, as far as its own LIMIT or its shape says (DESIGN 3, bounds). */
import type { RowBound } from '../../core/facts.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Analysis } from './analysis.ts';
import {
  type AstNode,
  constantOf,
  flag,
  integer,
  items,
  locationOf,
  names,
  node,
  nodes,
  stringOf,
  struct,
  text,
} from './ast.ts';
import type { Scope } from './scope.ts';

export const UNBOUNDED: RowBound = { kind: 'unbounded' };

/** The bound that LIMIT or FETCH FIRST sets. WITH TIES may return more than it says, so it is none. */
export function boundOf(a: Analysis, body: JsonObject): RowBound {
  const count = node(body, 'limitCount');
  if (count === null) return UNBOUNDED;
  const bound = countOf(a, count);
  return text(body, 'limitOption') === 'LIMIT_OPTION_WITH_TIES' ? UNBOUNDED : bound;
}

/** A plain integer or parameter, with or without an integer cast; everything else could be anything. */
function countOf(a: Analysis, count: AstNode): RowBound {
  switch (count.tag) {
    case 'A_Const': {
      a.lookAt(locationOf(count.body));
      const constant = constantOf(count.body);
      const rows =
        constant.kind === 'integer'
          ? constant.value
          : constant.kind === 'string' && /^\s*\d{1,15}\s*$/.test(constant.text)
            ? Number(constant.text)
            : -1;
      return rows >= 0 ? { kind: 'rows', max: rows } : UNBOUNDED;
    }
    case 'ParamRef': {
      const index = integer(count.body, 'number');
      return index >= 1 ? { kind: 'parameter', index } : UNBOUNDED;
    }
    case 'TypeCast': {
      const type = struct(count.body, 'typeName');
      const inner = node(count.body, 'arg');
      const isInteger =
        type !== null && /^(int[248]|integer|bigint|smallint)$/.test(names(type, 'names').at(-1) ?? '');
      return isInteger && inner !== null ? countOf(a, inner) : UNBOUNDED;
    }
    default:
      return UNBOUNDED;
  }
}

/** One row at most: an aggregate without grouping, or a whole unique key compared with values of one row. */
export function isSingleRow(a: Analysis, body: JsonObject, scope: Scope): boolean {
  const ungrouped = items(body, 'groupClause').length === 0;
  if (ungrouped && items(body, 'distinctClause').length === 0 && everyRowIsAggregated(a, body)) return true;
  const only = onlySource(body);
  if (only?.tag !== 'RangeVar' || isNamedQuery(only.body, scope)) return false;
  return isUniqueLookup(a, only.body, node(body, 'whereClause'));
}

/** What the one query in FROM gives, whose rows can only become fewer. A parameter is one of the statement's own. */
export function sourceBound(a: Analysis, body: JsonObject): RowBound {
  const only = onlySource(body);
  return (only === undefined ? undefined : a.bounds.get(only.body)) ?? UNBOUNDED;
}

/** Several sources multiply, and so do GROUPING SETS, ROLLUP and CUBE: each row may be there once for every set. */
function onlySource(body: JsonObject): AstNode | undefined {
  if (nodes(body, 'groupClause').some(({ tag }) => tag === 'GroupingSet')) return undefined;
  const from = nodes(body, 'fromClause');
  return from.length === 1 ? from[0] : undefined;
}

/** The bound of a set operation without a LIMIT of its own. */
export function combinedBound(op: string | null, left: RowBound, right: RowBound): RowBound {
  switch (op) {
    case 'SETOP_UNION':
      return left.kind === 'rows' && right.kind === 'rows'
        ? { kind: 'rows', max: left.max + right.max }
        : UNBOUNDED;
    case 'SETOP_INTERSECT':
      return left.kind === 'unbounded' ? right : left;
    case 'SETOP_EXCEPT':
      return left;
    default:
      return UNBOUNDED;
  }
}

/** A WITH query hides the table of its name, and has none of its keys. */
function isNamedQuery(rangeVar: JsonObject, scope: Scope): boolean {
  return text(rangeVar, 'schemaname') === null && scope.namedQuery(text(rangeVar, 'relname') ?? '') !== null;
}

/** Whether the target list holds an aggregate, which makes one row of all where nothing is grouped. */
function everyRowIsAggregated(a: Analysis, body: JsonObject): boolean {
  return nodes(body, 'targetList').some((target) => {
    const value = node(target.body, 'val');
    return value !== null && hasAggregate(a, value);
  });
}

function hasAggregate(a: Analysis, value: AstNode): boolean {
  switch (value.tag) {
    case 'FuncCall': {
      if (value.body['over'] !== undefined) return false;
      const path = names(value.body, 'funcname');
      const name = path.at(-1) ?? '';
      const schema = path.length > 1 ? (path.at(-2) ?? '') : 'pg_catalog';
      const own = a.reading.catalog.functionsNamed(name);
      const builtin = a.reading.catalog.builtinFunction(schema, name);
      // A name that may also stand for a plain function does not prove an aggregate.
      const certain = (builtin?.aggregate ?? own.length > 0) && own.every((fn) => fn.aggregate);
      return certain || nodes(value.body, 'args').some((arg) => hasAggregate(a, arg));
    }
    case 'JsonObjectAgg':
    case 'JsonArrayAgg': {
      const over = struct(value.body, 'constructor')?.['over'];
      return over === undefined;
    }
    case 'TypeCast':
    case 'CollateClause':
    case 'NamedArgExpr':
    case 'NullTest':
    case 'A_Indirection': {
      const arg = node(value.body, 'arg');
      return arg !== null && hasAggregate(a, arg);
    }
    case 'A_Expr': {
      const sides = [node(value.body, 'lexpr'), node(value.body, 'rexpr')];
      return sides.some((side) => side !== null && hasAggregate(a, side));
    }
    case 'CoalesceExpr':
    case 'MinMaxExpr':
    case 'BoolExpr':
    case 'RowExpr':
      return nodes(value.body, 'args').some((arg) => hasAggregate(a, arg));
    default:
      return false;
  }
}

/** Whether every column of a unique key of the table is set equal to something that is one value for all rows. */
export function isUniqueLookup(a: Analysis, rangeVar: JsonObject, where: AstNode | null): boolean {
  if (where === null) return false;
  const candidates = a.candidates(text(rangeVar, 'schemaname'), text(rangeVar, 'relname') ?? '');
  const only = candidates.length === 1 ? candidates[0] : undefined;
  const relation = only?.relation ?? null;
  if (relation === null || (flag(rangeVar, 'inh') && a.reading.catalog.childrenOf(relation).length > 0))
    return false;
  const fixed = new Set<string>();
  equalities(a, where, fixed);
  return relation.uniqueKeys.some((key) => key.length > 0 && key.every((column) => fixed.has(column)));
}

function equalities(a: Analysis, condition: AstNode, into: Set<string>): void {
  if (condition.tag === 'BoolExpr' && text(condition.body, 'boolop') === 'AND_EXPR') {
    for (const arg of nodes(condition.body, 'args')) equalities(a, arg, into);
    return;
  }
  if (condition.tag !== 'A_Expr' || text(condition.body, 'kind') !== 'AEXPR_OP') return;
  // `OPERATOR(shop.=)` may be any operator.
  if (!['=', 'pg_catalog.='].includes(names(condition.body, 'name').join('.'))) return;
  const left = node(condition.body, 'lexpr');
  const right = node(condition.body, 'rexpr');
  if (left === null || right === null) return;
  const column = columnName(left) ?? columnName(right);
  const value = columnName(left) === null ? left : right;
  if (column !== null && isOneValue(a, value)) into.add(column);
}

function columnName(value: AstNode): string | null {
  if (value.tag !== 'ColumnRef') return null;
  const last = nodes(value.body, 'fields').at(-1);
  return last?.tag === 'String' ? stringOf(last) : null;
}

/** A constant or parameter, of a built-in type where it is cast: to others, equal may mean alike. */
function isOneValue(a: Analysis, value: AstNode): boolean {
  if (value.tag === 'TypeCast') {
    const arg = node(value.body, 'arg');
    const type = struct(value.body, 'typeName');
    const name = type === null ? '' : (names(type, 'names').at(-1) ?? '');
    return arg !== null && a.reading.catalog.builtins.types.has(name) && isOneValue(a, arg);
  }
  return value.tag === 'A_Const' || value.tag === 'ParamRef';
}
