/**
 * Messages on a pipe: one on each line (MCP, transports, stdio). Bytes in at any cut, lines out. Bounded: of a line that
 * is longer than it may be only its ends are kept, and what follows it is read as before.
 */

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const LINE_END = Buffer.from('\n');
/** So much of each end of a line that is too long is kept: enough to see whose answer it was to be. */
export const ENDS_BYTES = 512;

export type Line =
  /** Without its end; never empty. */
  | { readonly line: 'whole'; readonly bytes: Buffer }
  | { readonly line: 'too-long'; readonly first: Buffer; readonly last: Buffer };

export class LineReader {
  readonly #bytesMax: number;
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** Ends of a line that is too long and has not ended; null: the line is whole so far. */
  #cut: { readonly first: Buffer; last: Buffer } | null = null;

  /** `bytesMax`: of a line, without its end. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The lines that end in `chunk`, in order; empty ones mean nothing and are left out. They share no memory with it. */
  push(chunk: Buffer): readonly Line[] {
    const lines: Line[] = [];
    let from = 0;
    for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, from)) {
      this.#add(chunk.subarray(from, at));
      this.#end(lines);
      from = at + 1;
    }
    this.#add(chunk.subarray(from));
    return lines;
  }

  /** The line that had no end when the stream ended; null: there is none. */
  end(): Line | null {
    const lines: Line[] = [];
    this.#end(lines);
    return lines[0] ?? null;
  }

  #add(part: Buffer): void {
    if (part.length === 0) return;
    if (this.#cut !== null) {
      this.#cut.last = lastOf(Buffer.concat([this.#cut.last, lastOf(part)]));
      return;
    }
    // The chunk may be overwritten by whoever read it.
    this.#held.push(Buffer.from(part));
    this.#heldBytes += part.length;
    // A CR before the end is none of the line's.
    if (this.#heldBytes <= this.#bytesMax + 1) return;
    const held = Buffer.concat(this.#held, this.#heldBytes);
    this.#cut = { first: Buffer.from(held.subarray(0, ENDS_BYTES)), last: lastOf(held) };
    this.#held = [];
    this.#heldBytes = 0;
  }

  #end(lines: Line[]): void {
    const cut = this.#cut;
    const held = this.#held.length === 1 ? this.#held[0] : Buffer.concat(this.#held, this.#heldBytes);
    this.#held = [];
    this.#heldBytes = 0;
    this.#cut = null;
    if (cut !== null) {
      lines.push({ line: 'too-long', ...cut });
      return;
    }
    if (held === undefined || held.length === 0) return;
    const bytes = held[held.length - 1] === CR ? held.subarray(0, -1) : held;
    if (bytes.length === 0) return;
    if (bytes.length <= this.#bytesMax) lines.push({ line: 'whole', bytes });
    else lines.push({ line: 'too-long', first: bytes.subarray(0, ENDS_BYTES), last: lastOf(bytes) });
  }
}

function lastOf(bytes: Buffer): Buffer {
  return Buffer.from(bytes.subarray(Math.max(0, bytes.length - ENDS_BYTES)));
}

/**
 * A message as a line, with its end. Line breaks of JSON that passed the strict reading stand between its tokens, where a
 * space means the same.
 */
export function asLine(message: Buffer): Buffer {
  const line = Buffer.concat([message, LINE_END]);
  for (let at = 0; at < message.length; at++) {
    const byte = line[at];
    if (byte === LF || byte === CR) line[at] = SPACE;
  }
  return line;
}

const ID_AT_FIRST =
  /^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(-?\d{1,15}|"(?:[^"\\]|\\.){0,256}")\s*,/;
const ID_AT_LAST =
  /,\s*"id"\s*:\s*(-?\d{1,15}|"(?:[^"\\]|\\.){0,256}")\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$/;

/**
 * The id, as JSON, of a message that is too long to be read, from where writers put it; null: it cannot be told. It serves
 * to say which request has no answer, and nothing else.
 */
export function idOfTooLong(first: Buffer, last: Buffer): string | null {
  return ID_AT_FIRST.exec(first.toString('utf8'))?.[1] ?? ID_AT_LAST.exec(last.toString('utf8'))?.[1] ?? null;
}
