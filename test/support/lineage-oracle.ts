/**
 * Which base columns an output column really depends on: one column's values are changed in the real database, in a
 * transaction that is rolled back, and the query is run again.
 */
import { Client } from 'pg';
import type { StatementFacts } from '../../src/core/facts.ts';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { FactsCache } from '../../src/sql/facts-cache.ts';
import { Catalog, readCatalogObjects, StatementReader } from '../../src/sql/index.ts';
import { maskingFile } from './masking-twins.ts';

/** Statements that give every row another value of one column; some of them make it NULL now and then. */
const CHANGES: Readonly<Record<string, string>> = {
  'hr.person.name': "name = 'N' || md5(name || $1)",
  'hr.person.city': "city = (ARRAY['Rome', 'Oslo', 'Cork', 'X' || $1])[1 + hashtext(id || $1) % 2 + 1]",
  'hr.person.ssn': "ssn = CASE WHEN hashtext(id || $1) % 5 <> 0 THEN 'S' || md5(id || $1) END",
  'hr.person.pin': 'pin = abs(hashtext(id || $1)) % 900000000',
  'hr.person.born': "born = date '1930-01-01' + abs(hashtext(id || $1)) % 30000",
  'hr.person.doc': "doc = jsonb_build_object('a', md5(id || $1), 'n', hashtext($1))",
  'hr.person.info': "info = jsonb_build_object('a', md5($1 || id))",
  'hr.person.card': "card = lpad((abs(hashtext(id || $1))::bigint)::text, 16, '4')",
  'hr.person.tags': 'tags = ARRAY[md5(id || $1)]',
  'hr.visit.person_id': 'person_id = 1 + abs(hashtext(id || $1)) % 40',
  'hr.visit.day': "day = date '2020-01-01' + abs(hashtext(id || $1)) % 3000",
  'hr.visit.minutes': 'minutes = abs(hashtext(id || $1)) % 60',
  'hr.visit.note': "note = CASE WHEN hashtext(id || $1) % 3 <> 0 THEN 'note ' || md5(id || $1) END",
  'hr.vendor.name': "name = 'V' || md5(id || $1)",
  'hr.vendor.ssn': 'ssn = CASE WHEN hashtext(id || $1) % 3 <> 0 THEN md5($1 || id) END',
  'hr.vendor.pin': 'pin = abs(hashtext(id || $1)) % 50',
  'hr.vendor.city': "city = 'C' || md5(id || $1)",
  'hr.asset.label': "label = 'L' || md5(id || $1)",
  'hr.asset.serial': "serial = 'A' || md5(id || $1)",
};

export interface OracleTally {
  queries: number;
  failed: number;
  /** Pairs of an output column and a base column that were tried. */
  pairs: number;
  /** Output columns that changed without the base column in their lineage. */
  readonly missed: string[];
  /** Origins that were named and seen to matter, and those that never changed anything. */
  trueOrigins: number;
  readonly falseOrigins: string[];
  unknown: number;
}

export function newOracleTally(): OracleTally {
  return { queries: 0, failed: 0, pairs: 0, missed: [], trueOrigins: 0, falseOrigins: [], unknown: 0 };
}

export class LineageOracle {
  readonly #postgres: PostgresServer;
  readonly #client: Client;
  readonly #reader: StatementReader;
  readonly #catalog: Catalog;

  private constructor(postgres: PostgresServer, client: Client, reader: StatementReader, catalog: Catalog) {
    this.#postgres = postgres;
    this.#client = client;
    this.#reader = reader;
    this.#catalog = catalog;
  }

  static async start(): Promise<LineageOracle> {
    const postgres = await startPostgres({
      settings: { autovacuum: 'off', max_parallel_workers_per_gather: '0' },
    });
    const client = new Client({ connectionString: postgres.url() });
    await client.connect();
    await client.query(maskingFile('schema.sql'));
    await client.query("SET canary.salt = 'first'");
    await client.query(maskingFile('data.sql'));
    await client.query(
      'DROP TRIGGER noted ON hr.person; ALTER TABLE hr.visit DROP CONSTRAINT visit_person_id_fkey',
    );
    await client.query("SET search_path = ''");
    const objects = await readCatalogObjects(async (sql) => (await client.query(sql)).rows, 18);
    await client.query('RESET search_path');
    const reader = await StatementReader.load(18);
    return new LineageOracle(postgres, client, reader, new Catalog(18, objects, 1));
  }

  async stop(): Promise<void> {
    await this.#client.end();
    await this.#postgres.stop();
  }

  async facts(sql: string): Promise<StatementFacts | null> {
    const bytes = Buffer.from(sql);
    const space = {
      reading: { catalog: this.#catalog, path: ['pg_catalog', 'public'], temporary: [] },
      cache: new FactsCache(),
    };
    for (;;) {
      const outcome = this.#reader.read(space, bytes, 0, bytes.length);
      if (outcome.outcome === 'busy') await this.#reader.parser.ready();
      else return outcome.outcome === 'entry' ? (outcome.entry.statements[0] ?? null) : null;
    }
  }

  /** Holds one query's lineage against what changes. `rounds`: how many other values each column gets. */
  async check(sql: string, rounds: number, tally: OracleTally): Promise<void> {
    const facts = await this.facts(sql);
    if (facts === null) throw new Error(`not read: ${sql}`);
    const before = await this.#columns(sql);
    if (before === null || before.length === 0) {
      tally.failed++;
      return;
    }
    tally.queries++;
    const outputs = facts.outputs?.length === before.length ? facts.outputs : null;
    for (const [column, change] of Object.entries(CHANGES)) {
      const [schema = '', table = '', name = ''] = column.split('.');
      // What decides on the rows of a view is its maker's affair; hr.counts groups by the city.
      const inView = column === 'hr.person.city' && facts.relations.some((use) => use.name === 'counts');
      const elsewhere =
        inView || facts.columns.some((use) => use.place !== 'output' && isColumn(use, schema, table, name));
      const named = before.map((_, n) => {
        const origins = outputs?.[n]?.origins ?? null;
        return origins === null ? null : origins.some((origin) => isColumn(origin, schema, table, name));
      });
      const reached = facts.relations.some((use) => use.name === table && use.schema === schema);
      if (!reached && !elsewhere && !named.includes(true)) continue;
      const changed = await this.#changed(sql, table, change, before, rounds);
      changed.forEach((has, n) => {
        tally.pairs++;
        const known = named[n];
        if (known === null || known === undefined) tally.unknown++;
        else if (has && !known && !elsewhere) tally.missed.push(`${column} → column ${n + 1} of ${sql}`);
        else if (known && has) tally.trueOrigins++;
        else if (known) tally.falseOrigins.push(`${column} → column ${n + 1} of ${sql}`);
      });
    }
  }

  /** By output column: whether any of the changes showed in it. */
  async #changed(
    sql: string,
    table: string,
    change: string,
    before: readonly string[],
    rounds: number,
  ): Promise<boolean[]> {
    const changed = before.map(() => false);
    for (let round = 0; round < rounds; round++) {
      await this.#client.query('BEGIN');
      await this.#client.query(`UPDATE hr.${table} SET ${change.replaceAll('$1', `'${round}'`)}`);
      const after = await this.#columns(sql);
      await this.#client.query('ROLLBACK');
      after?.forEach((value, n) => {
        if (value !== before[n]) changed[n] = true;
      });
      if (after === null || after.length === 0) changed.fill(true);
    }
    return changed;
  }

  /**
   * The values of each output column, in no order, and with their characters in none: an aggregate takes its rows as
   * they lie in the table. Null where the query fails.
   */
  async #columns(sql: string): Promise<readonly string[] | null> {
    await this.#client.query('SAVEPOINT s').catch(() => undefined);
    try {
      const { rows, fields } = await this.#client.query<unknown[]>({ text: sql, rowMode: 'array' });
      return fields.map((_, n) =>
        rows
          .map((row) => [...JSON.stringify(row[n] ?? null)].sort().join(''))
          .sort()
          .join('\n'),
      );
    } catch {
      await this.#client.query('ROLLBACK TO s').catch(() => undefined);
      return null;
    }
  }
}

function isColumn(
  use: { readonly schema: string | null; readonly table: string; readonly column: string },
  schema: string,
  table: string,
  column: string,
): boolean {
  return use.schema === schema && use.table === table && use.column === column;
}
