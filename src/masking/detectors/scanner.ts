/**
 * One pass over bytes for all detectors at once. Each byte costs a look-up; a detector is asked only where a number, a
 * word, or a sign begins that one of its values could begin with.
 */
import { ALNUM, DIGIT, HEX, KIND } from './bytes.ts';
import type { CustomPattern } from './custom.ts';
import type { Detector, Span, Trigger } from './detector.ts';
import { FOLDING_BYTES, FoldedText, foldsUntil } from './folding.ts';
import { Hits } from './hits.ts';

export interface ScannedDetector {
  readonly detector: Detector;
  /** What a hit is reported with: the number of the rule that names the detector. */
  readonly rule: number;
}

export interface ScannedPattern {
  readonly pattern: CustomPattern;
  readonly rule: number;
}

const SIGNS: Readonly<Record<number, Trigger>> = {
  64: 'at-sign',
  58: 'colon',
  43: 'plus',
  40: 'parenthesis',
  45: 'dashes',
};
const DASH = 0x2d;
const COLON = 0x3a;
/** Bytes between two groups of one number. */
const GAP_MAX = 2;
const ALPHANUMERIC = 1;
const SIGN = 2;
/** It may be read as something else. */
const FOLDING = 3;
/** No value that is read in another way is longer, on either side of the first such character. */
const AROUND_BYTES = 128;
/** So much is folded at a time: what is folded takes ten times as much. */
const FOLDED_BYTES = 32 * 1024;
/** What is read as context before it. */
const CONTEXT_BYTES = 64;

/** Who is asked when; made once for a set of detectors, whatever the columns are that they look at. */
export class ScanTables {
  readonly detectors: readonly ScannedDetector[];
  readonly custom: readonly ScannedPattern[];
  readonly digits: readonly number[];
  readonly words: readonly number[];
  /** By byte, as `digits` and `words`: the numbers of the detectors to ask. */
  readonly signs: readonly (readonly number[])[];
  /** By byte: nothing, a letter or digit, or a sign that somebody wants to see. */
  readonly classes = new Uint8Array(256);
  /** By the two first bytes of a word: whether a value could begin so. */
  readonly pairs = new Uint8Array(65_536);

  constructor(detectors: readonly ScannedDetector[], custom: readonly ScannedPattern[]) {
    const asked = (trigger: Trigger): readonly number[] =>
      detectors.flatMap(({ detector }, i) => (detector.triggers.includes(trigger) ? [i] : []));
    this.detectors = detectors;
    this.custom = custom;
    this.digits = asked('digits');
    this.words = asked('word');
    this.signs = Array.from({ length: 256 }, (_, byte) => {
      const trigger = SIGNS[byte];
      return trigger === undefined ? [] : asked(trigger);
    });
    for (let byte = 0; byte < 256; byte++) {
      if (((KIND[byte] ?? 0) & ALNUM) !== 0) this.classes[byte] = ALPHANUMERIC;
      else if ((this.signs[byte]?.length ?? 0) > 0) this.classes[byte] = SIGN;
    }
    for (const byte of FOLDING_BYTES) this.classes[byte] = FOLDING;
    for (const { detector } of detectors) {
      for (const pair of detector.pairs) this.pairs[(pair.charCodeAt(0) << 8) | pair.charCodeAt(1)] = 1;
    }
  }
}

/** Digits that are something: nine of a Social Security number, and more; or the four numbers of an address. */
const DIGITS_MIN = 9;
const DOTS_MIN = 3;

/** Most numbers, amounts and dates are short, with what is linked to them: nobody is asked about those. */
function isPlainNumber(source: Buffer, at: number, end: number): boolean {
  let digits = 0;
  let dots = 0;
  for (let gap = 0; at < end; at++) {
    const byte = source[at] ?? 0;
    if (byte >= 0x30 && byte <= 0x39) {
      if (++digits >= DIGITS_MIN) return false;
      gap = 0;
      continue;
    }
    // Blanks, brackets, dots, dashes and slashes are what groups of digits are written with.
    if (byte === 0x2e) {
      if (++dots >= DOTS_MIN) return false;
    } else if (byte !== 0x20 && byte !== 0x2d && byte !== 0x2f && byte !== 0x28 && byte !== 0x29) return true;
    if (++gap > GAP_MAX) return true;
  }
  return true;
}

export class Scanner {
  readonly #tables: ScanTables;
  readonly #labelled: readonly boolean[];
  readonly #span: Span = { start: 0, end: 0 };
  readonly #folded = new FoldedText();
  readonly #inFolded = new Hits();
  readonly #found = new Hits();

  /** `label`: what the column is called in the result; null where nothing is known. */
  constructor(tables: ScanTables, label: string | null) {
    this.#tables = tables;
    this.#labelled = tables.detectors.map(
      ({ detector }) => label !== null && detector.label?.test(label) === true,
    );
  }

  /** Adds what is found in [start, end) to `hits`, which has to be empty. Bytes from `floor` on are read as context. */
  scan(source: Buffer, floor: number, start: number, end: number, hits: Hits): void {
    const folding = this.#scanAsWritten(source, floor, start, end, hits);
    if (folding >= 0) this.#scanFolded(source, floor, start, end, folding, hits);
  }

  /** Around each character that people read as another one: the text as they read it. `first`: where one may be. */
  #scanFolded(source: Buffer, floor: number, start: number, end: number, first: number, hits: Hits): void {
    const { classes } = this.#tables;
    const found = this.#found;
    found.clear();
    for (let at = first; at < end; at++) {
      if (classes[source[at] ?? 0] !== FOLDING) continue;
      let until = foldsUntil(source, at, end);
      if (until === 0) continue;
      const from = characterStart(source, Math.max(start, found.lastEnd, at - AROUND_BYTES));
      let to = Math.min(end, until + AROUND_BYTES);
      // As far as one such character is near the next.
      for (let next = until; next < to && next - from < FOLDED_BYTES; next++) {
        if (classes[source[next] ?? 0] !== FOLDING) continue;
        until = foldsUntil(source, next, end);
        if (until === 0) continue;
        to = Math.min(end, until + AROUND_BYTES);
        next = until - 1;
      }
      while (to < end && classes[source[to] ?? 0] === ALPHANUMERIC) to++;
      this.#lookAround(
        source,
        characterStart(source, Math.max(floor, from - CONTEXT_BYTES)),
        from,
        to,
        found,
      );
      at = to - 1;
    }
    hits.merge(found);
  }

  #lookAround(source: Buffer, floor: number, start: number, end: number, found: Hits): void {
    const folded = this.#folded;
    const inFolded = this.#inFolded;
    folded.fold(source, floor, start, end);
    inFolded.clear();
    this.#scanAsWritten(folded.bytes, 0, folded.start, folded.end, inFolded);
    const { places } = folded;
    for (let i = 0; i < inFolded.count; i++)
      found.add(places[inFolded.start(i)] ?? start, places[inFolded.end(i)] ?? end, inFolded.rule(i));
  }

  /** Where the first character stands that may be read as another one; -1 where none does. */
  #scanAsWritten(source: Buffer, floor: number, start: number, end: number, hits: Hits): number {
    const { classes, pairs, digits, words, signs, custom } = this.#tables;
    const begin = start;
    let folding = -1;
    let inWord = start > floor && classes[source[start - 1] ?? 0] === ALPHANUMERIC;
    for (let at = start; at < end; ) {
      const byte = source[at] ?? 0;
      const kind = classes[byte];
      if (kind === 0) {
        inWord = false;
        at++;
        continue;
      }
      let list: readonly number[] | null = null;
      if (kind === ALPHANUMERIC) {
        if (!inWord) {
          if (((KIND[byte] ?? 0) & DIGIT) !== 0) list = isPlainNumber(source, at, end) ? null : digits;
          else if (pairs[(byte << 8) | (source[at + 1] ?? 0)] === 1) list = words;
        }
        inWord = true;
      } else {
        inWord = false;
        if (kind === FOLDING && folding < 0) folding = at;
        if (byte === DASH ? source[at + 1] === DASH : byte !== COLON || mayBeAddress(source, at, start))
          list = signs[byte] ?? null;
      }
      const stop = list === null ? 0 : this.#ask(list, source, floor, start, end, at, hits);
      if (stop === 0) {
        at++;
        // The rest of a word can only end it: read in a loop of its own, which is most of the time spent here.
        if (inWord) while (at < end && classes[source[at] ?? 0] === ALPHANUMERIC) at++;
      } else {
        at = stop;
        start = stop;
        inWord = false;
      }
    }
    for (const { pattern, rule } of custom) pattern.scan(source, begin, end, rule, hits);
    return folding;
  }

  /** Where the scan goes on behind what was found; 0 where nothing was. */
  #ask(
    list: readonly number[],
    source: Buffer,
    floor: number,
    start: number,
    end: number,
    at: number,
    hits: Hits,
  ): number {
    const span = this.#span;
    for (let i = 0; i < list.length; i++) {
      const index = list[i] ?? 0;
      const asked = this.#tables.detectors[index];
      const labelled = this.#labelled[index] === true;
      if (asked?.detector.find(source, floor, start, end, at, labelled, span) === true) {
        hits.add(span.start, span.end, asked.rule);
        return span.end;
      }
    }
    return 0;
  }
}

function characterStart(source: Buffer, at: number): number {
  while (at > 0 && ((source[at] ?? 0) & 0xc0) === 0x80) at--;
  return at;
}

/** The first colon of an IPv6 address stands behind a hexadecimal digit, or before another colon. */
function mayBeAddress(source: Buffer, colon: number, start: number): boolean {
  if (source[colon + 1] === COLON) return true;
  return colon > start && ((KIND[source[colon - 1] ?? 0] ?? 0) & HEX) !== 0;
}
