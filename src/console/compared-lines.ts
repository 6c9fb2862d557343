/** Which lines of two texts stand beside each other, and what of them is the same. */
import type { PinDetail } from '../admin/pin-wire.ts';

type Line = PinDetail['difference'][number];

interface Row {
  readonly left: string | null;
  readonly right: string | null;
  readonly same: boolean;
}

/** Lines that are equal stand together; what was taken out stands beside what was put in its place. */
export function rowsOf(lines: readonly Line[]): readonly Row[] {
  const rows: Row[] = [];
  let [out, into]: [string[], string[]] = [[], []];
  const flush = () => {
    for (let n = 0; n < Math.max(out.length, into.length); n++)
      rows.push({ left: out[n] ?? null, right: into[n] ?? null, same: false });
    [out, into] = [[], []];
  };
  for (const { change, line } of lines) {
    if (change === '-') out.push(line);
    else if (change === '+') into.push(line);
    else {
      flush();
      rows.push({ left: line, right: line, same: true });
    }
  }
  flush();
  return rows;
}

/** How many characters two lines begin and end with alike; no pair of surrogates is cut. */
export function commonEnds(left: string, right: string): readonly [begin: number, end: number] {
  const [a, b] = [[...left], [...right]];
  let begin = 0;
  while (begin < Math.min(a.length, b.length) && a[begin] === b[begin]) begin++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - begin && a.at(-1 - end) === b.at(-1 - end)) end++;
  const lengthOf = (characters: readonly string[]) => characters.join('').length;
  return [lengthOf(a.slice(0, begin)), lengthOf(a.slice(a.length - end))];
}
