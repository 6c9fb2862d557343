/**
 * A few connections to the store's Postgres. While the server cannot be reached nobody waits for it: between two tries,
 * further and further apart, every call is told at once what was wrong with the last one.
 */
import type pg from 'pg';

const CONNECTIONS_MAX = 4;
/** From asking for a connection to the commit; an answer that takes longer is none. */
const TRANSACTION_MS = 5_000;
const PAUSE_MS_MIN = 100;
const PAUSE_MS_MAX = 5_000;

export class PostgresConnections {
  readonly #connect: () => Promise<pg.Client>;
  readonly #idle: pg.Client[] = [];
  readonly #waiting: (() => void)[] = [];
  #inUse = 0;
  #pauseMs = 0;
  #pausedUntil = 0;
  #lastError: unknown = null;
  #closed = false;

  constructor(connect: () => Promise<pg.Client>) {
    this.#connect = connect;
  }

  /** Begins a transaction and runs it; what throws is rolled back. `run` commits. */
  async use<Result>(begin: string, run: (client: pg.Client) => Promise<Result>): Promise<Result> {
    const deadline = performance.now() + TRANSACTION_MS;
    await this.#place(deadline);
    try {
      const client = await this.#begun(begin);
      const timer = setTimeout(
        // Ends the socket while a query runs, so that the query is rejected.
        () => void client.end().catch(() => {}),
        Math.max(1, deadline - performance.now()),
      );
      try {
        const result = await run(client);
        clearTimeout(timer);
        this.#keep(client);
        return result;
      } catch (error) {
        await this.#rolledBack(client);
        throw error;
      } finally {
        clearTimeout(timer);
      }
    } finally {
      this.#inUse--;
      this.#waiting.shift()?.();
    }
  }

  /** The server was reached on another way. */
  retryNow(): void {
    this.#pauseMs = 0;
    this.#pausedUntil = 0;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#idle.splice(0).map((client) => client.end().catch(() => {})));
  }

  async #place(deadline: number): Promise<void> {
    while (this.#inUse >= CONNECTIONS_MAX) {
      if (performance.now() > deadline) throw new Error('all connections to the store are busy');
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#inUse++;
  }

  /** A connection that lay idle may have died meanwhile: then the next is taken, and at last a new one. */
  async #begun(begin: string): Promise<pg.Client> {
    for (let client = this.#idle.pop(); client !== undefined; client = this.#idle.pop()) {
      try {
        await client.query(begin);
        return client;
      } catch {
        void client.end().catch(() => {});
      }
    }
    if (performance.now() < this.#pausedUntil) throw this.#lastError;
    try {
      const client = await this.#connect();
      client.on('error', () => this.#drop(client));
      await client.query(begin);
      this.retryNow();
      return client;
    } catch (error) {
      this.#lastError = error;
      this.#pauseMs = Math.min(PAUSE_MS_MAX, Math.max(PAUSE_MS_MIN, this.#pauseMs * 2));
      this.#pausedUntil = performance.now() + this.#pauseMs;
      throw error;
    }
  }

  async #rolledBack(client: pg.Client): Promise<void> {
    try {
      await client.query('ROLLBACK');
      this.#keep(client);
    } catch {
      void client.end().catch(() => {});
    }
  }

  #keep(client: pg.Client): void {
    if (this.#closed) void client.end().catch(() => {});
    else this.#idle.push(client);
  }

  #drop(client: pg.Client): void {
    const at = this.#idle.indexOf(client);
    if (at >= 0) this.#idle.splice(at, 1);
  }
}
