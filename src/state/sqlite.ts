/**
 * The store in an SQLite file, by Node's own SQLite, or in memory. Calls are synchronous and short; transactions of a
 * process run one after the other, those of other processes (`sluice approvals` beside `sluice run`) are waited for
 * without holding up the event loop. A process that is killed loses nothing that was committed; a power cut may lose
 * the last transactions, as with a journal that is `written` and not `synced`.
 */
import { accessSync, closeSync, constants, existsSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type Clock,
  type Database,
  numberAt,
  type Row,
  type Transaction,
  textAt,
  type Value,
} from './database.ts';
import { MIGRATIONS, type MigrationGround, migrate, versionOf } from './migrations.ts';
import { isBusy, sqliteProblem } from './sqlite-errors.ts';
import { STORE_TOPICS, type StoreTopic, StoreUnavailable } from './store.ts';
import { Watchers } from './watch.ts';

/** How long another process's transaction is waited for. */
const BUSY_MS = 2_000;
const BUSY_PAUSE_MS = 5;
/** How often it is looked whether another process has changed something. */
const LOOK_MS = 200;
/** Kept prepared; the store has some thirty, and as many again as lists have lengths. */
const STATEMENTS_MAX = 100;
const PRIVATE_MODE = 0o600;

export const IN_MEMORY = ':memory:';

const GROUND: MigrationGround = {
  isThere: `SELECT 1 AS found FROM sqlite_master WHERE type = 'table' AND name = 'migrations'`,
  // A transaction that writes is alone from its start.
  lock: async () => {},
  makeSchema: async () => {},
};

export interface SqliteOptions {
  readonly clock?: Clock;
  readonly migrations?: readonly (readonly string[])[];
}

interface Open {
  readonly handle: DatabaseSync;
  readonly statements: Map<string, StatementSync>;
  /** Of the file, which somebody may move away or replace; 0 in memory. */
  readonly inode: number;
  dataVersion: number;
}

export class SqliteDatabase implements Database {
  readonly #file: string;
  readonly #clock: Clock;
  readonly #migrations: readonly (readonly string[])[];
  readonly #watchers = new Watchers();
  /** Topics and their counts as this process last saw them. */
  #seen = new Map<string, number>();
  #open: Open | null = null;
  #closed = false;
  #queue: Promise<unknown> = Promise.resolve();
  #looking: NodeJS.Timeout | null = null;

  /** Absolute, or IN_MEMORY. Nothing is opened before the first call. */
  constructor(file: string, { clock = (own) => own, migrations = MIGRATIONS }: SqliteOptions = {}) {
    this.#file = file;
    this.#clock = clock;
    this.#migrations = migrations;
  }

  write<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    return this.#inTurn(() => this.#transact('BEGIN IMMEDIATE', run));
  }

  read<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    return this.#inTurn(() => this.#transact('BEGIN', run));
  }

  watch(topic: StoreTopic, callback: () => void): () => void {
    if (this.#looking === null && this.#file !== IN_MEMORY && !this.#closed) {
      this.#looking = setInterval(() => this.#look(), LOOK_MS).unref();
    }
    const end = this.#watchers.add(topic, callback);
    return () => {
      end();
      if (this.#watchers.isEmpty) this.#stopLooking();
    };
  }

  async inspect(): Promise<void> {
    if (this.#file === IN_MEMORY) return;
    try {
      if (existsSync(this.#file)) await this.#inspectFile();
      else accessSync(dirname(this.#file), constants.W_OK | constants.X_OK);
    } catch (error) {
      const problem = sqliteProblem(error, this.#file);
      throw problem === null ? error : new StoreUnavailable(problem.message, { cause: error });
    }
  }

  async #inspectFile(): Promise<void> {
    const handle = new DatabaseSync(this.#file, { timeout: 0 });
    const open: Open = { handle, statements: new Map(), inode: 0, dataVersion: 0 };
    try {
      // The lock for writing is only to be had where the file can be written.
      await unlessBusy(() => handle.exec('BEGIN IMMEDIATE'));
      await versionOf(this.#transaction(open, new Set()), GROUND, this.#migrations.length);
    } finally {
      handle.close();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stopLooking();
    await this.#queue;
    this.#shut();
  }

  #inTurn<Result>(run: () => Promise<Result>): Promise<Result> {
    const result = this.#queue.then(run);
    this.#queue = result.catch(() => {});
    return result;
  }

  async #transact<Result>(
    begin: string,
    run: (transaction: Transaction) => Promise<Result>,
  ): Promise<Result> {
    if (this.#closed) throw new StoreUnavailable('the store is closed');
    try {
      if (this.#open !== null && this.#open.inode !== this.#inode()) this.#shut();
      const open = this.#open ?? (await this.#opened());
      return await this.#within(open, begin, run);
    } catch (error) {
      const problem = sqliteProblem(error, this.#file);
      if (problem === null) throw error;
      if (problem.reopen) this.#shut();
      throw new StoreUnavailable(problem.message, { cause: error });
    }
  }

  async #within<Result>(
    open: Open,
    begin: string,
    run: (transaction: Transaction) => Promise<Result>,
  ): Promise<Result> {
    await unlessBusy(() => open.handle.exec(begin));
    const topics = new Set<StoreTopic>();
    try {
      const result = await run(this.#transaction(open, topics));
      await unlessBusy(() => open.handle.exec('COMMIT'));
      this.#watchers.changed(topics);
      return result;
    } catch (error) {
      // SQLite has taken some failed transactions back by itself.
      if (open.handle.isTransaction) open.handle.exec('ROLLBACK');
      throw error;
    }
  }

  #transaction(open: Open, topics: Set<StoreTopic>): Transaction {
    const all = async (sql: string, ...values: readonly Value[]): Promise<readonly Row[]> => {
      let statement = open.statements.get(sql);
      if (statement === undefined) {
        if (open.statements.size >= STATEMENTS_MAX) open.statements.clear();
        statement = open.handle.prepare(sqliteText(sql));
        open.statements.set(sql, statement);
      }
      return statement.all(...values);
    };
    return {
      all,
      now: async () => this.#clock(Date.now()),
      changed: async (topic) => {
        const [row] = await all(
          `INSERT INTO sluice.changes AS c (topic, count) VALUES ($1, 1)
            ON CONFLICT (topic) DO UPDATE SET count = c.count + 1 RETURNING count`,
          topic,
        );
        if (row !== undefined) this.#seen.set(topic, numberAt(row, 'count'));
        topics.add(topic);
      },
    };
  }

  async #opened(): Promise<Open> {
    // SQLite would make it readable to everybody; its other two files have the mode of this one.
    if (this.#file !== IN_MEMORY && !existsSync(this.#file))
      closeSync(openSync(this.#file, 'a', PRIVATE_MODE));
    const handle = new DatabaseSync(this.#file, { timeout: 0, enableForeignKeyConstraints: true });
    const open: Open = { handle, statements: new Map(), inode: this.#inode(), dataVersion: 0 };
    try {
      await unlessBusy(() => handle.exec('PRAGMA journal_mode = WAL'));
      handle.exec('PRAGMA synchronous = NORMAL');
      await migrate((run) => this.#within(open, 'BEGIN IMMEDIATE', run), GROUND, this.#migrations);
    } catch (error) {
      handle.close();
      throw error;
    }
    open.dataVersion = dataVersion(open);
    this.#open = open;
    this.#tellOfOthers(open);
    return open;
  }

  /** The file's version number moves when another connection has written. */
  #look(): void {
    const open = this.#open;
    if (open === null) {
      // Not opened yet, or lost: who watches hears of it when it is there. What is wrong shows where the store is used.
      this.read((transaction) => transaction.now()).catch(() => {});
      return;
    }
    if (open.handle.isTransaction) return;
    try {
      const version = dataVersion(open);
      if (version === open.dataVersion) return;
      open.dataVersion = version;
      this.#tellOfOthers(open);
    } catch (error) {
      // Looked at again next time.
      if (sqliteProblem(error, this.#file) === null) throw error;
    }
  }

  /** Calls whoever watches a topic whose count is not what this process has seen. */
  #tellOfOthers({ handle }: Open): void {
    const rows = handle.prepare('SELECT topic, count FROM changes').all();
    const counts = new Map(rows.map((row) => [textAt(row, 'topic'), numberAt(row, 'count')]));
    const changed = STORE_TOPICS.filter((topic) => counts.get(topic) !== this.#seen.get(topic));
    this.#seen = counts;
    this.#watchers.changed(changed);
  }

  #inode(): number {
    return this.#file === IN_MEMORY ? 0 : (statSync(this.#file, { throwIfNoEntry: false })?.ino ?? 0);
  }

  #stopLooking(): void {
    if (this.#looking !== null) clearInterval(this.#looking);
    this.#looking = null;
  }

  #shut(): void {
    this.#open?.handle.close();
    this.#open = null;
  }
}

function dataVersion({ handle }: Open): number {
  return numberAt(handle.prepare('PRAGMA data_version').get() ?? {}, 'data_version');
}

/** From the words that both databases share (database.ts). */
function sqliteText(sql: string): string {
  return sql
    .replaceAll('sluice.', '')
    .replaceAll(' FOR UPDATE', '')
    .replaceAll(/\$(\d+)/g, '?$1');
}

/** Tries again while another process writes. */
async function unlessBusy(run: () => void): Promise<void> {
  const deadline = performance.now() + BUSY_MS;
  for (;;) {
    try {
      return run();
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
      await delay(BUSY_PAUSE_MS);
    }
  }
}
