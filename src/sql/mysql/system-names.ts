/** Names of the server's own tables in the server's own spelling, so that rules about them hold however they are written. */
import type { RelationName } from '../../core/facts.ts';
import { foldName } from './fold-name.ts';

/** information_schema has no case anywhere; the others are in lower case, where case counts. */
const SPELLINGS: ReadonlyMap<string, (name: string) => string> = new Map([
  ['information_schema', (name: string) => name.toUpperCase()],
  ['performance_schema', foldName],
  ['mysql', foldName],
  ['sys', foldName],
]);

/** For a name that the catalog does not have. */
export function systemName(schema: string | null, name: string): RelationName {
  const folded = schema === null ? '' : foldName(schema);
  const spell = SPELLINGS.get(folded);
  return spell === undefined ? { schema, name } : { schema: folded, name: spell(name) };
}
