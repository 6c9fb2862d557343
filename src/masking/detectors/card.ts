import { ALNUM, DIGIT, kindAt, runEnd } from './bytes.ts';
import type { Detector } from './detector.ts';

const DIGITS_MIN = 12;
const DIGITS_MAX = 19;
const DOT = 0x2e;
const ZERO = 0x30;
const digits = new Uint8Array(DIGITS_MAX);

/** The groups in which cards are printed, as the lengths read in a row. */
const GROUPINGS = new Set([4444, 44443, 44442, 44441, 465, 464, 445, 4333, 613]);

/** Card numbers: 12 to 19 digits, bare or in printed groups, of an issuer's range, with a correct check digit. */
export const creditCard: Detector = {
  name: 'credit-card',
  summary: 'payment card numbers: issuer ranges and Luhn check digit; bare or grouped',
  triggers: ['digits'],
  pairs: [],
  label: null,
  find(source, floor, _start, end, at, _labelled, span) {
    const first = runEnd(source, at, end, DIGIT);
    const size = first - at;
    if (size < 4 || size > DIGITS_MAX) return false;
    // The fraction of a number is as random as a card's digits.
    if (source[at - 1] === DOT && (kindAt(source, at - 2, floor, end) & DIGIT) !== 0) return false;
    if (size >= DIGITS_MIN) {
      for (let i = 0; i < size; i++) digits[i] = (source[at + i] ?? 0) - ZERO;
      if (!isCard(size) || !endsHere(source, first, end)) return false;
      span.start = at;
      span.end = first;
      return true;
    }
    if (size !== 4 && size !== 6) return false;
    const found = grouped(source, at, end);
    if (found === 0) return false;
    span.start = at;
    span.end = found;
    return true;
  },
};

/** Nothing that makes it part of something longer; `.00` is what a number column may print. */
function endsHere(source: Buffer, at: number, end: number): boolean {
  const next = kindAt(source, at, 0, end);
  if ((next & ALNUM) !== 0) return false;
  if (at >= end || source[at] !== DOT) return true;
  const fraction = runEnd(source, at + 1, end, DIGIT);
  for (let i = at + 1; i < fraction; i++) if (source[i] !== ZERO) return false;
  return true;
}

/** Where a card in groups that begins at `at` ends, the longest that is one; 0 where there is none. */
function grouped(source: Buffer, at: number, end: number): number {
  let separator = 0;
  let count = 0;
  let grouping = 0;
  let found = 0;
  for (let group = at; ; ) {
    const stop = runEnd(source, group, end, DIGIT);
    const size = stop - group;
    if (size === 0 || count + size > DIGITS_MAX) return found;
    for (let i = group; i < stop; i++) digits[count++] = (source[i] ?? 0) - ZERO;
    grouping = 10 * grouping + Math.min(size, 9);
    const whole = GROUPINGS.has(grouping) && (kindAt(source, stop, 0, end) & ALNUM) === 0;
    if (whole && isCard(count)) found = stop;
    const next = source[stop];
    if (stop >= end || (next !== 0x20 && next !== 0x2d && next !== DOT)) return found;
    if (separator === 0) separator = next;
    if (next !== separator) return found;
    group = stop + 1;
  }
}

function isCard(count: number): boolean {
  return hasIssuer(count) && passesLuhn(count);
}

function passesLuhn(count: number): boolean {
  let sum = 0;
  for (let i = count - 1, double = false; i >= 0; i--, double = !double) {
    const digit = digits[i] ?? 0;
    if (!double) sum += digit;
    else sum += digit > 4 ? digit * 2 - 9 : digit * 2;
  }
  return sum % 10 === 0;
}

/** Issuer ranges as the schemes publish them, with the lengths each uses. */
function hasIssuer(count: number): boolean {
  const two = (digits[0] ?? 0) * 10 + (digits[1] ?? 0);
  const four = two * 100 + (digits[2] ?? 0) * 10 + (digits[3] ?? 0);
  const long = count >= 16;
  switch (digits[0]) {
    case 2:
      // Mastercard; Mir.
      return (count === 16 && four >= 2221 && four <= 2720) || (long && four >= 2200 && four <= 2204);
    case 3:
      if (two === 34 || two === 37) return count === 15;
      // Diners Club; JCB.
      if (two === 36 || two === 38 || two === 39 || (four >= 3000 && four <= 3059) || four === 3095)
        return count === 14 || long;
      return long && four >= 3528 && four <= 3589;
    case 4:
      return count === 13 || count === 16 || count === 19;
    case 5:
      // Mastercard; Maestro; Verve and RuPay.
      if (two >= 51 && two <= 55) return count === 16;
      if (four === 5018 || four === 5020 || four === 5038 || four === 5893) return true;
      return (four >= 5060 && four <= 5061 && long) || (four >= 5078 && four <= 5089 && count === 16);
    case 6:
      // Discover; UnionPay; Maestro; RuPay.
      if (four === 6011 || (four >= 6440 && four <= 6499) || two === 65 || two === 62) return long;
      if (four === 6304 || four === 6759 || (four >= 6761 && four <= 6763)) return true;
      return two === 60 && count === 16;
    case 8:
      return (two === 81 || two === 82) && long;
    case 9:
      return four === 9792 && count === 16;
    default:
      return false;
  }
}
