/**
 * Folds what needs neither row nor parameter nor function to be known. What it reads counts as looked at.
 *
 * To say that something is false takes certainty, because a filter that is always false restricts and one that
 * only looks false does not: decimals, strings under a collation and types other than integers and booleans are
 * left unknown, which to a filter without columns means the same as true.
 */
import type { JsonObject } from '../../core/json.ts';
import type { Analysis } from './analysis.ts';
import { type AstNode, constantOf, locationOf, names, node, nodes, struct, text } from './ast.ts';

/** True, false, NULL, or not known before it runs. */
export type Truth = true | false | null | 'unknown';

type Scalar = number | string | boolean | null;

export function foldTruth(a: Analysis, value: AstNode): Truth {
  const folded = fold(a, value);
  if (folded === undefined) return 'unknown';
  if (typeof folded === 'boolean' || folded === null) return folded;
  return typeof folded === 'string' ? (booleanOf(folded) ?? 'unknown') : 'unknown';
}

/** A boolean as the server reads one from text: the words may be cut short where they stay distinct. */
function booleanOf(written: string): boolean | undefined {
  const word = written.trim().toLowerCase();
  if (word === '') return undefined;
  if (word === '1' || 'true'.startsWith(word) || 'yes'.startsWith(word) || word === 'on') return true;
  if (word === '0' || 'false'.startsWith(word) || 'no'.startsWith(word)) return false;
  return word === 'of' || word === 'off' ? false : undefined;
}

/** The value of an expression of constants; undefined where it takes a row, a parameter or a function to know. */
function fold(a: Analysis, value: AstNode): Scalar | undefined {
  switch (value.tag) {
    case 'A_Const':
      return foldConstant(a, value.body);
    case 'TypeCast': {
      const arg = node(value.body, 'arg');
      return arg === null ? undefined : foldCast(value.body, fold(a, arg));
    }
    case 'BoolExpr':
      return foldBoolean(a, value.body);
    case 'A_Expr':
      return foldOperator(a, value.body);
    case 'NullTest': {
      const arg = node(value.body, 'arg');
      const inner = arg === null ? undefined : fold(a, arg);
      if (inner === undefined) return undefined;
      return (text(value.body, 'nulltesttype') === 'IS_NULL') === (inner === null);
    }
    case 'BooleanTest': {
      const arg = node(value.body, 'arg');
      const inner = arg === null ? 'unknown' : foldTruth(a, arg);
      if (inner === 'unknown') return undefined;
      return BOOLEAN_TESTS[text(value.body, 'booltesttype') ?? '']?.(inner);
    }
    case 'CoalesceExpr':
      return foldCoalesce(a, nodes(value.body, 'args'));
    default:
      return undefined;
  }
}

function foldCoalesce(a: Analysis, args: readonly AstNode[]): Scalar | undefined {
  for (const arg of args) {
    const value = fold(a, arg);
    if (value !== null) return value;
  }
  return null;
}

const BOOLEAN_TESTS: Readonly<Record<string, (value: boolean | null) => boolean>> = {
  IS_TRUE: (value) => value === true,
  IS_NOT_TRUE: (value) => value !== true,
  IS_FALSE: (value) => value === false,
  IS_NOT_FALSE: (value) => value !== false,
  IS_UNKNOWN: (value) => value === null,
  IS_NOT_UNKNOWN: (value) => value !== null,
};

function foldConstant(a: Analysis, body: JsonObject): Scalar | undefined {
  const constant = constantOf(body);
  if (constant.kind !== 'null') a.lookAt(locationOf(body));
  switch (constant.kind) {
    case 'integer':
    case 'boolean':
      return constant.value;
    case 'decimal': {
      const value = Number(constant.text);
      return Number.isSafeInteger(value) ? value : undefined;
    }
    case 'string':
      return constant.text;
    case 'null':
      return null;
    case 'bits':
      return undefined;
  }
}

function foldCast(body: JsonObject, inner: Scalar | undefined): Scalar | undefined {
  if (inner === undefined || inner === null) return inner;
  const typeName = struct(body, 'typeName');
  const type = typeName === null ? '' : (names(typeName, 'names').at(-1) ?? '');
  if (type === 'bool') return typeof inner === 'string' ? booleanOf(inner) : Boolean(inner);
  if (!/^int[248]$/.test(type) || typeof inner === 'boolean') return undefined;
  return typeof inner === 'string' ? integerOf(inner) : inner;
}

function integerOf(written: string): number | undefined {
  return /^\s*[+-]?\d{1,15}\s*$/.test(written) ? Number(written) : undefined;
}

function foldBoolean(a: Analysis, body: JsonObject): Scalar | undefined {
  const args = nodes(body, 'args').map((arg) => foldTruth(a, arg));
  switch (text(body, 'boolop')) {
    case 'AND_EXPR':
      if (args.includes(false)) return false;
      if (args.includes('unknown')) return undefined;
      return args.includes(null) ? null : true;
    case 'OR_EXPR':
      if (args.includes(true)) return true;
      if (args.includes('unknown')) return undefined;
      return args.includes(null) ? null : false;
    case 'NOT_EXPR': {
      const [only] = args;
      if (only === undefined || only === 'unknown') return undefined;
      return only === null ? null : !only;
    }
    default:
      return undefined;
  }
}

function foldOperator(a: Analysis, body: JsonObject): Scalar | undefined {
  if (text(body, 'kind') !== 'AEXPR_OP') return undefined;
  const leftNode = node(body, 'lexpr');
  const rightNode = node(body, 'rexpr');
  if (leftNode === null || rightNode === null) return undefined;
  // Looked at only where both sides are constants, so that `id = 5` shares a cache entry with `id = 6`.
  if (!isConstant(leftNode) || !isConstant(rightNode)) return undefined;
  const left = fold(a, leftNode);
  const right = fold(a, rightNode);
  if (left === undefined || right === undefined) return undefined;
  if (left === null || right === null) return null;
  return compare(names(body, 'name').at(-1) ?? '', left, right);
}

function isConstant(value: AstNode): boolean {
  switch (value.tag) {
    case 'A_Const':
      return true;
    case 'TypeCast':
    case 'NullTest':
    case 'BooleanTest': {
      const arg = node(value.body, 'arg');
      return arg !== null && isConstant(arg);
    }
    case 'BoolExpr':
      return nodes(value.body, 'args').every(isConstant);
    case 'A_Expr': {
      const left = node(value.body, 'lexpr');
      const right = node(value.body, 'rexpr');
      return (left === null || isConstant(left)) && right !== null && isConstant(right);
    }
    default:
      return false;
  }
}

function compare(operator: string, left: Exact, right: Exact): Scalar | undefined {
  if (typeof left === 'string' && typeof right === 'string') {
    // Equal texts are equal under every collation; different ones may be so too.
    return left !== right ? undefined : operator === '=' ? true : operator === '<>' ? false : undefined;
  }
  const [x, y] = [valueLike(left, right), valueLike(right, left)];
  if (x === undefined || y === undefined) return undefined;
  switch (operator) {
    case '+':
      return exact(x + y);
    case '-':
      return exact(x - y);
    case '*':
      return exact(x * y);
    case '=':
      return x === y;
    case '<>':
      return x !== y;
    case '<':
      return x < y;
    case '<=':
      return x <= y;
    case '>':
      return x > y;
    case '>=':
      return x >= y;
    default:
      return undefined;
  }
}

type Exact = number | string | boolean;

/** The value as a number that compares as the server would compare it with one like `other`. */
function valueLike(value: Exact, other: Exact): number | undefined {
  const read =
    typeof value !== 'string' ? value : typeof other === 'boolean' ? booleanOf(value) : integerOf(value);
  if (read === undefined || (typeof other !== 'string' && typeof read !== typeof other)) return undefined;
  return Number(read);
}

function exact(value: number): number | undefined {
  return Number.isSafeInteger(value) ? value : undefined;
}
