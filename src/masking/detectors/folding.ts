/**
 * Text as people and models read it: full-width and other compatible forms (Unicode's NFKC), digits of any script, dashes
 * and blanks of any kind, numeric character references of HTML, without what cannot be seen. Only what becomes ASCII or
 * nothing is folded; every other character stays as it is.
 */
const AMPERSAND = 0x26;
const HASH = 0x23;
const REFERENCE_BYTES_MAX = 12;
const REFERENCE = /^&#(?:x([0-9a-f]{1,6})|(\d{1,7}));?/i;
const UNSEEN = /^[\p{Default_Ignorable_Code_Point}\p{M}\p{Cf}]$/u;
const DIGIT = /^\p{Nd}$/u;
const BLANK = /^[\p{Zs}\u2028\u2029]$/u;
const DASH = /^[\p{Pd}\u2212\u02d7]$/u;
const FULL_STOP = /^[\u3002\uff61]$/u;
const KNOWN_MAX = 4_096;

/** Bytes that can begin what is folded: lead bytes of UTF-8, and the ampersand. */
export const FOLDING_BYTES: readonly number[] = [
  AMPERSAND,
  ...[0xc2, 0xcb, 0xcc, 0xcd, 0xd2, 0xd6, 0xd8, 0xd9, 0xdb, 0xdc, 0xdf],
  ...[0xe0, 0xe1, 0xe2, 0xe3, 0xea, 0xef, 0xf0, 0xf3],
];

const known = new Map<number, string | null>();

/** What a character is read as; null: as itself. */
function foldOf(codePoint: number): string | null {
  const found = known.get(codePoint);
  if (found !== undefined) return found;
  const folded = newFoldOf(codePoint);
  if (known.size >= KNOWN_MAX) known.clear();
  known.set(codePoint, folded);
  return folded;
}

function newFoldOf(codePoint: number): string | null {
  const character = String.fromCodePoint(codePoint);
  if (codePoint < 0x80) return character;
  if (UNSEEN.test(character)) return '';
  if (BLANK.test(character)) return ' ';
  if (DASH.test(character)) return '-';
  if (FULL_STOP.test(character)) return '.';
  const compatible = character.normalize('NFKC');
  if (/^[\x20-\x7e]+$/.test(compatible)) return compatible;
  return DIGIT.test(character) ? String(digitOf(codePoint)) : null;
}

/** The digits of a script follow each other from zero on. */
function digitOf(codePoint: number): number {
  let zero = codePoint;
  while (DIGIT.test(String.fromCodePoint(zero - 1))) zero--;
  return (codePoint - zero) % 10;
}

interface Read {
  readonly codePoint: number;
  readonly size: number;
}

/** The character at a folding byte; null: nothing that is folded begins there. */
function readAt(source: Buffer, at: number, end: number): Read | null {
  const byte = source[at] ?? 0;
  if (byte === AMPERSAND) {
    if (source[at + 1] !== HASH || at + 1 >= end) return null;
    const found = REFERENCE.exec(source.latin1Slice(at, Math.min(end, at + REFERENCE_BYTES_MAX)));
    if (found === null) return null;
    const [whole, hex, decimal] = found;
    const codePoint = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return codePoint > 0x10ffff || (codePoint >= 0xd800 && codePoint < 0xe000)
      ? null
      : { codePoint, size: whole.length };
  }
  const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 0;
  if (size === 0 || at + size > end) return null;
  let codePoint = byte & (0xff >> (size + 1));
  for (let n = 1; n < size; n++) {
    const next = source[at + n] ?? 0;
    if ((next & 0xc0) !== 0x80) return null;
    codePoint = (codePoint << 6) | (next & 0x3f);
  }
  return codePoint > 0x10ffff ? null : { codePoint, size };
}

/** Behind what is folded at `at`; 0 where nothing is. */
export function foldsUntil(source: Buffer, at: number, end: number): number {
  const read = readAt(source, at, end);
  return read === null || foldOf(read.codePoint) === null ? 0 : at + read.size;
}

/** Text that was folded. What it holds is valid until the next `fold`. */
export class FoldedText {
  bytes: Buffer = Buffer.alloc(0);
  /** For each byte of `bytes`, and for its end, where in the source it comes from. */
  places = new Int32Array(0);
  /** Where the text ends in `bytes`, and where what stands at `start` in the source begins. */
  end = 0;
  start = 0;

  /** Folds [floor, end) of the source. */
  fold(source: Buffer, floor: number, start: number, end: number): void {
    this.#room(end - floor);
    const { bytes, places } = this;
    let to = 0;
    this.start = 0;
    for (let at = floor; at < end; ) {
      if (at <= start) this.start = to;
      const byte = source[at] ?? 0;
      const read = byte >= 0x80 || byte === AMPERSAND ? readAt(source, at, end) : null;
      const folded = read === null ? null : foldOf(read.codePoint);
      if (read === null || folded === null) {
        bytes[to] = byte;
        places[to++] = at++;
        continue;
      }
      for (let n = 0; n < folded.length; n++) {
        bytes[to] = folded.charCodeAt(n);
        places[to++] = at;
      }
      at += read.size;
    }
    places[to] = end;
    this.end = to;
  }

  #room(size: number): void {
    // A compatible form may be longer than what is written: `㏇` is three bytes and `Co.`, `⑴` is `(1)`; none is twice as long.
    const need = 2 * size + 16;
    if (need <= this.bytes.length) return;
    this.bytes = Buffer.allocUnsafeSlow(need);
    this.places = new Int32Array(need + 1);
  }
}
