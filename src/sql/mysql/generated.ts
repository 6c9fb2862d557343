/** Generated columns: which columns of their table their values are made from. */
import { NOWHERE, type Origins, union, weaken } from '../origins.ts';
import type { InnerParser } from './analysis.ts';
import type { MysqlTable } from './catalog-model.ts';
import { foldName } from './fold-name.ts';
import { mentions } from './tree.ts';
import { Unreadable } from './unreadable.ts';

/** `generation` as the catalog has it. An expression that cannot be read counts as made of the whole row. */
export function generatedFrom(table: MysqlTable, generation: string, parser: InnerParser): Origins {
  const named = namesIn(generation, parser);
  let origins: Origins = NOWHERE;
  for (const column of table.columns) {
    if (named !== null && !named.has(foldName(column.name))) continue;
    const own = [{ schema: table.schema, table: table.name, column: column.name, how: 'copied' as const }];
    origins = union(origins, own);
    if (column.generation !== null && column.generation !== generation) {
      origins = union(origins, generatedFrom(table, column.generation, parser));
    }
  }
  return weaken(origins, 'computed');
}

function namesIn(generation: string, parser: InnerParser): ReadonlySet<string> | null {
  const names = new Set<string>();
  try {
    mentions(parser.expression(generation), ({ name }) => {
      names.add(foldName(name));
      return false;
    });
  } catch (error) {
    if (error instanceof Unreadable) return null;
    throw error;
  }
  return names;
}
