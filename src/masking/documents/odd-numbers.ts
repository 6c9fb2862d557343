/** Numbers of JSON in which no detector would see the digits that they have: `4.1e15`, and numbers that begin with 0. */
import type { JsonDocument } from '../../json/index.ts';
import { Hits } from '../detectors/hits.ts';
import type { Scanner } from '../detectors/scanner.ts';

const NONE = -1;
/** A Social Security number has nine digits, of which a number loses the zeros that it begins with: at most two. */
const SSN_DIGITS = 9;
const SSN_DIGITS_MIN = 7;
const SSN_NAME = /(?:^|[^a-z])ssn|ssn$|social.?sec/i;
/** No detector looks for more. */
const DIGITS_MAX = 19;
const EXPONENTIAL = /^-?(\d+)(?:\.(\d+))?[eE]([+-]?\d{1,4})$/;
const EXPONENTIAL_BYTES_MIN = 4;
const NAME_CHARACTERS_MAX = 64;

export interface OddNumber {
  readonly node: number;
  readonly rule: number;
}

export function oddNumbers(document: JsonDocument, scanner: Scanner): readonly OddNumber[] {
  const found: OddNumber[] = [];
  const names = new Map<number, boolean>();
  for (let node = 0; node < document.count; node++) {
    if (!document.isNumber(node)) continue;
    const digits = digitsOf(document, node, names);
    if (digits === null) continue;
    const name = document.name(node)?.slice(0, NAME_CHARACTERS_MAX) ?? '';
    const context = `"${SSN_NAME.test(name) ? 'ssn' : name}":`;
    const head = Buffer.byteLength(context);
    const bytes = Buffer.from(`${context}${digits}`);
    hits.clear();
    scanner.scan(bytes, 0, head, bytes.length, hits);
    if (hits.count > 0) found.push({ node, rule: hits.rule(0) });
  }
  return found;
}

const hits = new Hits();

/** Null: they are seen as they are written, or there are too many. `names`: whether a name is one of such numbers. */
function digitsOf(document: JsonDocument, node: number, names: Map<number, boolean>): string | null {
  const { source } = document;
  const [start, end] = [document.start(node), document.end(node)];
  const size = end - start;
  if (size >= SSN_DIGITS_MIN && size <= SSN_DIGITS && isDigits(source, start, end)) {
    if (document.nameStart(node) === NONE) return null;
    const hash = document.nameHash(node);
    const known = names.get(hash) ?? SSN_NAME.test(document.name(node) ?? '');
    names.set(hash, known);
    return known ? document.written(node).padStart(SSN_DIGITS, '0') : null;
  }
  if (size < EXPONENTIAL_BYTES_MIN || !hasExponent(source, start, end)) return null;
  const [, whole = '', fraction = '', exponent = ''] = EXPONENTIAL.exec(document.written(node)) ?? [];
  const mantissa = `${whole}${fraction}`;
  const shift = Number(exponent) - fraction.length;
  if (mantissa === '' || Math.abs(shift) > DIGITS_MAX) return null;
  const digits =
    shift >= 0
      ? `${mantissa}${'0'.repeat(shift)}`
      : /^0*$/.test(mantissa.slice(shift))
        ? mantissa.slice(0, shift)
        : '';
  const bare = digits.replace(/^0+/, '');
  return bare === '' || bare.length > DIGITS_MAX ? null : bare;
}

function isDigits(source: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if ((source[at] ?? 0) < 0x30 || (source[at] ?? 0) > 0x39) return false;
  return true;
}

function hasExponent(source: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (((source[at] ?? 0) | 0x20) === 0x65) return true;
  return false;
}
