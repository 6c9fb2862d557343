/**
 * Threads that read long texts whole: tokens, trees and facts, since a tree of a megabyte costs more to hand over than
 * to make. A thread needs the catalog for that; it is put into shared memory once, when the first long text comes.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { serialize } from 'node:v8';
import { newBegun, ownBytes, TimedPool } from '../timed-pool.ts';
import { MYSQL_CAPS } from './caps.ts';
import type { MysqlCatalog } from './catalog.ts';
import type { MysqlTable } from './catalog-model.ts';
import type { MysqlSessionReading } from './reader.ts';
import { tooComplex } from './text-reader.ts';
import type { MysqlReadTask, WorkerReading } from './worker-reading.ts';

interface SharedCatalog {
  readonly id: number;
  readonly objects: Promise<Uint8Array>;
}

/** Tables written in one turn of the event loop: a millisecond or two. */
const TABLES_AT_ONCE = 250;

const NO_MODE: ReadonlySet<string> = new Set();

let catalogs = 0;

export class MysqlReadPool {
  readonly #pool: TimedPool<MysqlReadTask, WorkerReading>;
  readonly #shared = new WeakMap<MysqlCatalog, SharedCatalog>();

  /** `entry`: the module that the threads run in place of their own. */
  constructor(entry: URL | null = null) {
    this.#pool = new TimedPool({
      file: 'read-mysql',
      name: 'readMysql',
      workMs: MYSQL_CAPS.workerMs,
      entry,
    });
  }

  /** Texts given up because they took too long. */
  get timedOut(): number {
    return this.#pool.timedOut;
  }

  /** Copies `text` before it returns. Never rejects. */
  async read(reading: MysqlSessionReading, catalog: MysqlCatalog, text: Buffer): Promise<WorkerReading> {
    const own = ownBytes(text);
    const shared = this.#sharedOf(catalog);
    const read = await this.#pool.run({
      text: own,
      begun: newBegun(),
      catalog: shared.id,
      objects: await shared.objects,
      traits: catalog.traits,
      epoch: catalog.epoch,
      schema: reading.schema,
      sqlMode: reading.sqlMode === null ? null : [...reading.sqlMode],
      temporary: reading.temporary,
    });
    return read ?? tooComplex('more than Sluice can read in time');
  }

  /** Starts a thread, so that the first long text does not wait for it. */
  async warmUp(catalog: MysqlCatalog): Promise<void> {
    const reading = { catalog, schema: null, sqlMode: NO_MODE, temporary: [] };
    await this.read(reading, catalog, Buffer.from('SELECT 1'));
  }

  #sharedOf(catalog: MysqlCatalog): SharedCatalog {
    const known = this.#shared.get(catalog);
    if (known !== undefined) return known;
    const shared: SharedCatalog = { id: ++catalogs, objects: sharedObjects(catalog) };
    this.#shared.set(catalog, shared);
    return shared;
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

/** Piece by piece, each with its length before it: the objects without tables, then tables. */
async function sharedObjects({ objects }: MysqlCatalog): Promise<Uint8Array> {
  const { tables, ...others } = objects;
  const pieces = [serialize(others)];
  for (let from = 0; from < tables.length; from += TABLES_AT_ONCE) {
    await nextTurn();
    const some: readonly MysqlTable[] = tables.slice(from, from + TABLES_AT_ONCE);
    pieces.push(serialize(some));
  }
  const length = pieces.reduce((sum, piece) => sum + 4 + piece.length, 0);
  const bytes = new Uint8Array(new SharedArrayBuffer(length));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const piece of pieces) {
    view.setUint32(at, piece.length);
    bytes.set(piece, at + 4);
    at += 4 + piece.length;
  }
  return bytes;
}
