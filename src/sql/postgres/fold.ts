/** Folds what needs neither row nor parameter nor function to be known. What it reads counts as looked at. */
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
  if (typeof folded === 'string') return /^(t|true|yes|y|on|1)$/i.test(folded.trim());
  return 'unknown';
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
      const inner = arg === null ? undefined : fold(a, arg);
      if (inner === undefined) return undefined;
      return BOOLEAN_TESTS[text(value.body, 'booltesttype') ?? '']?.(inner);
    }
    default:
      return undefined;
  }
}

const BOOLEAN_TESTS: Readonly<Record<string, (value: Scalar) => boolean>> = {
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
    case 'decimal':
      return Number(constant.text);
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
  if (type === 'bool' || type === 'boolean') {
    if (typeof inner === 'string') return /^(t|true|yes|y|on|1)$/i.test(inner.trim());
    return Boolean(inner);
  }
  if (/^(int[248]|numeric|float[48])$/.test(type) && typeof inner === 'string') {
    const number = Number(inner);
    return Number.isNaN(number) ? undefined : number;
  }
  return inner;
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

function compare(
  operator: string,
  left: number | string | boolean,
  right: number | string | boolean,
): Scalar | undefined {
  if (typeof left === 'number' && typeof right === 'number') {
    switch (operator) {
      case '+':
        return left + right;
      case '-':
        return left - right;
      case '*':
        return left * right;
      default:
        break;
    }
  }
  const [x, y] = typeof left === typeof right ? [left, right] : [Number(left), Number(right)];
  switch (operator) {
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
