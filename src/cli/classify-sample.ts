/** Reads samples of columns over one connection: read only, each statement under a time limit. */
import type pg from 'pg';
import { baseOf } from '../masking/index.ts';
import type { Catalog } from '../sql/index.ts';
import { type CatalogAccount, connectTo } from '../transport/catalog-source.ts';
import {
  CHARACTERS_MAX,
  FORBIDDEN,
  LOCK_TIMEOUT_S,
  type Page,
  STATEMENT_TIMEOUT_S,
  STORED_BYTES_MAX,
  sampleByPages,
  type TableSample,
  type TargetColumn,
} from './classify-source.ts';
import { quotedIdentifier, type Relation } from './classify-targets.ts';
import { errorText } from './error-text.ts';

/** Tables this many times larger than the sample are sampled by random pages, not from their beginning. */
const LARGE_TIMES = 10;
/** Rows wanted of random pages for each row of the sample, since estimates may be old. */
const OVERSHOOT = 2;
/** A guess, for tables that nobody has analyzed. */
const ROW_BYTES = 100;

export class Sampler {
  readonly #client: pg.Client;
  readonly #rows: number;
  #lost: Error | null = null;

  private constructor(client: pg.Client, rows: number) {
    this.#client = client;
    this.#rows = rows;
    client.on('error', (error) => {
      this.#lost = error;
    });
  }

  static async open(account: CatalogAccount, rows: number): Promise<Sampler> {
    const settings = [
      // Names are written in full, so that nobody's function stands in for the server's.
      'search_path=',
      'default_transaction_read_only=on',
      // Policies of tables may call functions: such tables are left out rather than read in part.
      'row_security=off',
      `statement_timeout=${STATEMENT_TIMEOUT_S}s`,
      `lock_timeout=${LOCK_TIMEOUT_S}s`,
    ];
    const options = settings.map((setting) => `-c ${setting}`).join(' ');
    return new Sampler(await connectTo(account, options, 'sluice classify'), rows);
  }

  /** Rows of each table as the server believes, by pg_class.oid. Empty where it would not say. */
  async estimates(): Promise<ReadonlyMap<number, number>> {
    try {
      const answer = await this.#client.query<{ oid: string; rows: number }>(
        `SELECT oid::pg_catalog.text AS oid, CASE WHEN reltuples > 0 THEN reltuples::pg_catalog.float8
                ELSE pg_catalog.pg_relation_size(oid)::pg_catalog.float8 / ${ROW_BYTES} END AS rows
           FROM pg_catalog.pg_class WHERE relkind IN ('r', 'm', 't') AND oid >= 16384`,
      );
      return new Map(answer.rows.map(({ oid, rows }) => [Number(oid), Number(rows)]));
    } catch (error) {
      this.#reasonOf(error);
      return new Map();
    }
  }

  async sample(relation: Relation, columns: readonly TargetColumn[], estimate: number): Promise<TableSample> {
    return await sampleByPages(columns, this.#rows, (some) => this.#read(relation, some, estimate));
  }

  async #read(relation: Relation, columns: readonly TargetColumn[], estimate: number): Promise<Page> {
    const list = columns.map(cellOf).join(', ');
    const table = [relation.schema, relation.name].map(quotedIdentifier).join('.');
    if (relation.kind !== 'foreign-table' && estimate > this.#rows * LARGE_TIMES) {
      const percent = Math.min(100, (100 * OVERSHOOT * this.#rows) / estimate);
      const page = await this.#query(
        `SELECT ${list} FROM ${table} TABLESAMPLE SYSTEM (${percent.toFixed(8)}) LIMIT ${this.#rows}`,
      );
      // The estimate may be old, or rows may lie in few pages.
      if (page.failure !== null || page.rows.length >= this.#rows / 4) return page;
    }
    return await this.#query(`SELECT ${list} FROM ${table} LIMIT ${this.#rows}`);
  }

  async #query(sql: string): Promise<Page> {
    try {
      await this.#client.query('BEGIN READ ONLY');
      const answer = await this.#client.query<(string | null)[]>({
        text: sql,
        rowMode: 'array',
        types: { getTypeParser: () => (text: string) => text },
      });
      await this.#client.query('COMMIT');
      return { rows: answer.rows, failure: null };
    } catch (error) {
      const failure = this.#reasonOf(error);
      await this.#client.query('ROLLBACK');
      return { rows: [], failure };
    }
  }

  /** Why a statement failed, in words of our own. Throws where the connection is gone. */
  #reasonOf(error: unknown): string {
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
    if (this.#lost !== null || (typeof code === 'string' && ENDING.has(code))) {
      throw new Error(`the connection was lost: ${errorText(this.#lost ?? error)}`);
    }
    if (typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code)) throw error;
    return REASONS.get(code) ?? `the server gave an error (SQLSTATE ${code})`;
  }

  async close(): Promise<void> {
    await this.#client.end().catch(() => {});
  }
}

/** The server ends the connection: it is told to stop, or another process of it has crashed. */
const ENDING = new Set(['57P01', '57P02', '57P05']);

const REASONS: ReadonlyMap<string, string> = new Map([
  ['42501', FORBIDDEN],
  ['57014', `it took longer than ${STATEMENT_TIMEOUT_S} s`],
  ['55P03', 'it is locked by somebody else'],
  ['55000', 'it has not been populated'],
  ['42P01', 'it is not there any more'],
  ['42703', 'its columns have changed'],
]);

/** Nothing here calls a function that a user has made: casts and output functions of built-in types only. */
function cellOf({ column, type }: TargetColumn): string {
  const name = quotedIdentifier(column);
  if (baseOf(type).kind === 'text') return `pg_catalog."left"(${name}, ${CHARACTERS_MAX})`;
  return `CASE WHEN pg_catalog.pg_column_size(${name}) <= ${STORED_BYTES_MAX} THEN ${name} END`;
}

/** Rows of a table with those of its partitions and children. */
export function estimateOf(
  catalog: Catalog,
  relation: Relation,
  estimates: ReadonlyMap<number, number>,
): number {
  let sum = relation.oid === null ? 0 : (estimates.get(relation.oid) ?? 0);
  for (const child of catalog.childrenOf(relation)) sum += estimateOf(catalog, child, estimates);
  return sum;
}
