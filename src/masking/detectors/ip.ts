import { ALNUM, DIGIT, HEX, kindAt, runEnd } from './bytes.ts';
import { type Detector, hasContext } from './detector.ts';

const DOT = 0x2e;
const COLON = 0x3a;
/** Four numbers with dots are as often a version. */
const VERSION_WORDS = [
  { word: 'version', anywhere: true },
  { word: 'release', anywhere: false },
  { word: 'ver', anywhere: false },
  { word: 'build', anywhere: false },
  { word: 'v', anywhere: false },
] as const;

/** Addresses of hosts: IPv4 in four decimal octets, IPv6 in full or with one `::`. */
export const ipAddress: Detector = {
  name: 'ip',
  summary: 'IPv4 and IPv6 addresses',
  triggers: ['digits', 'colon'],
  pairs: [],
  label: null,
  find(source, floor, start, end, at, _labelled, span) {
    if (source[at] === COLON) return findV6(source, start, end, at, span);
    const stop = v4End(source, at, end);
    if (stop === 0) return false;
    const before = at > floor ? source[at - 1] : 0;
    if (before === DOT || (kindAt(source, stop, 0, end) & ALNUM) !== 0) return false;
    if (stop + 1 < end && source[stop] === DOT && (kindAt(source, stop + 1, 0, end) & ALNUM) !== 0)
      return false;
    if (before === 0x2d && (kindAt(source, at - 2, floor, end) & ALNUM) !== 0) return false;
    if (before === 0x2f && isProduct(source, floor, at, stop)) return false;
    if (hasContext(source, floor, at, VERSION_WORDS)) return false;
    span.start = at;
    span.end = stop;
    return true;
  },
};

/** `Chrome/120.0.0.0`: browsers print their versions so. */
function isProduct(source: Buffer, floor: number, at: number, stop: number): boolean {
  const named = (kindAt(source, at - 2, floor, stop) & ALNUM) !== 0;
  return named && source.latin1Slice(stop - 4, stop) === '.0.0';
}

function v4End(source: Buffer, at: number, end: number): number {
  for (let octet = 0; ; octet++) {
    const stop = runEnd(source, at, end, DIGIT);
    const size = stop - at;
    if (size < 1 || size > 3 || (size > 1 && source[at] === 0x30)) return 0;
    let value = 0;
    for (let i = at; i < stop; i++) value = value * 10 + (source[i] ?? 0) - 0x30;
    if (value > 255 || (octet === 0 && value === 0)) return 0;
    if (octet === 3) return stop;
    if (stop >= end || source[stop] !== DOT) return 0;
    at = stop + 1;
  }
}

/** Asked at each colon; only the first of an address looks. */
function findV6(
  source: Buffer,
  start: number,
  end: number,
  colon: number,
  span: { start: number; end: number },
): boolean {
  let at = colon;
  while (at > start && colon - at < 4 && (kindAt(source, at - 1, start, end) & HEX) !== 0) at--;
  const before = kindAt(source, at - 1, start, end);
  if ((before & ALNUM) !== 0 || (at > start && (source[at - 1] === COLON || source[at - 1] === DOT)))
    return false;
  if (at === colon && (colon + 1 >= end || source[colon + 1] !== COLON)) return false;
  const stop = v6End(source, at, end);
  if (stop === 0 || (kindAt(source, stop, 0, end) & ALNUM) !== 0) return false;
  if (stop < end && source[stop] === COLON && (kindAt(source, stop + 1, 0, end) & ALNUM) !== 0) return false;
  span.start = at;
  span.end = stop;
  return true;
}

function v6End(source: Buffer, at: number, end: number): number {
  let groups = 0;
  let gap = false;
  let digit = false;
  let wide = false;
  let stop = 0;
  for (let i = at; i < end && groups < 8; ) {
    const run = runEnd(source, i, end, HEX);
    if (run > i) {
      // The last 32 bits may be written as IPv4.
      if (groups > 0 && source[run] === DOT && groups <= 6) {
        const v4 = v4End(source, i, end);
        return v4 !== 0 && (gap || groups === 6) ? v4 : 0;
      }
      if (run - i > 4) return 0;
      if (run - i >= 3) wide = true;
      for (let k = i; k < run; k++) if ((kindAt(source, k, 0, end) & DIGIT) !== 0) digit = true;
      groups++;
      stop = run;
      i = run;
    }
    if (i >= end || source[i] !== COLON) break;
    if (i + 1 < end && source[i + 1] === COLON) {
      if (gap) return 0;
      gap = true;
      i += 2;
      stop = i;
    } else if (run === i && groups < 8 && (kindAt(source, i + 1, 0, end) & HEX) !== 0 && groups > 0) {
      i++;
    } else {
      break;
    }
  }
  if (groups === 8 && !gap) return stop;
  if (!gap || groups === 0 || groups > 7) return 0;
  // `a::b` is a name or a cast in many languages.
  return (digit && (wide || groups >= 3 || source[at] === COLON)) || (groups >= 3 && wide) ? stop : 0;
}
