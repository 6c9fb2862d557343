/** What a text is read by, whatever the dialect: a catalog, where names are looked up, and the reader of one server. */

import { denialError } from '../../protocols/mysql/deny.ts';
import type { Denial } from '../core/decision.ts';
import {
  type Catalog,
  MysqlCatalog,
  type MysqlSessionReading,
  mysqlStatementTexts,
  ParsePool,
  type ReadingSpace,
  ReadingSpaces,
  readMysqlText,
  SqlEntry,
  type StatementReader,
} from '../sql/index.ts';
import type { AnyCatalog } from './known-catalog.ts';
import { mysqlServerName } from './mysql-catalogs.ts';
import { statementTexts } from './statement-texts.ts';

export type GroundReading =
  | { readonly outcome: 'entry'; readonly entry: SqlEntry }
  | { readonly outcome: 'denied'; readonly denial: Denial };

export interface Ground {
  readonly catalog: AnyCatalog;
  /** `server 17`, `MariaDB 10.11.6`. */
  readonly server: string;
  /** Postgres' major version; MySQL's and MariaDB's whole one, as in 80406. */
  readonly serverVersion: number;
  /** Schemas that are searched for unqualified names; the one database of MySQL. */
  readonly path: readonly string[];
  read(text: Buffer): Promise<GroundReading>;
  /** The code that a client reads of a denial: an SQLSTATE, or an error number with one. */
  codeOf(denial: Denial): string;
  /** The statements of a text, for display; null where it cannot be cut into them. */
  texts(sql: string): readonly string[] | null;
}

export class PostgresGround implements Ground {
  readonly catalog: Catalog;
  readonly path: readonly string[];
  readonly #reader: StatementReader;
  readonly #space: ReadingSpace;

  constructor(catalog: Catalog, reader: StatementReader, path: readonly string[]) {
    this.catalog = catalog;
    this.path = path;
    this.#reader = reader;
    this.#space = new ReadingSpaces().of({ catalog, path, temporary: [] });
  }

  get serverVersion(): number {
    return this.#reader.parser.major;
  }

  get server(): string {
    return `server ${this.serverVersion}`;
  }

  /** Reads as the gate does, and waits where the gate would ask again. */
  async read(text: Buffer): Promise<GroundReading> {
    const reader = this.#reader;
    let read = reader.read(this.#space, text, 0, text.length);
    if (read.outcome === 'busy') {
      await reader.parser.ready();
      read = reader.read(this.#space, text, 0, text.length);
    }
    if (read.outcome === 'large') {
      const pool = new ParsePool();
      try {
        const parsed = await pool.parse(reader.parser.major, text);
        await reader.parser.ready();
        read = reader.readParsed(this.#space, parsed);
      } finally {
        await pool.close();
      }
    }
    if (read.outcome === 'entry' || read.outcome === 'denied') return read;
    throw new Error(`the parser gave no answer (${read.outcome})`);
  }

  codeOf({ sqlstate }: Denial): string {
    return sqlstate;
  }

  texts(sql: string): readonly string[] | null {
    return statementTexts(this.#reader, sql);
  }
}

export class MysqlGround implements Ground {
  readonly catalog: MysqlCatalog;
  readonly path: readonly string[];
  readonly #reading: MysqlSessionReading;

  constructor(reading: MysqlSessionReading & { readonly catalog: MysqlCatalog }) {
    this.catalog = reading.catalog;
    this.path = typeof reading.schema === 'string' ? [reading.schema] : [];
    this.#reading = reading;
  }

  get serverVersion(): number {
    return this.catalog.traits.version;
  }

  get server(): string {
    return mysqlServerName(this.catalog.traits);
  }

  async read(text: Buffer): Promise<GroundReading> {
    const read = readMysqlText(this.#reading, text);
    return read.outcome === 'facts' ? { outcome: 'entry', entry: new SqlEntry(read.statements) } : read;
  }

  codeOf(denial: Denial): string {
    const { errno, sqlstate } = denialError(denial);
    return `${errno} (${sqlstate})`;
  }

  texts(sql: string): readonly string[] | null {
    return mysqlStatementTexts(this.#reading, Buffer.from(sql));
  }
}

/** Every relation of that name, whatever its schema. */
export function namedRelations(
  catalog: AnyCatalog,
  name: string,
): readonly { readonly schema: string; readonly name: string }[] {
  return catalog instanceof MysqlCatalog ? catalog.tablesNamed(name) : catalog.relationsNamed(name);
}
