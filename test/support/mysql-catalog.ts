/** Catalogs of MySQL and MariaDB for tests, written in few words. */
import { MysqlCatalog } from '../../src/sql/mysql/catalog.ts';
import type {
  MysqlColumn,
  MysqlRoutine,
  MysqlTable,
  ServerTraits,
} from '../../src/sql/mysql/catalog-model.ts';

export const MARIADB: ServerTraits = {
  flavour: 'mariadb',
  version: 101119,
  banner: null,
  lowerCaseTableNames: 0,
};
export const MYSQL: ServerTraits = { flavour: 'mysql', version: 90704, banner: null, lowerCaseTableNames: 0 };

export interface CatalogSketch {
  readonly traits?: ServerTraits;
  readonly schemas?: readonly string[];
  /** `shop.person`: columns as `id int` or `ssn varchar(11)`; the type may be left out. */
  readonly tables?: Readonly<Record<string, readonly string[]>>;
  /** `shop.v`: its columns and its text, every name in full. */
  readonly views?: Readonly<
    Record<string, { readonly columns: readonly string[]; readonly definition: string }>
  >;
  readonly routines?: readonly (Pick<MysqlRoutine, 'schema' | 'name'> & Partial<MysqlRoutine>)[];
  readonly loadable?: readonly string[];
  /** Whole tables, where the short forms say too little: unique keys, triggers, generated and invisible columns. */
  readonly whole?: readonly MysqlTable[];
  readonly epoch?: number;
}

export function sketchCatalog(sketch: CatalogSketch): MysqlCatalog {
  const tables = Object.entries(sketch.tables ?? {}).map(([name, columns]) => sketchTable(name, columns));
  const views = Object.entries(sketch.views ?? {}).map(
    ([name, { columns, definition }]): MysqlTable => ({
      ...sketchTable(name, columns),
      kind: 'view',
      definition,
    }),
  );
  const all = [...tables, ...views, ...(sketch.whole ?? [])];
  return new MysqlCatalog(
    sketch.traits ?? MARIADB,
    {
      schemas: [...new Set([...(sketch.schemas ?? []), ...all.map(({ schema }) => schema)])],
      tables: all,
      routines: (sketch.routines ?? []).map((routine) => ({
        kind: 'function',
        access: 'CONTAINS SQL',
        deterministic: false,
        body: null,
        ...routine,
      })),
      loadable: sketch.loadable ?? [],
    },
    sketch.epoch ?? 1,
  );
}

/** `schema.table` with columns as `name type`. */
export function sketchTable(qualified: string, columns: readonly string[]): MysqlTable {
  const [schema = '', name = ''] = qualified.split('.');
  return {
    schema,
    name,
    kind: 'table',
    columns: columns.map((written, n) => sketchColumn(written, n + 1)),
    definition: null,
    uniqueKeys: [],
    triggers: [],
  };
}

export function sketchColumn(written: string, number: number): MysqlColumn {
  const [name = '', ...type] = written.split(' ');
  return {
    name,
    number,
    type: type.join(' ') || 'int(11)',
    nullable: true,
    generation: null,
    invisible: false,
  };
}
