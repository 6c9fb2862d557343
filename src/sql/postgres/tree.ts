/** Questions about whole trees. */
import { isArray, isObject, type Json } from '../../core/json.ts';
import type { Analysis } from './analysis.ts';
import { type AstNode, constantOf, locationOf, nodes, stringOf } from './ast.ts';

/** Whether any column reference in the tree satisfies `test`. */
export function mentions(value: AstNode, test: (ref: AstNode) => boolean): boolean {
  if (value.tag === 'ColumnRef') return test(value);
  return holds(value.body, test);
}

/** The last parts of all column references in the tree. */
export function columnsNamed(value: AstNode): readonly string[] {
  const named: string[] = [];
  mentions(value, (ref) => {
    const last = nodes(ref.body, 'fields').at(-1);
    if (last?.tag === 'String') named.push(stringOf(last));
    return false;
  });
  return named;
}

function holds(part: Json | undefined, test: (ref: AstNode) => boolean): boolean {
  if (isArray(part)) return part.some((item) => holds(item, test));
  if (!isObject(part)) return false;
  const reference = part['ColumnRef'];
  if (isObject(reference)) return test({ tag: 'ColumnRef', body: reference });
  return Object.values(part).some((inner) => holds(inner, test));
}

/** Equal but for where they stand in the text. The constants that are compared count as looked at. */
export function sameTree(a: Analysis, left: Json | undefined, right: Json | undefined): boolean {
  if (isArray(left)) {
    return (
      isArray(right) && left.length === right.length && left.every((item, n) => sameTree(a, item, right[n]))
    );
  }
  if (!isObject(left) || !isObject(right)) return left !== undefined && left === right;
  const leftConstant = left['A_Const'];
  const rightConstant = right['A_Const'];
  if (isObject(leftConstant) && isObject(rightConstant)) {
    a.lookAt(locationOf(leftConstant));
    a.lookAt(locationOf(rightConstant));
    return JSON.stringify(constantOf(leftConstant)) === JSON.stringify(constantOf(rightConstant));
  }
  const keys = Object.keys(left).filter(isMeaning);
  return (
    keys.length === Object.keys(right).filter(isMeaning).length &&
    keys.every((key) => sameTree(a, left[key], right[key]))
  );
}

function isMeaning(key: string): boolean {
  return key !== 'location' && !key.startsWith('list_') && !key.startsWith('rexpr_list_');
}
