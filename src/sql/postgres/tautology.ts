/** Conditions that are true for every row, or for none, by their form alone: `x = x`, `x LIKE '%'`, `NOT (x <> x)`. */
import type { Json, JsonObject } from '../../core/json.ts';
import { OPPOSITES } from '../opposites.ts';
import type { Analysis } from './analysis.ts';
import {
  type AstNode,
  constantOf,
  items,
  listNodes,
  locationOf,
  names,
  node,
  nodes,
  stringOf,
  text,
} from './ast.ts';
import { foldTruth } from './fold.ts';
import type { Target } from './restricts.ts';
import { sameTree } from './tree.ts';

/** True for every row whose columns are not NULL. */
export function isTautology(a: Analysis, condition: AstNode, target: Target): boolean {
  if (foldTruth(a, condition) === true) return true;
  const { tag, body } = condition;
  const always = (inner: AstNode) => isTautology(a, inner, target);
  const never = (inner: AstNode) => isContradiction(a, inner, target);
  switch (tag) {
    case 'BoolExpr': {
      const args = nodes(body, 'args');
      if (text(body, 'boolop') === 'NOT_EXPR') return args.every(never);
      if (text(body, 'boolop') === 'AND_EXPR') return args.every(always);
      return args.some(always) || holdsOpposites(a, args);
    }
    case 'NullTest':
      return text(body, 'nulltesttype') === 'IS_NOT_NULL' && isNeverNull(body, target);
    case 'BooleanTest': {
      const arg = node(body, 'arg');
      const test = text(body, 'booltesttype') ?? '';
      if (arg === null) return false;
      return TRUE_TESTS.has(test) ? always(arg) : FALSE_TESTS.has(test) && never(arg);
    }
    case 'A_Expr':
      return isTautologicalOperator(a, body, target);
    case 'CoalesceExpr': {
      const args = nodes(body, 'args');
      return args.slice(0, 1).some(always) || args.every(always);
    }
    case 'CaseExpr': {
      const results = nodes(body, 'args').map((when) => node(when.body, 'result'));
      return [...results, node(body, 'defresult')].every((result) => result !== null && always(result));
    }
    case 'SubLink':
      return isSelfSubquery(body, target);
    default:
      return false;
  }
}

/** False or NULL for every row whose columns are not NULL. */
export function isContradiction(a: Analysis, condition: AstNode, target: Target): boolean {
  if (foldTruth(a, condition) === false) return true;
  const { tag, body } = condition;
  const never = (inner: AstNode) => isContradiction(a, inner, target);
  switch (tag) {
    case 'BoolExpr': {
      const args = nodes(body, 'args');
      if (text(body, 'boolop') === 'NOT_EXPR') return args.every((arg) => isTautology(a, arg, target));
      if (text(body, 'boolop') === 'OR_EXPR') return args.every(never);
      return args.some(never) || holdsOpposites(a, args);
    }
    case 'NullTest':
      return text(body, 'nulltesttype') === 'IS_NULL' && isNeverNull(body, target);
    case 'A_Expr': {
      const kind = text(body, 'kind');
      const [left, right] = [node(body, 'lexpr'), node(body, 'rexpr')];
      if (kind === 'AEXPR_OP') {
        return ['<>', '<', '>'].includes(operatorName(body)) && isSame(a, left, right, target);
      }
      if (kind === 'AEXPR_DISTINCT') return isSame(a, left, right, target);
      return kind === 'AEXPR_IN' && operatorName(body) === '<>' && isAmongMembers(a, body, target);
    }
    default:
      return false;
  }
}

const TRUE_TESTS: ReadonlySet<string> = new Set(['IS_TRUE', 'IS_NOT_FALSE', 'IS_NOT_UNKNOWN']);
const FALSE_TESTS: ReadonlySet<string> = new Set(['IS_FALSE', 'IS_NOT_TRUE']);

const CONDITIONS: ReadonlySet<string> = new Set(['A_Expr', 'BoolExpr', 'BooleanTest', 'NullTest', 'SubLink']);

function isTautologicalOperator(a: Analysis, body: JsonObject, target: Target): boolean {
  const operator = operatorName(body);
  const [left, right] = [node(body, 'lexpr'), node(body, 'rexpr')];
  switch (text(body, 'kind')) {
    case 'AEXPR_OP': {
      if (['=', '<=', '>='].includes(operator) && isSame(a, left, right, target)) return true;
      if (operator !== '=' || left === null || right === null) return false;
      // The condition first: of `id = 5`, the 5 is not looked at, so that other values share its cache entry.
      const agrees = (side: AstNode, other: AstNode) =>
        CONDITIONS.has(side.tag) && isTautology(a, side, target) && foldTruth(a, other) === true;
      return agrees(left, right) || agrees(right, left);
    }
    case 'AEXPR_IN':
    case 'AEXPR_OP_ANY':
      return operator === '=' && isAmongMembers(a, body, target);
    case 'AEXPR_LIKE':
    case 'AEXPR_ILIKE':
      return isMatchAll(a, body, operator);
    case 'AEXPR_NOT_DISTINCT':
      return isSame(a, left, right, target);
    case 'AEXPR_BETWEEN':
    case 'AEXPR_BETWEEN_SYM':
      return right?.tag === 'List' && listNodes(right).every((bound) => isSame(a, left, bound, target));
    default:
      return false;
  }
}

/** The same expression, or the same column of the target under two of its names. */
function isSame(a: Analysis, left: AstNode | null, right: AstNode | null, target: Target): boolean {
  if (left === null || right === null) return false;
  if (sameTree(a, wrap(left), wrap(right))) return true;
  const name = lastName(left);
  return name !== null && name === lastName(right) && target.refers(left) && target.refers(right);
}

function isAmongMembers(a: Analysis, body: JsonObject, target: Target): boolean {
  const left = node(body, 'lexpr');
  return rightSide(body).some((item) => isSame(a, left, item, target));
}

function isNeverNull(test: JsonObject, target: Target): boolean {
  const arg = node(test, 'arg');
  return arg?.tag === 'ColumnRef' && target.neverNull(arg);
}

/** `x IS NULL OR x IS NOT NULL`, `x = 1 OR x <> 1`: two branches that together let everything through. */
export function holdsOpposites(a: Analysis, args: readonly AstNode[]): boolean {
  return args.some((left, n) => args.slice(n + 1).some((right) => isOpposite(a, left, right)));
}

function isOpposite(a: Analysis, left: AstNode, right: AstNode): boolean {
  if (left.tag === 'NullTest' && right.tag === 'NullTest') {
    return (
      sameTree(a, left.body['arg'], right.body['arg']) &&
      left.body['nulltesttype'] !== right.body['nulltesttype']
    );
  }
  if (left.tag === 'A_Expr' && right.tag === 'A_Expr') {
    const pair = `${operatorName(left.body)} ${operatorName(right.body)}`;
    return (
      OPPOSITES.has(pair) &&
      left.body['kind'] === right.body['kind'] &&
      sameTree(a, left.body['lexpr'], right.body['lexpr']) &&
      sameTree(a, left.body['rexpr'], right.body['rexpr'])
    );
  }
  return isNegation(a, left, right) || isNegation(a, right, left);
}

function isNegation(a: Analysis, not: AstNode, other: AstNode): boolean {
  return (
    not.tag === 'BoolExpr' &&
    text(not.body, 'boolop') === 'NOT_EXPR' &&
    sameTree(a, items(not.body, 'args')[0], wrap(other))
  );
}

function isMatchAll(a: Analysis, body: JsonObject, operator: string): boolean {
  const pattern = node(body, 'rexpr');
  if (pattern?.tag !== 'A_Const' || operator.startsWith('!')) return false;
  const constant = constantOf(pattern.body);
  a.lookAt(locationOf(pattern.body));
  return constant.kind === 'string' && /^%+$/.test(constant.text);
}

/** `id IN (SELECT id FROM t)` on t itself, without a filter, a limit or a join inside: every id is there. */
function isSelfSubquery(body: JsonObject, target: Target): boolean {
  if (text(body, 'subLinkType') !== 'ANY_SUBLINK') return false;
  const query = node(body, 'subselect');
  if (query?.tag !== 'SelectStmt' || NARROWING.some((field) => query.body[field] !== undefined)) return false;
  const from = nodes(query.body, 'fromClause');
  const [only] = nodes(query.body, 'targetList');
  const value = only === undefined ? null : node(only.body, 'val');
  const tested = node(body, 'testexpr');
  if (from.length !== 1 || from[0]?.tag !== 'RangeVar' || value === null || tested === null) return false;
  return target.isTable(from[0].body) && lastName(value) !== null && lastName(value) === lastName(tested);
}

const NARROWING: readonly string[] = [
  'whereClause',
  'limitCount',
  'limitOffset',
  'havingClause',
  'groupClause',
  'valuesLists',
  'larg',
];

function lastName(value: AstNode): string | null {
  if (value.tag !== 'ColumnRef') return null;
  const last = nodes(value.body, 'fields').at(-1);
  return last?.tag === 'String' ? stringOf(last) : null;
}

function rightSide(body: JsonObject): readonly AstNode[] {
  const right = node(body, 'rexpr');
  if (right?.tag === 'List') return listNodes(right);
  return right?.tag === 'A_ArrayExpr' ? nodes(right.body, 'elements') : [];
}

function wrap(value: AstNode): Json {
  return { [value.tag]: value.body };
}

function operatorName(body: JsonObject): string {
  return names(body, 'name').at(-1) ?? '';
}
