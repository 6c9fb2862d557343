/**
 * What stored code, which is not read, may leave behind in the session: user variables and temporary tables, out of
 * which a later statement takes what masks would have covered.
 */

/** `@x`, code that calls or makes other code, and tables that may hide others. */
const LEAVES = /@|\b(?:CALL|EXECUTE|TEMPORARY)\b/i;

/** Whether code of that body may; `body` null: it is not shown. */
export function mayLeaveBehind(body: string | null): boolean {
  return body === null || LEAVES.test(body);
}
