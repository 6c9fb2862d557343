import { ALNUM, DIGIT, KIND, kindAt } from './bytes.ts';
import type { Detector } from './detector.ts';

/** Lengths by country (SWIFT's IBAN registry). */
const LENGTHS: Readonly<Record<string, number>> = {
  AD: 24,
  AE: 23,
  AL: 28,
  AT: 20,
  AZ: 28,
  BA: 20,
  BE: 16,
  BG: 22,
  BH: 22,
  BI: 27,
  BR: 29,
  BY: 28,
  CH: 21,
  CR: 22,
  CY: 28,
  CZ: 24,
  DE: 22,
  DJ: 27,
  DK: 18,
  DO: 28,
  EE: 20,
  EG: 29,
  ES: 24,
  FI: 18,
  FK: 18,
  FO: 18,
  FR: 27,
  GB: 22,
  GE: 22,
  GI: 23,
  GL: 18,
  GR: 27,
  GT: 28,
  HN: 28,
  HR: 21,
  HU: 28,
  IE: 22,
  IL: 23,
  IQ: 23,
  IS: 26,
  IT: 27,
  JO: 30,
  KW: 30,
  KZ: 20,
  LB: 28,
  LC: 32,
  LI: 21,
  LT: 20,
  LU: 20,
  LV: 21,
  LY: 25,
  MC: 27,
  MD: 24,
  ME: 22,
  MK: 19,
  MN: 20,
  MR: 27,
  MT: 31,
  MU: 30,
  NI: 28,
  NL: 18,
  NO: 15,
  OM: 23,
  PK: 24,
  PL: 28,
  PS: 29,
  PT: 25,
  QA: 29,
  RO: 24,
  RS: 22,
  RU: 33,
  SA: 24,
  SC: 31,
  SD: 18,
  SE: 24,
  SI: 19,
  SK: 24,
  SM: 27,
  SO: 23,
  ST: 25,
  SV: 28,
  TL: 23,
  TN: 24,
  TR: 26,
  UA: 29,
  VA: 22,
  VG: 24,
  XK: 20,
  YE: 30,
};

/** International bank account numbers: the country's length and a correct check (ISO 13616); bare or in groups of four. */
export const iban: Detector = {
  name: 'iban',
  summary: 'bank account numbers: country, length and mod-97 check; bare or in groups of four',
  triggers: ['word'],
  pairs: Object.keys(LENGTHS).flatMap((country) => [country, country.toLowerCase()]),
  label: null,
  find(source, _floor, _start, end, at, _labelled, span) {
    if (((KIND[source[at + 2] ?? 0] ?? 0) & DIGIT) === 0 || at + 15 > end) return false;
    const size = LENGTHS[source.latin1Slice(at, at + 2).toUpperCase()];
    if (size === undefined) return false;
    const stop = positionAfter(source, at, end, size);
    if (stop === 0 || (kindAt(source, stop, 0, end) & ALNUM) !== 0) return false;
    if (remainder(source, at, stop) !== 1) return false;
    span.start = at;
    span.end = stop;
    return true;
  },
};

/** Where `size` characters end, with single spaces or none between groups of four; 0 where there are fewer. */
function positionAfter(source: Buffer, at: number, end: number, size: number): number {
  let count = 0;
  let i = at;
  for (; i < end && count < size; i++) {
    const byte = source[i] ?? 0;
    if (((KIND[byte] ?? 0) & ALNUM) !== 0) {
      if ((count === 2 || count === 3) && ((KIND[byte] ?? 0) & DIGIT) === 0) return 0;
      count++;
    } else if ((byte !== 0x20 && byte !== 0x2d) || count % 4 !== 0 || source[i - 1] === byte) {
      return 0;
    }
  }
  return count === size ? i : 0;
}

/** The number behind the four first characters moved to the end, letters as 10 to 35, modulo 97. */
function remainder(source: Buffer, at: number, stop: number): number {
  const head = foldRange(source, at + 4, stop, 0);
  return foldRange(source, at, at + 4, head);
}

function foldRange(source: Buffer, from: number, to: number, rest: number): number {
  for (let i = from; i < to; i++) {
    const byte = source[i] ?? 0;
    const kind = KIND[byte] ?? 0;
    if ((kind & DIGIT) !== 0) rest = (rest * 10 + byte - 0x30) % 97;
    else if ((kind & ALNUM) !== 0) rest = (rest * 100 + (byte & 0xdf) - 0x37) % 97;
  }
  return rest;
}
