/** The nodes of a document once bytes of it have changed, without reading it anew: it costs a tenth of that. */
import {
  ARRAY,
  ESCAPED,
  FALSE,
  NAME_ESCAPED,
  NONE,
  NULL,
  NUMBER,
  OBJECT,
  STRING,
  Tape,
  TRUE,
} from './tape.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** [start, end) of the source before is `size` bytes long now. */
export interface Patch {
  readonly start: number;
  readonly end: number;
  readonly size: number;
}

/**
 * `patches` are in order and without overlaps; `bytes` are the changed ones, from where the root begins. Null: more has
 * changed than insides of strings and whole scalars, so that the bytes have to be read.
 */
export function patchTape(tape: Tape, patches: readonly Patch[], bytes: Buffer): Tape | null {
  return new Patching(tape, patches, bytes).run();
}

class Patching {
  readonly #tape: Tape;
  readonly #patches: readonly Patch[];
  readonly #bytes: Buffer;
  readonly #made: Tape;
  #next = 0;
  /** What a position in the source has to move by, behind all patches before `#next`. */
  #shift: number;
  /** The same behind each patch. */
  readonly #shifts: number[] = [];

  constructor(tape: Tape, patches: readonly Patch[], bytes: Buffer) {
    this.#tape = tape;
    this.#patches = patches;
    this.#bytes = bytes;
    this.#made = new Tape(tape.count);
    this.#shift = -tape.start(0);
  }

  run(): Tape | null {
    const tape = this.#tape;
    const made = this.#made;
    for (let node = 0; node < tape.count; node++) {
      const nameStart = tape.nameStart(node);
      const end = nameStart === NONE ? tape.start(node) : tape.nameEnd(node) + 1;
      // A patch that begins before the value belongs to a name, or to what stands between values.
      if ((this.#patches[this.#next]?.start ?? end) < end) return null;
      const shift = this.#shift;
      const start = tape.start(node);
      if (nameStart === NONE) made.add(tape.flags(node), start + shift, NONE, NONE, 0, tape.parent(node));
      else
        made.add(
          tape.flags(node),
          start + shift,
          nameStart + shift,
          tape.nameEnd(node) + shift,
          tape.nameHash(node),
          tape.parent(node),
        );
      made.setSibling(node, tape.sibling(node));
      const kind = tape.kind(node);
      if (kind === OBJECT || kind === ARRAY) {
        if ((this.#patches[this.#next]?.start ?? NONE) === start) return null;
      } else if (!this.#scalar(node)) return null;
      if ((made.flags(node) & (ESCAPED | NAME_ESCAPED)) !== 0) made.escaped.push(node);
    }
    if (this.#next < this.#patches.length) return null;
    this.#containers();
    return made;
  }

  #scalar(node: number): boolean {
    const tape = this.#tape;
    const made = this.#made;
    const [start, end] = [tape.start(node), tape.end(node)];
    for (let patch = this.#patches[this.#next]; patch !== undefined && patch.start < end; ) {
      const isWhole = patch.start === start && patch.end === end;
      const isInside = tape.kind(node) === STRING && patch.start > start && patch.end < end;
      if (!isWhole && !isInside) return false;
      const from = patch.start + this.#shift;
      const to = from + patch.size;
      if (isWhole) {
        const kind = kindOf(this.#bytes[from]);
        if (kind === null) return false;
        made.setFlags(node, (tape.flags(node) & NAME_ESCAPED) | kind);
      }
      if (made.kind(node) === STRING && this.#hasBackslash(from, to))
        made.setFlags(node, made.flags(node) | ESCAPED);
      this.#shift += patch.size - (patch.end - patch.start);
      this.#shifts.push(this.#shift);
      patch = this.#patches[++this.#next];
    }
    made.setEnd(node, end + this.#shift);
    return true;
  }

  #hasBackslash(from: number, to: number): boolean {
    for (let at = from; at < to; at++) if (this.#bytes[at] === BACKSLASH) return true;
    return false;
  }

  #containers(): void {
    const tape = this.#tape;
    for (let node = 0; node < tape.count; node++) {
      const kind = tape.kind(node);
      if (kind === OBJECT || kind === ARRAY)
        this.#made.setEnd(node, tape.end(node) + this.#shiftAt(tape.end(node)));
    }
  }

  #shiftAt(position: number): number {
    let [low, high] = [0, this.#patches.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#patches[middle]?.end ?? 0) <= position) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? -this.#tape.start(0) : (this.#shifts[low - 1] ?? 0);
  }
}

function kindOf(byte: number | undefined): number | null {
  if (byte === QUOTE) return STRING;
  if (byte === 0x74) return TRUE;
  if (byte === 0x66) return FALSE;
  if (byte === 0x6e) return NULL;
  return byte === 0x2d || (byte !== undefined && byte >= 0x30 && byte <= 0x39) ? NUMBER : null;
}
