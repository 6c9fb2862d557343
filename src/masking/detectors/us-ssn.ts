import { ALNUM, DIGIT, kindAt, runEnd } from './bytes.ts';
import { type Detector, hasContext } from './detector.ts';

const CONTEXT = [
  { word: 'ssn', anywhere: false },
  { word: 'social security', anywhere: true },
  { word: 'social_security', anywhere: true },
  { word: 'socialsecurity', anywhere: true },
] as const;
const SIZE = 11;

/** US Social Security numbers by the SSA's rules: 123-45-6789; nine bare digits only where a word says what they are. */
export const usSsn: Detector = {
  name: 'us-ssn',
  summary: 'US Social Security numbers: 123-45-6789, 123 45 6789; 123456789 after a word such as SSN',
  triggers: ['digits'],
  pairs: [],
  label: /(?:^|[^a-z])ssn|social.?sec/i,
  find(source, floor, _start, end, at, labelled, span) {
    const run = runEnd(source, at, end, DIGIT) - at;
    if (run === 3) {
      const separator = source[at + 3];
      if ((separator !== 0x2d && separator !== 0x20) || source[at + 6] !== separator) return false;
      if (runEnd(source, at + 4, end, DIGIT) !== at + 6) return false;
      if (runEnd(source, at + 7, end, DIGIT) !== at + SIZE) return false;
      if (isPartOfMore(source, floor, end, at, separator)) return false;
      if (!isIssued(source, at, at + 4, at + 7)) return false;
      span.start = at;
      span.end = at + SIZE;
      return true;
    }
    if (run !== 9 || (kindAt(source, at + 9, 0, end) & ALNUM) !== 0) return false;
    if (!isIssued(source, at, at + 3, at + 5)) return false;
    if (!labelled && !hasContext(source, floor, at, CONTEXT)) return false;
    span.start = at;
    span.end = at + 9;
    return true;
  },
};

/** A longer chain of groups, such as an order number or a uuid. */
function isPartOfMore(source: Buffer, floor: number, end: number, at: number, separator: number): boolean {
  const after = at + SIZE;
  if ((kindAt(source, after, 0, end) & ALNUM) !== 0) return true;
  if (source[after] === 0x2d && (kindAt(source, after + 1, 0, end) & ALNUM) !== 0 && after < end) return true;
  const before = source[at - 1];
  if (at <= floor) return false;
  const linked = before === 0x2d || before === 0x2e || before === 0x23 || before === 0x2f;
  if (linked) return (kindAt(source, at - 2, floor, end) & ALNUM) !== 0 || before === 0x23;
  return before === separator && (kindAt(source, at - 2, floor, end) & DIGIT) !== 0;
}

/** Area, group and serial numbers that are never given out: 000, 666 and 900 to 999; 00; 0000. */
function isIssued(source: Buffer, area: number, group: number, serial: number): boolean {
  const areaNumber = numberAt(source, area, 3);
  if (areaNumber === 0 || areaNumber === 666 || areaNumber >= 900) return false;
  return numberAt(source, group, 2) !== 0 && numberAt(source, serial, 4) !== 0;
}

function numberAt(source: Buffer, at: number, size: number): number {
  let value = 0;
  for (let i = 0; i < size; i++) value = value * 10 + (source[at + i] ?? 0) - 0x30;
  return value;
}
