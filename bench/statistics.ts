/** The little statistics that rounds of a noisy measurement need: medians, spreads, ratios of paired rounds. */

/** The value below which a share of the sorted values lies, interpolated. Throws on no values at all. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new Error('no values');
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)] ?? 0;
  const above = sorted[Math.ceil(position)] ?? 0;
  return below + (above - below) * (position - Math.floor(position));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Half of the distance between the quartiles, as a share of the median: what "±3 %" in a table means. */
export function spread(values: readonly number[]): number {
  const middle = median(values);
  if (middle === 0) return 0;
  return (quantile(values, 0.75) - quantile(values, 0.25)) / 2 / Math.abs(middle);
}

/**
 * Ratios round by round. Rounds are interleaved, so that what slows the machine down for a while slows both sides of
 * a pair; the median of the ratios is steadier than the ratio of the medians. Rounds without a partner are left out.
 */
export function pairedRatios(of: readonly number[], to: readonly number[]): readonly number[] {
  return pair(of, to, (a, b) => a / b);
}

/** Differences round by round. */
export function pairedDifferences(of: readonly number[], to: readonly number[]): readonly number[] {
  return pair(of, to, (a, b) => a - b);
}

function pair(
  a: readonly number[],
  b: readonly number[],
  join: (a: number, b: number) => number,
): readonly number[] {
  const joined: number[] = [];
  for (let n = 0; n < Math.min(a.length, b.length); n++) {
    const [left, right] = [a[n], b[n]];
    if (left !== undefined && right !== undefined && right !== 0) joined.push(join(left, right));
  }
  return joined;
}

export type Verdict = 'better' | 'worse' | 'same';

export interface Change {
  /** How much the median changed, as a share of the first: 0.05 is five percent more. */
  readonly change: number;
  /** What the rounds themselves vary by, of both together. */
  readonly noise: number;
  readonly verdict: Verdict;
}

/** Changes smaller than this are not worth a word, however steady the rounds were. */
const CHANGE_MIN = 0.02;

/**
 * Compares two series of rounds. A change counts when it is larger than both series' spreads together; with fewer
 * than three rounds on a side spreads say nothing, so a change has to be large (10 %).
 */
export function compareRounds(
  before: readonly number[],
  after: readonly number[],
  better: 'higher' | 'lower',
): Change {
  const base = median(before);
  const change = base === 0 ? 0 : (median(after) - base) / Math.abs(base);
  const few = before.length < 3 || after.length < 3;
  const noise = Math.max(spread(before) + spread(after), few ? 0.1 : CHANGE_MIN);
  if (Math.abs(change) <= noise) return { change, noise, verdict: 'same' };
  return { change, noise, verdict: change > 0 === (better === 'higher') ? 'better' : 'worse' };
}
