/** Where values come from: sets of base columns, or not known. The empty set is "from no column". */
import type { Dependence, Origin } from '../../core/facts.ts';

export type Origins = readonly Origin[] | null;

export const NOWHERE: Origins = [];

const STRENGTH: Readonly<Record<Dependence, number>> = {
  presence: 0,
  computed: 1,
  aggregated: 2,
  row: 3,
  copied: 4,
};

/** Both sets together; unknown swallows everything, because a masked column may hide in it. */
export function union(left: Origins, right: Origins): Origins {
  if (left === null || right === null) return null;
  if (left.length === 0) return right;
  if (right.length === 0 || left === right) return left;
  let joined: Origin[] | null = null;
  for (const origin of right) {
    const at = (joined ?? left).findIndex((known) => isSameColumn(known, origin));
    if (at < 0) {
      joined ??= [...left];
      joined.push(origin);
    } else if (STRENGTH[(joined ?? left)[at]?.how ?? 'copied'] < STRENGTH[origin.how]) {
      joined ??= [...left];
      joined[at] = origin;
    }
  }
  return joined ?? left;
}

/** The same columns, depended on no more closely than `how`. */
export function weaken(origins: Origins, how: Dependence): Origins {
  if (origins === null || origins.every((origin) => STRENGTH[origin.how] <= STRENGTH[how])) return origins;
  return origins.map((origin) => (STRENGTH[origin.how] <= STRENGTH[how] ? origin : { ...origin, how }));
}

export function isSubset(small: Origins, large: Origins): boolean {
  if (large === null) return true;
  if (small === null) return false;
  return small.every((origin) => large.some((known) => isSameColumn(known, origin)));
}

function isSameColumn(a: Origin, b: Origin): boolean {
  return a.column === b.column && a.table === b.table && a.schema === b.schema;
}
