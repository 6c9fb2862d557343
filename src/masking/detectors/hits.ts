/** What a scan found, in order and without overlaps. Used again and again; valid until the next `clear`. */
export class Hits {
  count = 0;
  #starts = new Int32Array(16);
  #ends = new Int32Array(16);
  #rules = new Int32Array(16);

  clear(): void {
    this.count = 0;
  }

  start(i: number): number {
    return this.#starts[i] ?? 0;
  }

  end(i: number): number {
    return this.#ends[i] ?? 0;
  }

  /** The number of the rule whose masker is to be used. */
  rule(i: number): number {
    return this.#rules[i] ?? 0;
  }

  /** Behind all that was added before. */
  add(start: number, end: number, rule: number): void {
    this.#room();
    this.#starts[this.count] = start;
    this.#ends[this.count] = end;
    this.#rules[this.count] = rule;
    this.count++;
  }

  /** Anywhere: what it touches becomes one hit, masked by the rule of the one that begins first. */
  insert(start: number, end: number, rule: number): void {
    let from = 0;
    while (from < this.count && this.end(from) <= start) from++;
    let to = from;
    while (to < this.count && this.start(to) < end) {
      if (this.start(to) <= start) rule = this.rule(to);
      start = Math.min(start, this.start(to));
      end = Math.max(end, this.end(to));
      to++;
    }
    this.#room();
    for (const list of [this.#starts, this.#ends, this.#rules]) list.copyWithin(from + 1, to, this.count);
    this.#starts[from] = start;
    this.#ends[from] = end;
    this.#rules[from] = rule;
    this.count += 1 - (to - from);
  }

  #room(): void {
    if (this.count < this.#starts.length) return;
    this.#starts = doubled(this.#starts);
    this.#ends = doubled(this.#ends);
    this.#rules = doubled(this.#rules);
  }
}

function doubled(list: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(list.length * 2);
  grown.set(list);
  return grown;
}
