/** The nearest of the names that exist, for whoever mistyped one. */

/** Levenshtein's distance. */
export function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, n) => n);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const change = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}

/** The name that differs least from `written`: by case alone, by two letters, or by a quarter of a long one; else null. */
export function nearest(written: string, known: Iterable<string>): string | null {
  const folded = written.toLowerCase();
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(written.length / 4)) + 1;
  for (const name of known) {
    if (name.toLowerCase() === folded) return name;
    const distance = editDistance(written, name);
    // A word of three letters is not what someone meant by another one of three.
    if (distance < bestDistance && distance < Math.max(written.length, name.length) - 1) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

/** `; did you mean "orders"?`, or nothing. */
export function suggestion(written: string, known: Iterable<string>): string {
  const near = nearest(written, known);
  return near === null ? '' : `; did you mean "${near}"?`;
}
