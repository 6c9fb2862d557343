import { ALNUM, DIGIT, KIND, kindAt, runEnd } from './bytes.ts';
import { type Detector, hasContext, type Span } from './detector.ts';

const DIGITS_MIN = 8;
/** E.164: at most 15 digits with the country code. */
const DIGITS_MAX = 15;
const NATIONAL_MIN = 9;
/** With the 0 that is dialled inside a country. */
const TRUNK_MAX = 12;
/** After 00: shorter ones are numbers filled up with zeros. */
const AFTER_ZEROS_MIN = 10;
const GROUPS_MAX = 8;
const PLUS = 0x2b;
const OPEN = 0x28;
const CLOSE = 0x29;
const SPACE = 0x20;
const DASH = 0x2d;
const DOT = 0x2e;
const SLASH = 0x2f;
const ZERO = 0x30;

const CONTEXT = [
  { word: 'phone', anywhere: true },
  { word: 'mobile', anywhere: true },
  { word: 'whatsapp', anywhere: true },
  { word: 'msisdn', anywhere: true },
  { word: 'tel', anywhere: false },
  { word: 'cell', anywhere: false },
  { word: 'fax', anywhere: false },
  { word: 'sms', anywhere: false },
] as const;

const digits = new Uint8Array(DIGITS_MAX + 1);
const ends = new Int32Array(GROUPS_MAX);
const sizes = new Int32Array(GROUPS_MAX);
const separators = new Int32Array(GROUPS_MAX);
let groups = 0;
let count = 0;

/**
 * Telephone numbers: international with `+` or `00`, North American and other national ones in the groups in which
 * people write them; digits without form only where a word before them, or the column's label, says what they are.
 */
export const phone: Detector = {
  name: 'phone',
  summary: 'telephone numbers: E.164, +, 00 and national forms; bare digits after a word such as phone',
  triggers: ['digits', 'plus', 'parenthesis'],
  pairs: [],
  label: /phone|mobile|msisdn|whatsapp|(?:^|[^a-z])(?:tel|cell|fax|sms)(?:$|[^a-z])/i,
  find(source, floor, start, end, at, labelled, span) {
    const byte = source[at];
    if (byte === PLUS) return international(source, floor, start, end, at, at + 1, DIGITS_MIN, span);
    if (byte !== OPEN && plainRun(source, end, at)) {
      // A number that stands alone: only a word can tell what it is.
      const stop = runEnd(source, at, end, DIGIT);
      const size = stop - at;
      if (size < NATIONAL_MIN || size > DIGITS_MAX || (kindAt(source, stop, 0, end) & ALNUM) !== 0)
        return false;
      if (!labelled && !hasContext(source, floor, at, CONTEXT)) return false;
      return fill(span, at, stop);
    }
    if (isLinked(source, floor, at)) return false;
    readGroups(source, at, end);
    if (groups < 2 || (byte === OPEN && source[ends[0] ?? 0] !== CLOSE)) return false;
    if (digits[0] === 0 && digits[1] === 0 && byte !== OPEN)
      return international(source, floor, start, end, at, at + 2, AFTER_ZEROS_MIN, span);
    const stop = nationalEnd(source, floor, at, end, labelled);
    return stop !== 0 && fill(span, at, stop);
  },
};

function fill(span: Span, start: number, end: number): boolean {
  span.start = start;
  span.end = end;
  return true;
}

/** A run of digits that no separator and digit follow. */
function plainRun(source: Buffer, end: number, at: number): boolean {
  const stop = runEnd(source, at, end, DIGIT);
  if (stop >= end || !isSeparator(source[stop] ?? 0)) return true;
  const next = source[stop + 1] ?? 0;
  return stop + 1 >= end || (((KIND[next] ?? 0) & DIGIT) === 0 && next !== OPEN && next !== SPACE);
}

function isSeparator(byte: number): boolean {
  return byte === SPACE || byte === DASH || byte === DOT || byte === SLASH || byte === OPEN || byte === CLOSE;
}

/** Something before the number that makes it part of an id, a path or a longer chain of groups. */
function isLinked(source: Buffer, floor: number, at: number): boolean {
  if (at <= floor) return false;
  const before = source[at - 1] ?? 0;
  if (before === 0x23 || before === 0x24 || before === 0x5f || ((KIND[before] ?? 0) & ALNUM) !== 0)
    return true;
  const beyond = kindAt(source, at - 2, floor, source.length);
  if (before === DASH || before === DOT || before === SLASH) return true;
  return (before === SPACE || before === PLUS) && (beyond & DIGIT) !== 0;
}

/** Reads groups of digits from `at` on, with what separates them, until something else comes. */
function readGroups(source: Buffer, at: number, end: number): void {
  groups = 0;
  count = 0;
  let i = at;
  let opened = 0;
  while (groups < GROUPS_MAX) {
    let separator = 0;
    let width = 0;
    for (; i < end && width < 2 && isSeparator(source[i] ?? 0); i++, width++) {
      const byte = source[i] ?? 0;
      if (byte === OPEN) opened++;
      if (byte === CLOSE) opened--;
      separator = separator === 0 || separator === SPACE ? byte : separator;
    }
    const stop = runEnd(source, i, end, DIGIT);
    if (stop === i || count + stop - i > DIGITS_MAX + 1) return;
    if (groups > 0 && width === 0) return;
    for (let k = i; k < stop; k++) digits[count++] = (source[k] ?? 0) - ZERO;
    if (opened < 0 || opened > 1) return;
    separators[groups] = separator;
    sizes[groups] = stop - i;
    ends[groups] = stop;
    groups++;
    i = stop;
  }
}

/** `first` is where the country code begins. */
function international(
  source: Buffer,
  floor: number,
  start: number,
  end: number,
  at: number,
  first: number,
  digitsMin: number,
  span: Span,
): boolean {
  const before = at > floor ? (source[at - 1] ?? 0) : 0;
  if (((KIND[before] ?? 0) & ALNUM) !== 0 || before === PLUS || at < start) return false;
  readGroups(source, first, end);
  // The longest whole number of groups that makes a number: dates and amounts may follow.
  let total = count;
  for (let last = groups - 1; last >= 0; last--) {
    const stop = ends[last] ?? 0;
    const next = kindAt(source, stop, 0, end);
    if ((next & ALNUM) === 0 && total >= digitsMin && isInternational(total)) return fill(span, at, stop);
    total -= sizes[last] ?? 0;
  }
  return false;
}

/** By the digits read: a country code that exists, and as many digits as a number has there. */
function isInternational(total: number): boolean {
  if (total > DIGITS_MAX || digits[0] === 0) return false;
  if (digits[0] === 1) return total === 11 && isNanp(1);
  if (digits[0] === 7) return total === 11;
  const two = (digits[0] ?? 0) * 10 + (digits[1] ?? 0);
  return two !== 28 && two !== 83 && two !== 89;
}

/** North American numbers (NANP): neither area nor exchange begins with 0 or 1, or is N11. */
function isNanp(from: number): boolean {
  return isNanpCode(from, 8) && isNanpCode(from + 3, 9);
}

function isNanpCode(at: number, secondMax: number): boolean {
  const second = digits[at + 1] ?? 0;
  return (digits[at] ?? 0) >= 2 && second <= secondMax && !(second === 1 && digits[at + 2] === 1);
}

/** Where a national number ends, by the groups read; 0 where they are none. */
function nationalEnd(source: Buffer, floor: number, at: number, end: number, labelled: boolean): number {
  if (count < NATIONAL_MIN) return 0;
  const long = digits[0] === 1 && sizes[0] === 1 ? 1 : 0;
  if (groups >= long + 3 && sizes[long] === 3 && sizes[long + 1] === 3 && sizes[long + 2] === 4) {
    const stop = ends[long + 2] ?? 0;
    if (isNanp(long) && sameSeparators(source, at, long + 1, long + 2) && isFree(source, stop, end))
      return stop;
  }
  const last = ends[groups - 1] ?? 0;
  if (!isFree(source, last, end) || count > DIGITS_MAX) return 0;
  const trunk = digits[0] === 0 && digits[1] !== 0 && count <= TRUNK_MAX && isTrunk(source, at);
  if (trunk) return last;
  // What stands before is asked last: it costs more than all the rest.
  return sizes[0] !== 4 && (labelled || hasContext(source, floor, at, CONTEXT)) ? last : 0;
}

/** `(212) 555-0100` may mix; everything else is written with one separator. */
function sameSeparators(source: Buffer, at: number, first: number, last: number): boolean {
  if (source[at] === OPEN || separators[first] === CLOSE) return true;
  for (let i = first; i <= last; i++) if (separators[i] !== separators[last]) return false;
  return separators[last] !== SLASH;
}

/** Nothing behind it that makes it part of something longer. */
function isFree(source: Buffer, at: number, end: number): boolean {
  if ((kindAt(source, at, 0, end) & ALNUM) !== 0) return false;
  const next = at < end ? (source[at] ?? 0) : 0;
  if (next !== DASH && next !== DOT && next !== SLASH && next !== 0x3a) return true;
  return (kindAt(source, at + 1, 0, end) & ALNUM) === 0;
}

/** With the 0 that is dialled inside a country: groups with spaces, or an area code set off, or five pairs. */
function isTrunk(source: Buffer, at: number): boolean {
  const pairs = groups === 5 && sizes[0] === 2;
  for (let i = 1; i < groups; i++) {
    const size = sizes[i] ?? 0;
    if (size < 2 || size > 8) return false;
    if (pairs && (size !== 2 || separators[i] !== separators[1])) return false;
  }
  if (pairs) return separators[1] !== SLASH;
  const area = sizes[0] ?? 0;
  if (area < 2 || area > 5) return false;
  for (let i = 1; i < groups; i++) {
    const separator = separators[i];
    const setOff = i === 1 && (separator === SLASH || (separator === CLOSE && source[at] === OPEN));
    if (separator !== SPACE && !setOff) return false;
  }
  return true;
}
