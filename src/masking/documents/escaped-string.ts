/** Strings of JSON that are written with escapes: read once, and changed where they stand. */
import { writeJsonEscaped } from '../../json/index.ts';
import type { SpanEdits } from './span-edits.ts';

const BACKSLASH = 0x5c;
const U = 0x75;
const SIMPLE_BYTES = 2;
const UNIT_BYTES = 6;

/** A text, with what stands before it as context for detectors. */
export interface ContextText {
  readonly bytes: Buffer;
  /** Where the text begins in `bytes`. */
  readonly start: number;
}

/** The string whose inside is [start, end), without its escapes, behind the `context` bytes in front of it. */
export function readEscaped(source: Buffer, start: number, end: number, context: number): ContextText {
  // By the engine's own reader, which is several times as fast for texts with many escapes.
  const text: unknown = JSON.parse(source.utf8Slice(start - 1, end + 1));
  const decoded = typeof text === 'string' ? text : '';
  const bytes = Buffer.allocUnsafeSlow(context + Buffer.byteLength(decoded));
  source.copy(bytes, 0, start - context, start);
  bytes.write(decoded, context, 'utf8');
  return { bytes, start: context };
}

/** Takes changes of a text to the string of JSON, [start, end) inside of its quotes, that it was read from. */
export function liftEdits(
  inner: SpanEdits,
  text: ContextText,
  source: Buffer,
  start: number,
  end: number,
  outer: SpanEdits,
): void {
  const cursor = new EscapeCursor(source, start, end);
  for (const edit of inner.ordered()) {
    const first = cursor.placeOf(edit.start - text.start);
    const last = cursor.placeOf(edit.end - text.start);
    const from = outer.written.at;
    writeJsonEscaped(inner.written.bytes, edit.from, edit.to, outer.written);
    outer.add(first, last, from);
  }
}

/** Goes through a string with escapes, from byte to byte of what it stands for. */
class EscapeCursor {
  readonly #source: Buffer;
  readonly #end: number;
  #at: number;
  /** Bytes of text before `#at`. */
  #read = 0;

  constructor(source: Buffer, start: number, end: number) {
    this.#source = source;
    this.#at = start;
    this.#end = end;
  }

  /** Where the text's byte is written, or the escape that it comes from. Asked in ascending order. */
  placeOf(offset: number): number {
    const source = this.#source;
    let at = this.#at;
    let read = this.#read;
    while (read < offset && at < this.#end) {
      if (source[at] !== BACKSLASH) {
        at++;
        read++;
      } else if (source[at + 1] !== U) {
        at += SIMPLE_BYTES;
        read++;
      } else {
        const unit = unitAt(source, at);
        const isPair = unit >= 0xd800 && unit < 0xdc00 && isLow(source, at + UNIT_BYTES, this.#end);
        at += isPair ? 2 * UNIT_BYTES : UNIT_BYTES;
        // Half of a pair is read as U+FFFD, which takes three bytes as well.
        read += unit < 0x80 ? 1 : unit < 0x800 ? 2 : isPair ? 4 : 3;
      }
    }
    this.#at = at;
    this.#read = read;
    return at;
  }
}

function isLow(source: Buffer, at: number, end: number): boolean {
  if (at + UNIT_BYTES > end || source[at] !== BACKSLASH || source[at + 1] !== U) return false;
  const unit = unitAt(source, at);
  return unit >= 0xdc00 && unit <= 0xdfff;
}

function unitAt(source: Buffer, at: number): number {
  return Number.parseInt(source.latin1Slice(at + 2, at + UNIT_BYTES), 16);
}
