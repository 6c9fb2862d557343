/**
 * Columns of MySQL and MariaDB results, by the names in their definitions and the catalog. The names are less than
 * Postgres' numbers: MariaDB gives aliases of derived tables for tables, and both servers give names that derived
 * tables have made up. So a name that the catalog does not have says nothing, and lineage stands alone.
 */
import type { OutputColumn } from '../core/facts.ts';
import type { MysqlResultField, ResultField } from '../core/masks.ts';
import { type CellType, mysqlCellType, mysqlColumnType, UNKNOWN } from '../masking/index.ts';
import { type CurrentCatalog, foldName, type MysqlCatalog } from '../sql/index.ts';
import type { ResultDescriber, ServersWord } from './result-describer.ts';

interface Named {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
  /** As COLUMN_TYPE has it. */
  readonly type: string;
}

export class MysqlDescriber implements ResultDescriber {
  readonly #catalog: CurrentCatalog<MysqlCatalog>;

  constructor(catalog: CurrentCatalog<MysqlCatalog>) {
    this.#catalog = catalog;
  }

  cellType(field: ResultField): CellType {
    if (field.dialect !== 'mysql') return UNKNOWN;
    const bare = mysqlCellType(field);
    if (bare.kind !== 'enum') return bare;
    const named = this.#named(field);
    const declared = named === null ? UNKNOWN : mysqlColumnType(named.type);
    return declared.kind === 'enum' ? declared : bare;
  }

  word(field: ResultField): ServersWord {
    const named = field.dialect === 'mysql' ? this.#named(field) : null;
    return named === null ? { is: 'none' } : { is: 'column', ...named };
  }

  #named({ schema, table, column }: MysqlResultField): Named | null {
    const catalog = this.#catalog.current;
    if (catalog === null || table === '' || column === '') return null;
    return schema === '' ? onlyNamed(catalog, table, column) : columnOf(catalog.table(schema, table), column);
  }

  copiedType({ origins }: OutputColumn): CellType {
    const catalog = this.#catalog.current;
    for (const { schema, table, column, how } of origins ?? []) {
      if (how !== 'copied' || schema === null || catalog === null) continue;
      const named = columnOf(catalog.table(schema, table), column);
      if (named !== null) return mysqlColumnType(named.type);
    }
    return UNKNOWN;
  }
}

type Table = ReturnType<MysqlCatalog['table']>;

/** Behind a derived table MariaDB leaves the schema out. */
function onlyNamed(catalog: MysqlCatalog, table: string, column: string): Named | null {
  const found = catalog.tablesNamed(table).flatMap((candidate) => columnOf(candidate, column) ?? []);
  const [first, second] = found;
  return second === undefined ? (first ?? null) : null;
}

function columnOf(table: Table, name: string): Named | null {
  const folded = foldName(name);
  const column = table?.columns.find((candidate) => foldName(candidate.name) === folded) ?? null;
  if (table === null || column === null) return null;
  return { schema: table.schema, table: table.name, column: column.name, type: column.type };
}
