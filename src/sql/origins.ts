/** Where values come from: sets of base columns, or not known. The empty set is "from no column". */
import type { Dependence, Origin } from '../core/facts.ts';

export type Origins = readonly Origin[] | null;

export const NOWHERE: Origins = [];

const STRENGTH: Readonly<Record<Dependence, number>> = {
  presence: 0,
  computed: 1,
  aggregated: 2,
  row: 3,
  copied: 4,
};

/** What holds of a value that may have come either way: it is a copy only if it is one both ways. */
function eitherWay(left: Dependence, right: Dependence): Dependence {
  if (left === right) return left;
  const [strong, weak] = STRENGTH[left] > STRENGTH[right] ? [left, right] : [right, left];
  if (strong !== 'copied') return strong;
  return weak === 'presence' ? 'computed' : weak;
}

/** Both sets together; unknown swallows everything, because a masked column may hide in it. */
export function union(left: Origins, right: Origins): Origins {
  if (left === null || right === null) return null;
  if (left.length === 0) return right;
  if (right.length === 0 || left === right) return left;
  let joined: Origin[] | null = null;
  for (const origin of right) {
    const at = (joined ?? left).findIndex((known) => isSameColumn(known, origin));
    const known = (joined ?? left)[at];
    if (known === undefined) {
      joined ??= [...left];
      joined.push(origin);
      continue;
    }
    const how = eitherWay(known.how, origin.how);
    if (how === known.how) continue;
    joined ??= [...left];
    joined[at] = { ...origin, how };
  }
  return joined ?? left;
}

/** The same columns, depended on no more closely than `how`. */
export function weaken(origins: Origins, how: Dependence): Origins {
  if (origins === null || origins.every((origin) => STRENGTH[origin.how] <= STRENGTH[how])) return origins;
  return origins.map((origin) => (STRENGTH[origin.how] <= STRENGTH[how] ? origin : { ...origin, how }));
}

/** What is left of a value of which only is asked whether there is one. Of a copy alone that tells nothing more. */
export function presenceOf(origins: Origins): Origins {
  if (origins === null) return null;
  return origins.map((origin) => ({ ...origin, how: origin.how === 'copied' ? 'presence' : origin.how }));
}

/** Whether `large` has each column of `small`, with the same dependence. */
export function isSubset(small: Origins, large: Origins): boolean {
  if (large === null) return true;
  if (small === null) return false;
  return small.every((origin) =>
    large.some((known) => isSameColumn(known, origin) && known.how === origin.how),
  );
}

function isSameColumn(a: Origin, b: Origin): boolean {
  return a.column === b.column && a.table === b.table && a.schema === b.schema;
}
