/** The inside of a JSON string without its escapes, and where each byte of it came from. */
const BACKSLASH = 0x5c;
const SIMPLE: Readonly<Record<number, number>> = {
  34: 0x22,
  92: 0x5c,
  47: 0x2f,
  98: 0x08,
  102: 0x0c,
  110: 0x0a,
  114: 0x0d,
  116: 0x09,
};
const REPLACEMENT = 0xfffd;

/** Room for decoded strings, used again for each: an allocation would cost more than the decoding. */
export class DecodedString {
  bytes: Buffer = Buffer.alloc(256);
  /** For each byte of `bytes`, and for its end, the position in the source at which its escape begins. */
  places = new Int32Array(257);
  /** Where the decoded string ends in `bytes`. */
  end = 0;

  room(size: number): void {
    if (size <= this.bytes.length) return;
    this.bytes = Buffer.allocUnsafeSlow(size * 2);
    this.places = new Int32Array(size * 2 + 1);
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
    const from = at;
    const before = to;
    const byte = source[at] ?? 0;
    if (byte !== BACKSLASH) {
      bytes[to++] = byte;
      at++;
    } else if (source[at + 1] !== 0x75) {
      bytes[to++] = SIMPLE[source[at + 1] ?? 0] ?? 0;
      at += 2;
    } else {
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
      to += bytes.write(String.fromCodePoint(code), to, 'utf8');
    }
    places.fill(from, before, to);
  }
  places[to] = end;
  into.end = to;
}

function unit(source: Buffer, at: number): number {
  return Number.parseInt(source.latin1Slice(at + 2, at + 6), 16);
}
