/** What a catalog of either kind says to those who check policies and look through databases: names and types. */
import { type CellDialect, type CellType, mysqlColumnType, postgresCellType } from '../masking/index.ts';
import { Catalog, MYSQL_BUILTIN_SCHEMA, type MysqlCatalog, mysqlBuiltinNames } from '../sql/index.ts';

export type AnyCatalog = Catalog | MysqlCatalog;

export interface KnownColumn {
  readonly name: string;
  /** As the server prints it. */
  readonly typeName: string;
  /** Null where the catalog does not tell. */
  readonly type: CellType | null;
}

export interface KnownRelation {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly KnownColumn[];
}

export interface KnownCatalog {
  readonly dialect: CellDialect;
  /** What is not the server's own. */
  readonly relations: readonly KnownRelation[];
  /** What comes with the server. */
  readonly builtinRelations: readonly {
    readonly schema: string;
    readonly name: string;
    readonly columns: readonly string[];
  }[];
  readonly functions: readonly { readonly schema: string; readonly name: string }[];
}

/** A catalog never changes, and is asked again whenever a policy is. */
const known = new WeakMap<AnyCatalog, KnownCatalog>();

export function knownIn(catalog: AnyCatalog): KnownCatalog {
  const found = known.get(catalog) ?? (catalog instanceof Catalog ? ofPostgres(catalog) : ofMysql(catalog));
  known.set(catalog, found);
  return found;
}

/** Tables and views that have columns: no indexes. */
export function tablesIn(catalog: AnyCatalog): number {
  if (!(catalog instanceof Catalog)) return knownIn(catalog).relations.length;
  let count = 0;
  for (const relation of catalog.userRelations())
    if (relation.columns.length > 0 && relation.kind !== 'index') count++;
  return count;
}

function ofPostgres(catalog: Catalog): KnownCatalog {
  const relations = [...catalog.userRelations()].map(({ schema, name, columns }) => ({
    schema,
    name,
    columns: columns.map((column) => ({
      name: column.name,
      typeName: column.type,
      type:
        column.typeOid === 0
          ? null
          : postgresCellType(column.typeOid, column.typeModifier, (oid) => catalog.typeByOid(oid)),
    })),
  }));
  const builtinRelations = [...catalog.builtins.relations].flatMap(([schema, tables]) =>
    [...tables].map(([name, { columns }]) => ({ schema, name, columns })),
  );
  const functions = [
    ...catalog.userFunctions(),
    ...[...catalog.builtins.functions].flatMap(([schema, named]) =>
      [...named.keys()].map((name) => ({ schema, name })),
    ),
  ];
  return { dialect: 'postgres', relations, builtinRelations, functions };
}

function ofMysql(catalog: MysqlCatalog): KnownCatalog {
  const { tables, routines, loadable } = catalog.objects;
  const own = new Set(catalog.userTables());
  const relations = [...own].map(({ schema, name, columns }) => ({
    schema,
    name,
    columns: columns.map((column) => ({
      name: column.name,
      typeName: column.type,
      type: mysqlColumnType(column.type),
    })),
  }));
  const builtinRelations = tables
    .filter((table) => !own.has(table))
    .map(({ schema, name, columns }) => ({ schema, name, columns: columns.map((column) => column.name) }));
  const builtins = [...mysqlBuiltinNames(catalog.traits.flavour), ...loadable];
  const functions = [
    ...routines.map(({ schema, name }) => ({ schema, name })),
    ...builtins.map((name) => ({ schema: MYSQL_BUILTIN_SCHEMA, name })),
  ];
  return { dialect: 'mysql', relations, builtinRelations, functions };
}
