/**
 * A few connections to the store's Postgres. While the server cannot be reached nobody waits for it: between two tries,
 * further and further apart, every call is told at once what was wrong with the last one.
 */
import type pg from 'pg';
import { farewell, hangUp } from './postgres-farewell.ts';

const CONNECTIONS_MAX = 4;
/** From asking for a connection to the commit; an answer that takes longer is none. */
const TRANSACTION_MS = 5_000;
const ROLLBACK_MS = 1_000;
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
      const client = await this.#begun(begin, deadline);
      try {
        const result = await inTime(client, deadline, () => run(client));
        this.#keep(client);
        return result;
      } catch (error) {
        await this.#rollBack(client);
        throw error;
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
    await Promise.all(this.#idle.splice(0).map(farewell));
  }

  async #place(deadline: number): Promise<void> {
    while (this.#inUse >= CONNECTIONS_MAX) {
      if (performance.now() > deadline) throw new Error('all connections to the store are busy');
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#inUse++;
  }

  /** A connection that lay idle may have died meanwhile: then the next is taken, and at last a new one. */
  async #begun(begin: string, deadline: number): Promise<pg.Client> {
    for (let client = this.#idle.pop(); client !== undefined; client = this.#idle.pop()) {
      const lain = client;
      try {
        await inTime(lain, deadline, () => lain.query(begin));
        return lain;
      } catch (error) {
        hangUp(lain);
        if (performance.now() >= deadline) this.#pause(error);
      }
    }
    if (performance.now() < this.#pausedUntil) throw this.#lastError;
    try {
      const client = await this.#dialled(deadline);
      client.on('error', () => this.#drop(client));
      try {
        await inTime(client, deadline, () => client.query(begin));
      } catch (error) {
        hangUp(client);
        throw error;
      }
      this.retryNow();
      return client;
    } catch (error) {
      this.#pause(error);
      throw error;
    }
  }

  async #dialled(deadline: number): Promise<pg.Client> {
    const dial = this.#connect();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const tooLate = () => {
        // Whoever answers after all is not waited for any more.
        dial.then(hangUp, () => {});
        reject(new Error('timeout: the server does not answer'));
      };
      timer = setTimeout(tooLate, deadline - performance.now());
    });
    try {
      return await Promise.race([dial, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Those that lie idle are of the same server, and are not tried one after the other. */
  #pause(error: unknown): void {
    for (const client of this.#idle.splice(0)) hangUp(client);
    this.#lastError = error;
    this.#pauseMs = Math.min(PAUSE_MS_MAX, Math.max(PAUSE_MS_MIN, this.#pauseMs * 2));
    this.#pausedUntil = performance.now() + this.#pauseMs;
  }

  async #rollBack(client: pg.Client): Promise<void> {
    try {
      await inTime(client, performance.now() + ROLLBACK_MS, () => client.query('ROLLBACK'));
      this.#keep(client);
    } catch {
      hangUp(client);
    }
  }

  #keep(client: pg.Client): void {
    if (this.#closed) void farewell(client);
    else this.#idle.push(client);
  }

  #drop(client: pg.Client): void {
    const at = this.#idle.indexOf(client);
    if (at >= 0) this.#idle.splice(at, 1);
  }
}

/** Hangs up where it takes too long, so that what is waited for is rejected. */
async function inTime<Result>(
  client: pg.Client,
  deadline: number,
  run: () => Promise<Result>,
): Promise<Result> {
  const timer = setTimeout(() => hangUp(client), Math.max(0, deadline - performance.now()));
  try {
    return await run();
  } finally {
    clearTimeout(timer);
  }
}
