/**
 * Whether a WHERE restricts anything. The question is not what the planner would fold but what an attacker could
 * write to look like a filter: `1 = 1`, `id = id`, `true OR x`, `x IS NULL OR x IS NOT NULL`.
 */
import type { Json, JsonObject } from '../../core/json.ts';
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
import { mentions, sameTree } from './tree.ts';

/**
 * Whether a condition can keep rows of the target out: it refers to a column of the target, and is not true
 * for every row by its form. `targets` are the names under which the target's columns can be reached.
 */
export function restricts(
  a: Analysis,
  condition: AstNode | null,
  refersToTarget: (ref: AstNode) => boolean,
): boolean {
  if (condition === null) return false;
  const truth = foldTruth(a, condition);
  if (truth !== 'unknown') return truth !== true;
  if (condition.tag === 'BoolExpr') {
    const args = nodes(condition.body, 'args');
    switch (text(condition.body, 'boolop')) {
      case 'AND_EXPR':
        return args.some((arg) => restricts(a, arg, refersToTarget));
      case 'OR_EXPR':
        return args.every((arg) => restricts(a, arg, refersToTarget)) && !isCoveredTwice(a, args);
      default:
        return mentions(condition, refersToTarget);
    }
  }
  return mentions(condition, refersToTarget) && !isTautology(a, condition);
}

/** `x IS NULL OR x IS NOT NULL`, `x = 1 OR x <> 1`: two branches that together let everything through. */
function isCoveredTwice(a: Analysis, args: readonly AstNode[]): boolean {
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
      sameTree(a, left.body['lexpr'], right.body['lexpr']) &&
      sameTree(a, left.body['rexpr'], right.body['rexpr'])
    );
  }
  if (left.tag === 'BoolExpr' && text(left.body, 'boolop') === 'NOT_EXPR')
    return sameTree(a, negated(left), wrap(right));
  if (right.tag === 'BoolExpr' && text(right.body, 'boolop') === 'NOT_EXPR')
    return sameTree(a, negated(right), wrap(left));
  return false;
}

const OPPOSITES: ReadonlySet<string> = new Set([
  '= <>',
  '<> =',
  '< >=',
  '>= <',
  '> <=',
  '<= >',
  '< >',
  '> <',
]);

function negated(not: AstNode): Json | undefined {
  return items(not.body, 'args')[0];
}

function wrap(value: AstNode): Json {
  return { [value.tag]: value.body };
}

/** True for every row whose columns are not NULL, by form alone: `x = x`, `x IN (x)`, `x LIKE '%'`. */
function isTautology(a: Analysis, condition: AstNode): boolean {
  switch (condition.tag) {
    case 'A_Expr': {
      const { body } = condition;
      const operator = operatorName(body);
      if (['=', '<=', '>='].includes(operator) && sameTree(a, body['lexpr'], body['rexpr'])) return true;
      const kind = text(body, 'kind');
      if (kind === 'AEXPR_IN' || kind === 'AEXPR_OP_ANY')
        return rightSide(body).some((item) => sameTree(a, body['lexpr'], item));
      if (kind === 'AEXPR_LIKE' || kind === 'AEXPR_ILIKE') return isMatchAll(a, body, operator);
      if (kind === 'AEXPR_NOT_DISTINCT') return sameTree(a, body['lexpr'], body['rexpr']);
      return false;
    }
    case 'CoalesceExpr':
      return (
        nodes(condition.body, 'args').some(isTrueConstant) &&
        nodes(condition.body, 'args').every((arg) => isTautology(a, arg) || isTrueConstant(arg))
      );
    case 'SubLink':
      return isSelfSubquery(condition.body);
    default:
      return false;
  }
}

function isTrueConstant(value: AstNode): boolean {
  if (value.tag !== 'A_Const') return false;
  const constant = constantOf(value.body);
  return constant.kind === 'boolean' && constant.value;
}

function isMatchAll(a: Analysis, body: JsonObject, operator: string): boolean {
  const pattern = node(body, 'rexpr');
  if (pattern?.tag !== 'A_Const' || operator.startsWith('!')) return false;
  const constant = constantOf(pattern.body);
  a.lookAt(locationOf(pattern.body));
  return constant.kind === 'string' && /^%+$/.test(constant.text);
}

/** `id IN (SELECT id FROM t)` without a filter, a limit or a join inside: every id is there. */
function isSelfSubquery(body: JsonObject): boolean {
  if (text(body, 'subLinkType') !== 'ANY_SUBLINK') return false;
  const query = node(body, 'subselect');
  if (query?.tag !== 'SelectStmt') return false;
  const inner = query.body;
  const narrowing = [
    'whereClause',
    'limitCount',
    'limitOffset',
    'havingClause',
    'groupClause',
    'valuesLists',
    'larg',
  ];
  if (narrowing.some((field) => inner[field] !== undefined)) return false;
  const from = nodes(inner, 'fromClause');
  const target = nodes(inner, 'targetList');
  const value = target.length === 1 && target[0] !== undefined ? node(target[0].body, 'val') : null;
  const tested = node(body, 'testexpr');
  if (from.length !== 1 || from[0]?.tag !== 'RangeVar' || value === null || tested === null) return false;
  return lastName(value) !== null && lastName(value) === lastName(tested);
}

function lastName(value: AstNode): string | null {
  if (value.tag !== 'ColumnRef') return null;
  const last = nodes(value.body, 'fields').at(-1);
  return last?.tag === 'String' ? stringOf(last) : null;
}

function rightSide(body: JsonObject): readonly Json[] {
  const right = node(body, 'rexpr');
  if (right === null) return [];
  if (right.tag === 'List') return listNodes(right).map(wrap);
  if (right.tag === 'A_ArrayExpr') return nodes(right.body, 'elements').map(wrap);
  return [];
}

function operatorName(body: JsonObject): string {
  return names(body, 'name').at(-1) ?? '';
}
