/** Values on a trial row: what they are, where that is known, and which columns of the row they are made of. */
import type { JsonObject } from '../../core/json.ts';
import { type AstNode, constantOf } from './ast.ts';
import type { Scalar } from './sample-row.ts';

/** `known` undefined: only the server can tell. `columns`: those of the row that it is made of. */
export interface Value {
  readonly known: Scalar | undefined;
  readonly key: string;
  readonly columns: ReadonlySet<string>;
}

export const NO_COLUMNS: ReadonlySet<string> = new Set();
export type Truth = boolean | null | undefined;

export function truthOf({ known }: Value): Truth {
  if (known === undefined || known === null || typeof known === 'boolean') return known;
  if (typeof known !== 'string') return undefined;
  return /^(t|true|y|yes|on|1)$/i.test(known)
    ? true
    : /^(f|false|n|no|off|0)$/i.test(known)
      ? false
      : undefined;
}

export function sharesColumns(left: Value | undefined, right: Value | undefined): boolean {
  if (left === undefined || right === undefined) return false;
  return [...left.columns].some((column) => right.columns.has(column));
}

export function made(known: Scalar | undefined, key: string, parts: readonly Value[]): Value {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return { known, key, columns: only.columns };
  const columns = new Set<string>();
  for (const part of parts) for (const column of part.columns) columns.add(column);
  return { known, key, columns };
}

export function constantScalar(body: JsonObject): Scalar | undefined {
  const constant = constantOf(body);
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
    default:
      return undefined;
  }
}

/** A literal takes the type of what it is compared with. */
export function alike(
  left: Exclude<Scalar, null>,
  right: Exclude<Scalar, null>,
): [Comparable | undefined, Comparable | undefined] {
  if (typeof left === typeof right) return [left, right];
  if (typeof left === 'string') return [convert(left, right), right];
  return typeof right === 'string' ? [left, convert(right, left)] : [undefined, undefined];
}

export type Comparable = Exclude<Scalar, null>;

export function convert(literal: string, like: Comparable): Comparable | undefined {
  if (typeof like === 'number')
    return literal.trim() === '' || Number.isNaN(Number(literal)) ? undefined : Number(literal);
  return truthOf({ known: literal, key: '', columns: NO_COLUMNS }) ?? undefined;
}

export const COMPARES: ReadonlyMap<string, (order: number) => boolean> = new Map([
  ['=', (order: number) => order === 0],
  ['<>', (order: number) => order !== 0],
  ['<', (order: number) => order < 0],
  ['>', (order: number) => order > 0],
  ['<=', (order: number) => order <= 0],
  ['>=', (order: number) => order >= 0],
]);

/** Operators that are true or false; others give values. */
export const PREDICATES = /^(!?~~?\*?|@>|<@|&&|\?[|&]?|@@|@\?|\^@|<<|>>|-\|-)$/;

export function every(truths: readonly Truth[]): Truth {
  if (truths.includes(false)) return false;
  return truths.includes(undefined) ? undefined : truths.includes(null) ? null : true;
}

export function some(truths: readonly Truth[]): Truth {
  return not(every(truths.map(not)));
}

export function not(truth: Truth): Truth {
  return typeof truth === 'boolean' ? !truth : truth;
}

export function keyOf({ tag, body }: AstNode): string {
  return `${tag} ${JSON.stringify(body, (name, inner) => (name === 'location' ? undefined : inner))}`;
}
