/**
 * Reads one long text of MySQL or MariaDB away from the event loop, from bytes to facts. Whoever asked sets the time
 * limit and ends this thread when it is over.
 */
import { deserialize } from 'node:v8';
import { MysqlCatalog } from '../src/sql/mysql/catalog.ts';
import type { MysqlObjects } from '../src/sql/mysql/catalog-model.ts';
import { readText } from '../src/sql/mysql/reader.ts';
import { TextReader } from '../src/sql/mysql/text-reader.ts';
import type { MysqlReadTask, WorkerReading } from '../src/sql/mysql/worker-reading.ts';

/** Catalogs of as many upstreams; those before them are read again when they come back. */
const CATALOGS_MAX = 8;

const catalogs = new Map<number, MysqlCatalog>();
const reader = new TextReader();

export function readMysql(task: MysqlReadTask): WorkerReading {
  const catalog = catalogOf(task);
  Atomics.store(task.begun, 0, 1);
  const { schema, sqlMode, temporary } = task;
  const reading = { catalog, schema, sqlMode: sqlMode === null ? null : new Set(sqlMode), temporary };
  const text = Buffer.from(task.text.buffer, task.text.byteOffset, task.text.byteLength);
  const read = readText(reader, reading, text, 0, text.length);
  return read.outcome === 'facts' ? { outcome: 'facts', statements: read.statements } : read;
}

function catalogOf({ catalog: id, objects, traits, epoch }: MysqlReadTask): MysqlCatalog {
  const known = catalogs.get(id);
  if (known !== undefined) return known;
  const catalog = new MysqlCatalog(traits, objectsFrom(objects), epoch);
  catalogs.set(id, catalog);
  for (const oldest of catalogs.keys()) {
    if (catalogs.size <= CATALOGS_MAX) break;
    catalogs.delete(oldest);
  }
  return catalog;
}

/** As src/sql/mysql/read-pool.ts writes them: pieces with their length before them, of which all but the first are tables. */
function objectsFrom(bytes: Uint8Array): MysqlObjects {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let objects: MysqlObjects = { schemas: [], tables: [], routines: [], loadable: [] };
  for (let at = 0; at < bytes.length; ) {
    const length = view.getUint32(at);
    const piece = Buffer.from(bytes.subarray(at + 4, at + 4 + length));
    if (at === 0) objects = { ...deserialize(piece), tables: [] };
    else objects = { ...objects, tables: [...objects.tables, ...deserialize(piece)] };
    at += 4 + length;
  }
  return objects;
}
