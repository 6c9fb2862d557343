/** Built-in operators and functions whose values can be told from those of their arguments. */
import type { Scalar } from './sample-row.ts';

/** Undefined where only the server can tell. NULL where an argument is, as all of these are strict. */
export function callKnown(name: string, args: readonly (Scalar | undefined)[]): Scalar | undefined {
  const call = Object.hasOwn(KNOWN, name) ? KNOWN[name] : undefined;
  if (call === undefined) return undefined;
  if (args.includes(null)) return null;
  if (args.includes(undefined)) return undefined;
  const [x, y, z] = args;
  if (call.of === 'numbers') {
    if (typeof x !== 'number' || (y !== undefined && typeof y !== 'number')) return undefined;
    const result = call.run(x, y ?? 0);
    return Number.isFinite(result) ? result : undefined;
  }
  if (typeof x === 'boolean' || x === undefined || x === null) return undefined;
  return call.run(String(x), y ?? undefined, z ?? undefined);
}

type Known =
  | { readonly of: 'numbers'; run(x: number, y: number): number }
  | { readonly of: 'text'; run(x: string, y: Scalar | undefined, z: Scalar | undefined): Scalar | undefined };

const numbers = (run: (x: number, y: number) => number): Known => ({ of: 'numbers', run });
const words = (
  run: (x: string, y: Scalar | undefined, z: Scalar | undefined) => Scalar | undefined,
): Known => ({ of: 'text', run });

const length = words((x) => [...x].length);

/** Integers are divided without a rest. */
function quotient(x: number, y: number): number {
  return Number.isInteger(x) && Number.isInteger(y) ? Math.trunc(x / y) : x / y;
}

function part(x: string, from: Scalar | undefined, count: Scalar | undefined): string | undefined {
  if (typeof from !== 'number') return undefined;
  const end = typeof count === 'number' ? from - 1 + count : x.length;
  return x.slice(Math.max(0, from - 1), Math.max(0, end));
}

const trimmed = (run: (x: string) => string) =>
  words((x, y) => (y === undefined || y === ' ' ? run(x) : y === '' ? x : undefined));

const KNOWN: Readonly<Record<string, Known>> = {
  '+': numbers((x, y) => x + y),
  '-': numbers((x, y) => x - y),
  '*': numbers((x, y) => x * y),
  '/': numbers(quotient),
  '%': numbers((x, y) => x % y),
  mod: numbers((x, y) => x % y),
  '^': numbers((x, y) => x ** y),
  '- ': numbers((x) => -x),
  '+ ': numbers((x) => x),
  abs: numbers((x) => Math.abs(x)),
  '@ ': numbers((x) => Math.abs(x)),
  sign: numbers((x) => Math.sign(x)),
  floor: numbers((x) => Math.floor(x)),
  ceil: numbers((x) => Math.ceil(x)),
  ceiling: numbers((x) => Math.ceil(x)),
  round: numbers((x, y) => Math.round(x * 10 ** y) / 10 ** y),
  trunc: numbers((x, y) => Math.trunc(x * 10 ** y) / 10 ** y),
  '||': words((x, y) => (y === undefined || typeof y === 'boolean' ? undefined : `${x}${y}`)),
  concat: words((x, y, z) => `${x}${y ?? ''}${z ?? ''}`),
  length,
  char_length: length,
  character_length: length,
  octet_length: words((x) => Buffer.byteLength(x)),
  lower: words((x) => x.toLowerCase()),
  upper: words((x) => x.toUpperCase()),
  reverse: words((x) => [...x].reverse().join('')),
  btrim: trimmed((x) => x.replace(/^ +| +$/g, '')),
  ltrim: trimmed((x) => x.replace(/^ +/, '')),
  rtrim: trimmed((x) => x.replace(/ +$/, '')),
  left: words((x, y) => (typeof y === 'number' ? x.slice(0, y) : undefined)),
  right: words((x, y) => (typeof y === 'number' ? (y === 0 ? '' : x.slice(-y)) : undefined)),
  substr: words(part),
  substring: words(part),
  replace: words((x, y, z) =>
    typeof y === 'string' && typeof z === 'string' && y !== '' ? x.replaceAll(y, z) : x,
  ),
  repeat: words((x, y) => (typeof y === 'number' && y <= 100 ? x.repeat(Math.max(0, y)) : undefined)),
  similar_to_escape: words((x) => (/^%+$/.test(x) ? '^.*$' : undefined)),
  strpos: words((x, y) => x.indexOf(String(y)) + 1),
  position: words((x, y) => x.indexOf(String(y)) + 1),
  ascii: words((x) => x.codePointAt(0) ?? 0),
};
