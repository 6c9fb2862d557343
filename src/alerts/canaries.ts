/**
 * Finds values in a stream of bytes, over the borders of its chunks. Few values are looked for one after the other by
 * the platform's own search, which costs a fraction of a nanosecond per byte and value; from some on, all at once by an
 * automaton (Aho and Corasick, 1975).
 */

/** From so many values on the automaton is the faster. */
const SEARCHED_MAX = 12;

/** What is looked for, made once for all streams. */
export class CanaryPatterns {
  readonly patterns: readonly Buffer[];
  readonly longest: number;
  readonly automaton: Automaton | null;

  constructor(values: readonly string[]) {
    this.patterns = [...new Set(values)].map((value) => Buffer.from(value));
    this.longest = Math.max(0, ...this.patterns.map(({ length }) => length));
    this.automaton = this.patterns.length > SEARCHED_MAX ? new Automaton(this.patterns) : null;
  }
}

export class CanaryStream {
  readonly #patterns: CanaryPatterns;
  /** The end of what was looked through, too short for the longest value; of no use to the automaton. */
  #tail: Buffer = Buffer.alloc(0);
  #state = 0;

  constructor(patterns: CanaryPatterns) {
    this.#patterns = patterns;
  }

  /** The number of the value that is found first, of those that end in `bytes[start, end)`; -1: none. */
  find(bytes: Buffer, start: number, end: number): number {
    const { automaton } = this.#patterns;
    if (automaton === null) return this.#search(bytes, start, end);
    this.#state = automaton.run(bytes, start, end, this.#state);
    const found = automaton.found;
    automaton.found = -1;
    return found;
  }

  #search(bytes: Buffer, start: number, end: number): number {
    const { patterns, longest } = this.#patterns;
    const overlap = longest - 1;
    const tail = this.#tail;
    const window = bytes.subarray(start, end);
    const border = tail.length === 0 ? tail : Buffer.concat([tail, window.subarray(0, overlap)]);
    this.#tail =
      window.length >= overlap
        ? Buffer.from(window.subarray(window.length - overlap))
        : Buffer.concat([tail, window]).subarray(-overlap);
    for (const [n, pattern] of patterns.entries()) {
      if (window.includes(pattern) || (border.length > 0 && border.includes(pattern))) return n;
    }
    return -1;
  }
}

const BYTES = 256;

/** Of each state and byte the next state; a state knows which value ends there. */
class Automaton {
  readonly #next: Int32Array;
  readonly #ends: Int32Array;
  /** What the last run has found; -1: nothing. */
  found = -1;

  constructor(patterns: readonly Buffer[]) {
    const states = 1 + patterns.reduce((sum, { length }) => sum + length, 0);
    this.#next = new Int32Array(states * BYTES).fill(-1);
    this.#ends = new Int32Array(states).fill(-1);
    let made = 1;
    for (const [n, pattern] of patterns.entries()) {
      let state = 0;
      for (const byte of pattern) {
        const at = state * BYTES + byte;
        if (this.#next[at] === -1) this.#next[at] = made++;
        state = this.#next[at] ?? 0;
      }
      this.#ends[state] = n;
    }
    this.#link();
  }

  /** Where a value does not go on, what has been read may be the beginning of another. */
  #link(): void {
    const next = this.#next;
    const fallbacks = new Int32Array(this.#ends.length);
    const queue: number[] = [];
    for (let byte = 0; byte < BYTES; byte++) {
      const child = next[byte] ?? -1;
      if (child === -1) next[byte] = 0;
      else queue.push(child);
    }
    for (const state of queue) {
      const fallback = fallbacks[state] ?? 0;
      if (this.#ends[state] === -1) this.#ends[state] = this.#ends[fallback] ?? -1;
      for (let byte = 0; byte < BYTES; byte++) {
        const at = state * BYTES + byte;
        const child = next[at] ?? -1;
        const other = next[fallback * BYTES + byte] ?? 0;
        if (child === -1) next[at] = other;
        else {
          fallbacks[child] = other;
          queue.push(child);
        }
      }
    }
  }

  run(bytes: Buffer, start: number, end: number, from: number): number {
    const next = this.#next;
    const ends = this.#ends;
    let state = from;
    for (let at = start; at < end; at++) {
      state = next[state * BYTES + (bytes[at] ?? 0)] ?? 0;
      const found = ends[state] ?? -1;
      if (found !== -1 && this.found === -1) this.found = found;
    }
    return state;
  }
}
