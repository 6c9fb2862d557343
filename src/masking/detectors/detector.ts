/** What a detector found: the bytes to mask. Filled in by `find`; valid until the next call. */
export interface Span {
  start: number;
  end: number;
}

/** What makes the scanner ask a detector; it asks nobody else, which is what makes it fast. */
export type Trigger =
  /** The first digit of a run that no letter or digit stands before. */
  | 'digits'
  /** The first letter of a word; only words that begin with one of the detector's `pairs`. */
  | 'word'
  | 'at-sign'
  | 'colon'
  | 'plus'
  | 'parenthesis'
  /** `--`. */
  | 'dashes';

/** Finds one kind of value in bytes. Pure and without state; written without regular expressions. */
export interface Detector {
  readonly name: string;
  /** One line for the docs table. */
  readonly summary: string;
  readonly triggers: readonly Trigger[];
  /** For `word`: the first two bytes, as latin1, that a value can begin with. */
  readonly pairs: readonly string[];
  /** A column whose label matches names what is in it, which stands in for context in the value. */
  readonly label: RegExp | null;
  /**
   * Looks at the trigger at `at`. [start, end) is what may be masked; bytes from `floor` on may be read for context.
   * `labelled`: the column's label matches.
   */
  find(
    source: Buffer,
    floor: number,
    start: number,
    end: number,
    at: number,
    labelled: boolean,
    span: Span,
  ): boolean;
}

/** How far back a word may stand that says what a number is. */
const CONTEXT_BYTES = 28;

export interface ContextWord {
  readonly word: string;
  /** Part of a longer word is enough: `homephone`. Else letters may not stand beside it. */
  readonly anywhere: boolean;
}

/** Whether one of the words (lower case) stands shortly before `at`, with no other number between. */
export function hasContext(
  source: Buffer,
  floor: number,
  at: number,
  words: readonly ContextWord[],
): boolean {
  let from = Math.max(floor, at - CONTEXT_BYTES);
  for (let i = at - 1; i >= from; i--) {
    const byte = source[i] ?? 0;
    if (byte >= 0x30 && byte <= 0x39) {
      from = i + 1;
      break;
    }
  }
  if (at - from < 3) return false;
  const text = source.latin1Slice(from, at).toLowerCase();
  for (const { word, anywhere } of words) {
    const found = text.lastIndexOf(word);
    if (found < 0) continue;
    if (anywhere) return true;
    const begins = !isLetter(text, found - 1) || isHump(source, from + found);
    if (begins && !isLetter(text, found + word.length)) return true;
  }
  return false;
}

/** The second word of `customerSsn`. */
function isHump(source: Buffer, at: number): boolean {
  const [before, letter] = [source[at - 1] ?? 0, source[at] ?? 0];
  return before >= 0x61 && before <= 0x7a && letter >= 0x41 && letter <= 0x5a;
}

function isLetter(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x61 && code <= 0x7a;
}
