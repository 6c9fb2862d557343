/**
 * The store in a Postgres database, schema `sluice`, for several instances. Whatever an instance leaves half-done is
 * rolled back by the server; rows are locked by who changes them, so READ COMMITTED is enough. A commit whose answer is
 * lost is told as StoreUnavailable: what it did may be done.
 */
import type pg from 'pg';
import { type Clock, type Database, numberAt, type Row, type Transaction, type Value } from './database.ts';
import { MIGRATIONS, type MigrationGround, migrate, versionOf } from './migrations.ts';
import { PostgresConnections } from './postgres-connections.ts';
import { mayBeRepeated, NO_RIGHTS, postgresProblem, tablesAreGone } from './postgres-errors.ts';
import { CHANNEL, PostgresNotices } from './postgres-notices.ts';
import { type StoreTopic, StoreUnavailable } from './store.ts';

const ATTEMPTS = 4;
/** Any number that no other program takes for its own lock: "sluice" in ASCII. */
const MIGRATION_LOCK = 0x73_6c_75_69_63_65;

const GROUND: MigrationGround = {
  isThere: `SELECT 1 AS found FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'sluice' AND c.relname = 'migrations'`,
  async lock(transaction) {
    await transaction.all('SELECT pg_catalog.pg_advisory_xact_lock($1)', MIGRATION_LOCK);
  },
  async makeSchema(transaction) {
    // IF NOT EXISTS would ask for the right to make schemas though there is one already.
    const [found] = await transaction.all(
      `SELECT 1 AS found FROM pg_catalog.pg_namespace WHERE nspname = 'sluice'`,
    );
    if (found === undefined) await transaction.all('CREATE SCHEMA sluice');
  },
};

/** A row where this role could make or change the tables. */
const RIGHT_TO_MIGRATE = `SELECT 1 AS found WHERE CASE
    WHEN EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'sluice')
    THEN pg_catalog.has_schema_privilege('sluice', 'CREATE')
    ELSE pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') END`;

export interface PostgresOptions {
  /** Makes a connection; rejects with an error whose message is safe to log. */
  readonly connect: () => Promise<pg.Client>;
  /** The database in words, for messages: `host:port/database`. */
  readonly name: string;
  readonly clock?: Clock;
  readonly migrations?: readonly (readonly string[])[];
}

export class PostgresDatabase implements Database {
  readonly #name: string;
  readonly #clock: Clock;
  readonly #migrations: readonly (readonly string[])[];
  readonly #connections: PostgresConnections;
  readonly #notices: PostgresNotices;
  #ready: Promise<void> | null = null;
  #closed = false;

  /** Nothing is dialled before the first call. */
  constructor({ connect, name, clock = (own) => own, migrations = MIGRATIONS }: PostgresOptions) {
    this.#name = name;
    this.#clock = clock;
    this.#migrations = migrations;
    this.#connections = new PostgresConnections(connect);
    this.#notices = new PostgresNotices(connect, () => this.#connections.retryNow());
  }

  write<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    return this.#transact('BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE', run);
  }

  read<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    return this.#transact('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', run);
  }

  watch(topic: StoreTopic, callback: () => void): () => void {
    return this.#notices.watch(topic, callback);
  }

  async inspect(): Promise<void> {
    try {
      await this.#once('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', async (transaction) => {
        const version = await versionOf(transaction, GROUND, this.#migrations.length);
        if (version === this.#migrations.length) return;
        const [row] = await transaction.all(RIGHT_TO_MIGRATE);
        if (row === undefined)
          throw new StoreUnavailable(`the store ${this.#name} cannot be used: ${NO_RIGHTS}`);
      });
    } catch (error) {
      const problem = postgresProblem(error, this.#name);
      throw problem === null ? error : new StoreUnavailable(problem, { cause: error });
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#notices.close(), this.#connections.close()]);
  }

  async #transact<Result>(
    begin: string,
    run: (transaction: Transaction) => Promise<Result>,
  ): Promise<Result> {
    if (this.#closed) throw new StoreUnavailable('the store is closed');
    try {
      await this.#prepared();
      return await this.#repeated(begin, run);
    } catch (error) {
      if (tablesAreGone(error)) this.#ready = null;
      const problem = postgresProblem(error, this.#name);
      if (problem === null) throw error;
      throw new StoreUnavailable(problem, { cause: error });
    }
  }

  #prepared(): Promise<void> {
    if (this.#ready !== null) return this.#ready;
    const ready = migrate(
      (step) => this.#repeated('BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE', step),
      GROUND,
      this.#migrations,
    );
    this.#ready = ready;
    // What could not be prepared is prepared again at the next call.
    ready.catch(() => {
      if (this.#ready === ready) this.#ready = null;
    });
    return ready;
  }

  async #repeated<Result>(
    begin: string,
    run: (transaction: Transaction) => Promise<Result>,
  ): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(begin, run);
      } catch (error) {
        if (attempt === ATTEMPTS || !mayBeRepeated(error)) throw error;
      }
    }
  }

  async #once<Result>(begin: string, run: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    const topics = new Set<StoreTopic>();
    const result = await this.#connections.use(begin, async (client) => {
      const made = await run(this.#transaction(client, topics));
      await client.query('COMMIT');
      return made;
    });
    this.#notices.changed(topics);
    return result;
  }

  #transaction(client: pg.Client, topics: Set<StoreTopic>): Transaction {
    const all = async (sql: string, ...values: readonly Value[]): Promise<readonly Row[]> => {
      const result = await client.query<Record<string, unknown>>(sql, values.map(storable));
      return result.rows;
    };
    return {
      all,
      now: async () => {
        const [row] = await all(
          'SELECT CAST(extract(epoch FROM pg_catalog.clock_timestamp()) * 1000 AS bigint) AS now',
        );
        return this.#clock(numberAt(row ?? {}, 'now'));
      },
      changed: async (topic) => {
        if (topics.has(topic)) return;
        topics.add(topic);
        await all(`SELECT pg_catalog.pg_notify($1, $2)`, CHANNEL, this.#notices.payload(topic));
      },
    };
  }
}

/** Postgres has no character of code 0. */
function storable(value: Value): Value {
  return typeof value === 'string' ? value.replaceAll('\0', '\ufffd') : value;
}
