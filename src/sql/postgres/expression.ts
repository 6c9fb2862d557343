/** Walks one expression: what it calls, which columns it uses and where, and which columns its value comes from. */
import type { Place } from '../../core/facts.ts';
import { isObject, type JsonObject } from '../../core/json.ts';
import { NOWHERE, type Origins, presenceOf, union, weaken } from '../origins.ts';
import type { Analysis } from './analysis.ts';
import {
  type AstNode,
  asNode,
  integer,
  listNodes,
  locationOf,
  names,
  node,
  nodes,
  struct,
  text,
  Unreadable,
} from './ast.ts';
import { caseExpression, coalesce, deciding, together } from './choosing.ts';
import { columnReference, indirection } from './columns.ts';
import { castMayFail, failingOperator, specialMayFail } from './fallible.ts';
import { callFunction, operandsOf, useOperator, useType } from './functions.ts';
import { analyzeQuery } from './query.ts';
import { type Scope, wholeOf } from './scope.ts';

/** The origins of an expression's value; its uses are recorded in the analysis under `place`. */
export function expression(a: Analysis, value: AstNode, scope: Scope, place: Place): Origins {
  return a.nested(() => walk(a, value, scope, place));
}

/** The union over an optional expression and a list of them. */
export function expressions(a: Analysis, list: readonly AstNode[], scope: Scope, place: Place): Origins {
  let origins: Origins = NOWHERE;
  for (const item of list) origins = union(origins, expression(a, item, scope, place));
  return origins;
}

export function optional(a: Analysis, body: JsonObject, field: string, scope: Scope, place: Place): Origins {
  const value = node(body, field);
  return value === null ? NOWHERE : expression(a, value, scope, place);
}

function walk(a: Analysis, value: AstNode, scope: Scope, place: Place): Origins {
  const { tag, body } = value;
  a.visited.add(body);
  switch (tag) {
    case 'ColumnRef':
      return columnReference(a, body, scope, place);
    case 'A_Const':
      a.seeConstant(locationOf(body));
      return NOWHERE;
    case 'ParamRef':
      // libpg-query also reads a bare `?` as a parameter, where the server reads an operator.
      if (integer(body, 'number') < 1) throw new Unreadable('a parameter without a number');
      return NOWHERE;
    case 'SQLValueFunction':
    case 'SetToDefault':
    case 'CurrentOfExpr':
    case 'MergeSupportFunc':
    case 'A_Star':
      return NOWHERE;
    case 'TypeCast':
      return typeCast(a, body, scope, place);
    case 'FuncCall':
      return callFunction(a, body, scope, place);
    case 'A_Expr':
      return operatorExpression(a, body, scope, place);
    case 'SelectStmt':
      return wholeOf(analyzeQuery(a, value, scope).shape);
    case 'SubLink':
      return subLink(a, body, scope, place);
    case 'A_Indirection':
      return indirection(a, body, scope, place);
    case 'CaseExpr':
      return branching(a, place, () => caseExpression(a, value, scope, place));
    case 'BoolExpr':
      return branching(a, place, () => together(deciding(a, nodes(body, 'args'), scope, place)));
    case 'CoalesceExpr':
      return branching(a, place, () => coalesce(a, nodes(body, 'args'), scope, place));
    case 'List':
      return expressions(a, listNodes(value), scope, place);
    case 'CollateClause':
    case 'NamedArgExpr':
      return optional(a, body, 'arg', scope, place);
    case 'MultiAssignRef':
      return optional(a, body, 'source', scope, place);
    case 'ResTarget':
      return optional(a, body, 'val', scope, place);
    case 'SortBy':
      return optional(a, body, 'node', scope, place);
    case 'JsonAggConstructor':
      a.uses.addColumns(expressions(a, nodes(body, 'agg_order'), scope, 'order'), place);
      return plain(a, value, scope, place);
    case 'WindowDef':
      return windowDefinition(a, body, scope, place);
    case 'NullTest':
      return nullTest(a, body, scope, place);
    case 'JsonFuncExpr':
      // Its DEFAULT is computed only where it is needed.
      return branching(a, place, () => plain(a, value, scope, place));
    default:
      return plain(a, value, scope, place);
  }
}

function windowDefinition(a: Analysis, body: JsonObject, scope: Scope, place: Place): Origins {
  // The rows come out in the order in which a window has gone through them.
  const parts = expressions(a, nodes(body, 'partitionClause'), scope, 'group');
  const order = expressions(a, nodes(body, 'orderClause'), scope, 'order');
  a.uses.addColumns(union(parts, order), place);
  const frame = union(
    optional(a, body, 'startOffset', scope, place),
    optional(a, body, 'endOffset', scope, place),
  );
  // It may not be negative.
  if (frame === null || frame.length > 0) a.uses.mayFail(frame);
  return weaken(union(union(parts, order), frame), 'computed');
}

function nullTest(a: Analysis, body: JsonObject, scope: Scope, place: Place): Origins {
  const arg = node(body, 'arg');
  const origins = a.revealing('presence', arg, () => {
    const own = arg === null ? NOWHERE : expression(a, arg, scope, place);
    return weaken(arg?.tag === 'ColumnRef' ? presenceOf(own) : own, 'computed');
  });
  return origins;
}

/** Expression nodes that only combine their parts: the fields that hold them, by tag. Others are unreadable. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  NullTest: ['arg'],
  BooleanTest: ['arg'],
  MinMaxExpr: ['args'],
  RowExpr: ['args'],
  A_ArrayExpr: ['elements'],
  A_Indices: ['lidx', 'uidx'],
  GroupingFunc: ['args'],
  GroupingSet: ['content'],
  XmlExpr: ['named_args', 'args'],
  XmlSerialize: ['expr'],
  JsonValueExpr: ['raw_expr'],
  JsonKeyValue: ['key', 'value'],
  JsonObjectConstructor: ['exprs'],
  JsonArrayConstructor: ['exprs'],
  JsonArrayQueryConstructor: ['query'],
  JsonObjectAgg: ['constructor', 'arg'],
  JsonArrayAgg: ['constructor', 'arg'],
  JsonAggConstructor: ['agg_filter', 'agg_order', 'over'],
  JsonIsPredicate: ['expr'],
  JsonParseExpr: ['expr'],
  JsonScalarExpr: ['expr'],
  JsonSerializeExpr: ['expr'],
  JsonFuncExpr: ['context_item', 'pathspec', 'passing', 'on_empty', 'on_error'],
  JsonArgument: ['val'],
  JsonBehavior: ['expr'],
};

/** Fields of PARTS that hold a struct without a tag, and the tag it would have. */
const STRUCTS: Readonly<Record<string, string>> = {
  value: 'JsonValueExpr',
  constructor: 'JsonAggConstructor',
  over: 'WindowDef',
  context_item: 'JsonValueExpr',
  on_empty: 'JsonBehavior',
  on_error: 'JsonBehavior',
};

function plain(a: Analysis, value: AstNode, scope: Scope, place: Place): Origins {
  const parts = PARTS[value.tag];
  if (parts === undefined || !Object.hasOwn(PARTS, value.tag))
    throw new Unreadable(`${value.tag} in an expression`);
  let origins: Origins = NOWHERE;
  for (const field of parts) {
    const part = Object.hasOwn(value.body, field) ? value.body[field] : undefined;
    if (part === undefined) continue;
    const found = Array.isArray(part)
      ? expressions(a, nodes(value.body, field), scope, place)
      : expression(a, partOf(value, field), scope, place);
    origins = union(origins, found);
  }
  if (specialMayFail(value, operandsOf(a, scope))) a.uses.mayFail(origins);
  return weaken(origins, 'computed');
}

/** What rows there are is judged as a comparison already. */
function branching(a: Analysis, place: Place, visit: () => Origins): Origins {
  return place === 'filter' || place === 'join' ? visit() : a.branching(visit);
}

function partOf(value: AstNode, field: string): AstNode {
  const part = value.body[field];
  if (field === 'query') return asNode(part);
  const tag = untaggedTag(value.tag, field);
  if (tag !== null && isObject(part)) return { tag, body: part };
  return asNode(part);
}

function untaggedTag(owner: string, field: string): string | null {
  if (field === 'arg')
    return owner === 'JsonObjectAgg' ? 'JsonKeyValue' : owner === 'JsonArrayAgg' ? 'JsonValueExpr' : null;
  if (field === 'val' && owner === 'JsonArgument') return 'JsonValueExpr';
  if (field === 'expr' && (owner === 'JsonParseExpr' || owner === 'JsonSerializeExpr'))
    return 'JsonValueExpr';
  return STRUCTS[field] ?? null;
}

function operatorExpression(a: Analysis, body: JsonObject, scope: Scope, place: Place): Origins {
  const kind = text(body, 'kind') ?? '';
  if (!kind.startsWith('AEXPR_')) throw new Unreadable(`an operator of kind ${kind}`);
  // For BETWEEN, LIKE and the like the name is the operator behind the syntax, or a word.
  const inside = useOperator(a, names(body, 'name'), place);
  const reveals = isEquality(kind, names(body, 'name').at(-1)) ? 'equality' : 'anything';
  const side = (field: string) =>
    a.revealing(reveals, node(body, field), () => optional(a, body, field, scope, place));
  const { queries } = a;
  const { fallible } = a.uses;
  const left = side('lexpr');
  const right = side('rexpr');
  // Lists, ranges and rows are compared piece by piece, and only as far as it takes.
  const isPiecemeal = /^AEXPR_(IN|.*BETWEEN.*)$/.test(kind) || node(body, 'lexpr')?.tag === 'RowExpr';
  const tells = a.queries > queries || a.uses.fallible > fallible;
  if (isPiecemeal && tells && place !== 'filter' && place !== 'join')
    a.uses.addColumns(union(left, right), 'failure', 'anything');
  const failing = failingOperator(body, operandsOf(a, scope));
  if (failing === 'maybe') a.uses.mayFail(union(left, right));
  else if (failing === 'by-rest' && (right === null || right.length > 0)) a.uses.mayFail(right);
  return weaken(union(union(left, right), inside), 'computed');
}

const EQUALITY_KINDS: ReadonlySet<string> = new Set([
  'AEXPR_OP',
  'AEXPR_OP_ANY',
  'AEXPR_OP_ALL',
  'AEXPR_IN',
  'AEXPR_DISTINCT',
  'AEXPR_NOT_DISTINCT',
]);

/** Whether an operator tells of its operands only whether they are equal. */
function isEquality(kind: string, name: string | undefined): boolean {
  return EQUALITY_KINDS.has(kind) && (name === '=' || name === '<>' || name === '!=');
}

/** A string cast to a name type becomes an identifier, so its value is looked at. */
const NAME_TYPES =
  /^reg(class|proc|procedure|oper|operator|type|role|namespace|config|dictionary|collation)$/;

function typeCast(a: Analysis, body: JsonObject, scope: Scope, place: Place): Origins {
  const typeName = struct(body, 'typeName');
  if (typeName === null) throw new Unreadable('a cast without a type');
  const { name: type, inside } = useType(a, typeName);
  a.uses.addColumns(inside, place);
  const arg = node(body, 'arg');
  if (arg === null) throw new Unreadable('a cast of nothing');
  if (arg.tag === 'A_Const' && NAME_TYPES.test(type)) a.lookAt(locationOf(arg.body));
  const origins = expression(a, arg, scope, place);
  if (arg.tag !== 'A_Const' && arg.tag !== 'ParamRef' && castMayFail(body)) a.uses.mayFail(origins);
  return weaken(union(origins, inside), 'computed');
}

function subLink(a: Analysis, body: JsonObject, scope: Scope, place: Place): Origins {
  const subselect = node(body, 'subselect');
  if (subselect === null) throw new Unreadable('a subquery without a query');
  a.queries++;
  const operated = useOperator(a, names(body, 'operName'), place);
  const test = optional(a, body, 'testexpr', scope, place);
  // The query is gone through until a row of it settles the matter, which tells as whether a query has run does.
  if (place !== 'filter' && place !== 'join') a.uses.addColumns(test, 'failure', 'anything');
  const tested = union(test, operated);
  const { shape } = analyzeQuery(a, subselect, scope);
  const whole = wholeOf(shape);
  const type = text(body, 'subLinkType');
  if (type === 'EXISTS_SUBLINK') {
    // Only whether there is a row comes out; the columns of its list do not matter to the value.
    return NOWHERE;
  }
  a.uses.addColumns(whole, place);
  if (type === 'EXPR_SUBLINK')
    return shape.columns.length === 1 ? (shape.columns[0]?.origins ?? null) : whole;
  return weaken(union(tested, whole), 'computed');
}
