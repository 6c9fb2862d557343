/** The inside of a JSON string without its escapes, and where each byte of it came from. */
const BACKSLASH = 0x5c;
/** By the character behind the backslash. */
const SIMPLE = new Uint8Array(256);
for (const [character, byte] of [
  ['"', 0x22],
  ['\\', 0x5c],
  ['/', 0x2f],
  ['b', 0x08],
  ['f', 0x0c],
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
] as const)
  SIMPLE[character.charCodeAt(0)] = byte;
const REPLACEMENT = 0xfffd;
/** Of a string that is decoded; places take four times as much. */
const KEPT_BYTES = 256 * 1024;

/** Room for decoded strings, used again for each: an allocation would cost more than the decoding. */
export class DecodedString {
  bytes: Buffer = Buffer.alloc(256);
  /** For each byte of `bytes`, and for its end, the position in the source at which its escape begins. */
  places = new Int32Array(257);
  /** Where the decoded string ends in `bytes`. */
  end = 0;

  room(size: number): void {
    if (size <= this.bytes.length) return;
    const taken = size > KEPT_BYTES ? size : size * 2;
    this.bytes = Buffer.allocUnsafeSlow(taken);
    this.places = new Int32Array(taken + 1);
  }

  /** Lets go of room that only a large string needs. */
  trim(): void {
    if (this.bytes.length <= 2 * KEPT_BYTES) return;
    this.bytes = Buffer.alloc(256);
    this.places = new Int32Array(257);
  }
}

/**
 * [start, end) is what `walkJson` gave: every escape in it is whole. The `context` bytes before it are put in front as
 * they are. What `into` holds is valid until the next call.
 */
export function decodeJsonString(
  source: Buffer,
  start: number,
  end: number,
  context: number,
  into: DecodedString,
): void {
  into.room(context + end - start);
  const { bytes, places } = into;
  source.copy(bytes, 0, start - context, start);
  places.fill(start, 0, context);
  let to = context;
  for (let at = start; at < end; ) {
    const byte = source[at] ?? 0;
    // Byte by byte: for runs between two escapes, which are short, native calls take longer.
    if (byte !== BACKSLASH) {
      bytes[to] = byte;
      places[to++] = at++;
    } else if (source[at + 1] !== 0x75) {
      bytes[to] = SIMPLE[source[at + 1] ?? 0] ?? 0;
      places[to++] = at;
      at += 2;
    } else {
      const from = at;
      let code = unit(source, at);
      at += 6;
      if (code >= 0xd800 && code <= 0xdfff) {
        const low =
          code < 0xdc00 && at + 6 <= end && source[at] === BACKSLASH && source[at + 1] === 0x75
            ? unit(source, at)
            : 0;
        if (low >= 0xdc00 && low <= 0xdfff) {
          code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
          at += 6;
        } else {
          code = REPLACEMENT;
        }
      }
      const before = to;
      to += bytes.write(String.fromCodePoint(code), to, 'utf8');
      places.fill(from, before, to);
    }
  }
  places[to] = end;
  into.end = to;
}

function unit(source: Buffer, at: number): number {
  return Number.parseInt(source.latin1Slice(at + 2, at + 6), 16);
}
