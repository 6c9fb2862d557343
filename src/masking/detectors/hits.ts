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

  /** Where the last one ends; 0 where there is none. */
  get lastEnd(): number {
    return this.count === 0 ? 0 : this.end(this.count - 1);
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

  /** What another scan of the same bytes found: hits that touch become one, masked by the rule of the first. */
  merge(other: Hits): void {
    if (other.count === 0) return;
    const own = new Hits();
    for (let i = 0; i < this.count; i++) own.add(this.start(i), this.end(i), this.rule(i));
    this.clear();
    for (let i = 0, j = 0; i < own.count || j < other.count; ) {
      const isOwn = j >= other.count || (i < own.count && own.start(i) <= other.start(j));
      const from = isOwn ? own : other;
      const n = isOwn ? i++ : j++;
      const last = this.count - 1;
      if (last >= 0 && from.start(n) < this.end(last))
        this.#ends[last] = Math.max(this.end(last), from.end(n));
      else this.add(from.start(n), from.end(n), from.rule(n));
    }
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
