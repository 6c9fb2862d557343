/**
 * Pairs of comparisons that restrict nothing when either may hold: `x < y OR x >= y`. `x < y OR x > y` leaves out what is
 * equal, and counts with them: it is written to restrict nothing.
 */
export const OPPOSITES: ReadonlySet<string> = new Set([
  '= <>',
  '<> =',
  '< >=',
  '>= <',
  '> <=',
  '<= >',
  '< >',
  '> <',
]);
