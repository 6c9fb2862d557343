import { nearest } from '../core/nearest.ts';
import { UsageError } from './command.ts';

/** The schemas that somebody asks for; throws UsageError where one of them is not there. `own`: what may have been meant. */
export function knownSchemas(
  asked: readonly string[],
  known: ReadonlySet<string>,
  own: readonly string[],
): readonly string[] {
  for (const schema of asked) {
    if (known.has(schema)) continue;
    const sorted = [...own].sort();
    const near = nearest(schema, sorted);
    const meant = near === null ? `expected one of ${sorted.join(', ')}` : `did you mean "${near}"?`;
    throw new UsageError(`there is no schema "${schema}" in the database; ${meant}`);
  }
  return asked;
}
