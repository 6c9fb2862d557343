/**
 * What other instances have changed, by LISTEN on a connection of its own. The connection is made when somebody watches,
 * asked for a sign of life every few seconds, and made again when it is lost; then everybody is called, since what
 * happened meanwhile is not known.
 */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { farewell, hangUp } from './postgres-farewell.ts';
import { STORE_TOPICS, type StoreTopic } from './store.ts';
import { Watchers } from './watch.ts';

export const CHANNEL = 'sluice_state';
const PAUSE_MS_MIN = 100;
const PAUSE_MS_MAX = 2_000;
const PULSE_MS = 3_000;

export class PostgresNotices {
  readonly #connect: () => Promise<pg.Client>;
  readonly #onReached: () => void;
  readonly #watchers = new Watchers();
  readonly #instance = randomUUID();
  #client: pg.Client | null = null;
  #timer: NodeJS.Timeout | null = null;
  #pauseMs = PAUSE_MS_MIN;
  #started = false;
  #closed = false;

  constructor(connect: () => Promise<pg.Client>, onReached: () => void) {
    this.#connect = connect;
    this.#onReached = onReached;
  }

  watch(topic: StoreTopic, callback: () => void): () => void {
    if (!this.#started && !this.#closed) {
      this.#started = true;
      void this.#listen();
    }
    return this.#watchers.add(topic, callback);
  }

  /** What a notification of this instance carries. */
  payload(topic: StoreTopic): string {
    return `${topic} ${this.#instance}`;
  }

  /** This instance has committed a change. */
  changed(topics: Iterable<StoreTopic>): void {
    this.#watchers.changed(topics);
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = null;
    if (client !== null) await farewell(client);
  }

  async #listen(): Promise<void> {
    let client: pg.Client | null = null;
    try {
      client = await this.#connect();
      const lost = client;
      client.on('error', () => this.#lost(lost));
      client.on('end', () => this.#lost(lost));
      client.on('notification', ({ payload }) => this.#notified(payload ?? ''));
      await client.query(`LISTEN ${CHANNEL}`);
    } catch {
      if (client !== null) hangUp(client);
      this.#later(() => void this.#listen(), this.#pauseMs);
      this.#pauseMs = Math.min(PAUSE_MS_MAX, this.#pauseMs * 2);
      return;
    }
    if (this.#closed) {
      hangUp(client);
      return;
    }
    this.#client = client;
    this.#pauseMs = PAUSE_MS_MIN;
    this.#onReached();
    this.#watchers.changed(STORE_TOPICS);
    this.#pulse(client);
  }

  /** A connection that a firewall has forgotten looks alive until something is sent. */
  #pulse(client: pg.Client): void {
    this.#later(() => {
      if (client !== this.#client) return;
      const silent = setTimeout(() => hangUp(client), PULSE_MS).unref();
      client.query('SELECT 1').then(
        () => {
          clearTimeout(silent);
          this.#pulse(client);
        },
        () => {
          clearTimeout(silent);
          this.#lost(client);
        },
      );
    }, PULSE_MS);
  }

  #lost(client: pg.Client): void {
    if (client !== this.#client) return;
    this.#client = null;
    hangUp(client);
    this.#later(() => void this.#listen(), this.#pauseMs);
  }

  #later(run: () => void, ms: number): void {
    if (this.#closed) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(run, ms).unref();
  }

  #notified(payload: string): void {
    const [topic, instance] = payload.split(' ');
    if (instance === this.#instance) return;
    this.#watchers.changed(STORE_TOPICS.filter((known) => known === topic));
  }
}
