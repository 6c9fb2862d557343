import { ALNUM, KIND, LETTER } from './bytes.ts';
import type { Detector } from './detector.ts';

const LOCAL_BYTES_MAX = 64;
const DOMAIN_BYTES_MAX = 253;
const DOT = 0x2e;
const DASH = 0x2d;

const IS_LOCAL = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  if (((KIND[byte] ?? 0) & ALNUM) !== 0 || byte >= 0x80) IS_LOCAL[byte] = 1;
}
// Of the signs that are legal, those that people have in their addresses: `=` and `/` nearly always stand before one.
for (const byte of Buffer.from(".!%'*+-^_~")) IS_LOCAL[byte] = 1;

/** What stands behind a dot in the names of files, and is no top-level domain: `logo@2x.png`. */
const FILE_ENDINGS = new Set(
  'png jpg jpeg gif svg webp ico css scss less js mjs cjs ts jsx tsx json yaml yml toml html htm xml txt log pdf csv zip gz tgz tar jar war exe dll so py rb go rs java kt php sql'
    .split(' ')
    // These are countries as well, where people have addresses.
    .filter((ending) => !['so', 'py', 'rs'].includes(ending))
    .map((ending) => packLetters(Buffer.from(ending), 0, ending.length)),
);
const ENDING_BYTES_MAX = 5;

/** Up to six letters of either case as one small number, since making a string takes longer than all the rest. */
function packLetters(source: Buffer, from: number, to: number): number {
  let packed = 0;
  for (let i = from; i < to; i++) packed = packed * 32 + ((source[i] ?? 0) & 31);
  return packed;
}

/** E-mail addresses with a domain of two labels or more; also with letters beyond ASCII. */
export const emailAddress: Detector = {
  name: 'email',
  summary: 'e-mail addresses',
  triggers: ['at-sign'],
  pairs: [],
  label: null,
  find(source, _floor, start, end, at, _labelled, span) {
    let from = at;
    while (from > start && at - from < LOCAL_BYTES_MAX && IS_LOCAL[source[from - 1] ?? 0] === 1) from--;
    // Quotes, slashes and signs around an address are not its own.
    while (from < at && !startsLocal(source[from] ?? 0)) from++;
    if (from === at || source[at - 1] === DOT) return false;
    const stop = domainEnd(source, at + 1, end);
    if (stop === 0 || isRemote(source, from, at, stop, end)) return false;
    span.start = from;
    span.end = stop;
    return true;
  },
};

function startsLocal(byte: number): boolean {
  return ((KIND[byte] ?? 0) & ALNUM) !== 0 || byte >= 0x80 || byte === 0x5f || byte === 0x2b;
}

/** `git@host:path`, the address of a repository and of nobody. */
function isRemote(source: Buffer, from: number, at: number, stop: number, end: number): boolean {
  return at - from === 3 && stop < end && source[stop] === 0x3a && source.latin1Slice(from, at) === 'git';
}

/** Where the domain ends; 0 where there is none. */
function domainEnd(source: Buffer, at: number, end: number): number {
  let labelStart = at;
  let labels = 0;
  let stop = 0;
  let i = at;
  for (; i <= end && i - at <= DOMAIN_BYTES_MAX; i++) {
    const byte = i < end ? (source[i] ?? 0) : 0;
    const kind = KIND[byte] ?? 0;
    if ((kind & ALNUM) !== 0 || byte >= 0x80 || byte === DASH || byte === 0x5f) continue;
    let labelEnd = i;
    while (labelEnd > labelStart && source[labelEnd - 1] === DASH) labelEnd--;
    if (labelEnd === labelStart || source[labelStart] === DASH) break;
    labels++;
    if (labels >= 2 && isTopLevel(source, labelStart, labelEnd)) stop = labelEnd;
    if (byte !== DOT || labelEnd !== i) break;
    labelStart = i + 1;
  }
  return stop;
}

/** Two letters or more, or a name in punycode. */
function isTopLevel(source: Buffer, from: number, to: number): boolean {
  if (to - from < 2) return false;
  if (
    to - from > 4 &&
    source[from + 3] === DASH &&
    source.latin1Slice(from, from + 4).toLowerCase() === 'xn--'
  )
    return true;
  let ascii = true;
  for (let i = from; i < to; i++) {
    const byte = source[i] ?? 0;
    if (byte >= 0x80) ascii = false;
    else if (((KIND[byte] ?? 0) & LETTER) === 0) return false;
  }
  return !ascii || to - from > ENDING_BYTES_MAX || !FILE_ENDINGS.has(packLetters(source, from, to));
}
