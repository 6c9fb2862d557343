/** Columns of Postgres results, by the numbers of RowDescription and the catalog. */
import type { OutputColumn } from '../core/facts.ts';
import type { ResultField } from '../core/masks.ts';
import { type CellType, postgresCellType, UNKNOWN } from '../masking/index.ts';
import type { Catalog, CurrentCatalog } from '../sql/index.ts';
import type { ResultDescriber, ServersWord } from './result-describer.ts';

/** Objects of the server's own have lower numbers (FirstNormalObjectId in access/transam.h). */
const FIRST_USER_OID = 16_384;

export class PostgresDescriber implements ResultDescriber {
  readonly #catalog: CurrentCatalog<Catalog>;

  constructor(catalog: CurrentCatalog<Catalog>) {
    this.#catalog = catalog;
  }

  cellType(field: ResultField): CellType {
    return field.dialect === 'postgres' ? this.#typeOf(field.typeOid, field.typeModifier) : UNKNOWN;
  }

  #typeOf(oid: number, modifier: number): CellType {
    const catalog = this.#catalog.current;
    return postgresCellType(oid, modifier, (other) => catalog?.typeByOid(other));
  }

  word(field: ResultField): ServersWord {
    if (field.dialect !== 'postgres') return { is: 'unknown' };
    if (field.tableOid < FIRST_USER_OID) return { is: 'none' };
    const relation = this.#catalog.current?.relationByOid(field.tableOid) ?? null;
    if (relation === null) return { is: 'unknown' };
    const { schema, name: table, columns } = relation;
    // The whole row is number 0; system columns, which hold no data, are below.
    if (field.columnNumber === 0)
      return { is: 'row', schema, table, columns: columns.map(({ name }) => name) };
    if (field.columnNumber < 0) return { is: 'none' };
    const column = columns.find(({ number }) => number === field.columnNumber);
    return column === undefined
      ? { is: 'unknown-column' }
      : { is: 'column', schema, table, column: column.name };
  }

  copiedType({ origins }: OutputColumn): CellType {
    const catalog = this.#catalog.current;
    const copied = origins?.filter(({ how }) => how === 'copied') ?? [];
    for (const { schema, table, column: name } of copied) {
      if (schema === null) continue;
      const column = catalog?.relation(schema, table)?.columns.find((candidate) => candidate.name === name);
      if (column !== undefined && column.typeOid !== 0)
        return this.#typeOf(column.typeOid, column.typeModifier);
    }
    return UNKNOWN;
  }
}
