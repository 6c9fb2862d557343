/** Which columns of a database are to be classified: each once, where its values are kept. */
import { baseOf, type CellType, postgresCellType } from '../masking/index.ts';
import { type Catalog, ReadingSpaces, type StatementReader } from '../sql/index.ts';
import type { Target, TargetColumn } from './classify-source.ts';

export type Relation = Parameters<Catalog['childrenOf']>[0];

export interface PostgresTarget extends Target {
  readonly relation: Relation;
}

export interface Targets {
  readonly targets: readonly PostgresTarget[];
  /** Schemas that were left out, and of which views in the others show columns. */
  readonly behindViews: readonly string[];
}

const LOOKED_AT = new Set<Relation['kind']>(['table', 'foreign-table', 'materialized-view', 'view']);

/** `schemas` empty: all of them. */
export function targetsOf(catalog: Catalog, reader: StatementReader, schemas: readonly string[]): Targets {
  const lineage = new ViewLineage(catalog, reader);
  const targets: PostgresTarget[] = [];
  const behind = new Set<string>();
  for (const relation of catalog.userRelations()) {
    if (!LOOKED_AT.has(relation.kind)) continue;
    if (schemas.length > 0 && !schemas.includes(relation.schema)) continue;
    const inherited = new Set(
      relation.parents.flatMap(
        (parent) => catalog.relation(parent.schema, parent.name)?.columns.map(({ name }) => name) ?? [],
      ),
    );
    const shown = lineage.of(relation);
    const columns: TargetColumn[] = [];
    relation.columns.forEach((column, n) => {
      // A mask of the parent holds for its partitions and children.
      if (inherited.has(column.name)) return;
      const bases = shown?.[n] ?? null;
      if (bases !== null) {
        for (const schema of bases) if (schemas.length > 0 && !schemas.includes(schema)) behind.add(schema);
        return;
      }
      const type = postgresCellType(column.typeOid, column.typeModifier, (oid) => catalog.typeByOid(oid));
      columns.push({
        schema: relation.schema,
        table: relation.name,
        column: column.name,
        typeName: column.type,
        type,
        sampled: relation.kind !== 'view' && canHold(type),
      });
    });
    const { schema, name } = relation;
    if (columns.length > 0) targets.push({ relation, schema, name, columns });
  }
  const named = ({ schema, name }: Target) => `${schema}.${name}`;
  targets.sort((a, b) => (named(a) < named(b) ? -1 : 1));
  return { targets, behindViews: [...behind].sort() };
}

const HOLDING = new Set<CellType['kind']>([
  'text',
  'json',
  'jsonb',
  'int4',
  'int8',
  'integer',
  'numeric',
  'float8',
  'composite',
]);

/** Whether values of a type can hold what detectors find. */
export function canHold(type: CellType): boolean {
  const base = baseOf(type);
  return base.kind === 'array' ? canHold(base.of) : HOLDING.has(base.kind);
}

/**
 * Views show columns of tables, and a mask of the table's column holds for them. Their queries are not run: they may
 * call functions, which would run with the rights of whoever classifies.
 */
class ViewLineage {
  readonly #catalog: Catalog;
  readonly #reader: StatementReader;
  readonly #spaces = new ReadingSpaces();

  constructor(catalog: Catalog, reader: StatementReader) {
    this.#catalog = catalog;
    this.#reader = reader;
  }

  /** For each column of a view the schemas of the tables behind it; null where they are not known, or there are none. */
  of(relation: Relation): readonly (readonly string[] | null)[] | null {
    if (relation.definition === null) return null;
    const space = this.#spaces.of({ catalog: this.#catalog, path: ['pg_catalog'], temporary: [] });
    const names = [relation.schema, relation.name].map(quotedIdentifier).join('.');
    const bytes = Buffer.from(`SELECT * FROM ${names}`);
    const read = this.#reader.read(space, bytes, 0, bytes.length);
    const outputs = read.outcome === 'entry' ? (read.entry.statements[0]?.outputs ?? null) : null;
    if (outputs === null || outputs.length !== relation.columns.length) return null;
    return outputs.map(({ origins }) => {
      if (origins === null) return null;
      const bases = origins.flatMap(({ schema, table }) => {
        const base = schema === null ? null : this.#catalog.relation(schema, table);
        return base === null || base.definition !== null ? [] : [base.schema];
      });
      return bases.length === 0 ? null : bases;
    });
  }
}

export function quotedIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
