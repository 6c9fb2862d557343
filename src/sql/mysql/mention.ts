/** Relations that a statement names without reading them; they need not exist yet. */
import type { EffectSet } from '../../core/effects.ts';
import type { Analysis } from './analysis.ts';
import type { TableName } from './ast.ts';
import { noteSystemTable } from './system-tables.ts';

export function mention(a: Analysis, table: TableName, effects: EffectSet): void {
  for (const candidate of a.candidates(table.schema, table.name)) {
    noteSystemTable(a, candidate.schema, effects);
    const known = candidate.relation !== null || candidate.temporary !== null;
    a.uses.addRelation(candidate, effects, 'direct', known);
  }
}

export function mentionAll(a: Analysis, tables: readonly TableName[], effects: EffectSet): void {
  for (const table of tables) mention(a, table, effects);
}

/** Every relation of a schema, where the schema goes or changes as a whole. */
export function mentionSchema(a: Analysis, schema: string, effects: EffectSet): void {
  for (const table of a.reading.catalog.tablesIn(schema)) {
    a.uses.addRelation(table, effects, 'direct', true);
  }
}
