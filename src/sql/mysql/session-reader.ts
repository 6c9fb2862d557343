/** Reads the texts of one MySQL or MariaDB session: its database, its sql_mode and its temporary tables. */
import { createHash } from 'node:crypto';
import type { TemporaryTable } from '../../core/facts.ts';
import { SqlEntry } from '../entry.ts';
import type { CurrentCatalog, SessionReader, SessionReading, SqlDialect } from '../session-reader.ts';
import type { MysqlCatalog } from './catalog.ts';
import type {
  MysqlReadingSpace,
  MysqlReadingSpaces,
  MysqlSessionReading,
  MysqlStatementReader,
} from './reader.ts';
import { sqlModeOf } from './sql-mode.ts';
import type { WorkerReading } from './worker-reading.ts';

/** What the sessions of one listener share. */
export interface MysqlReadingDomain {
  readonly catalog: CurrentCatalog<MysqlCatalog>;
  readonly spaces: MysqlReadingSpaces;
  readonly reader: MysqlStatementReader;
  /** Reads a long text in a worker, under a time limit. Never rejects. */
  readLarge(reading: MysqlSessionReading, catalog: MysqlCatalog, text: Buffer): Promise<WorkerReading>;
}

export class MysqlDialect implements SqlDialect {
  readonly #shared: MysqlReadingDomain;

  constructor(shared: MysqlReadingDomain) {
    this.#shared = shared;
  }

  newReader(): SessionReader {
    return new MysqlSessionReader(this.#shared);
  }
}

/** A text that is read in a worker: asked for once, and answered when the session asks again. */
interface Large {
  readonly key: string;
  readonly space: MysqlReadingSpace;
  readonly ready: Promise<void>;
  read: WorkerReading | null;
}

class MysqlSessionReader implements SessionReader {
  readonly #shared: MysqlReadingDomain;
  #catalog: MysqlCatalog | null = null;
  #space: MysqlReadingSpace | null = null;
  /** Undefined while it is not known, null where none is chosen. */
  #schema: string | null | undefined;
  #mode: string | null = null;
  #temporary: readonly TemporaryTable[] = [];
  #stamp = 1;
  #large: Large | null = null;

  constructor(shared: MysqlReadingDomain) {
    this.#shared = shared;
  }

  get stamp(): number {
    if (this.#shared.catalog.current !== this.#catalog) this.#moveSpace();
    return this.#stamp;
  }

  setPath(path: readonly string[] | null): void {
    const schema = path === null ? undefined : (path[0] ?? null);
    if (schema === this.#schema) return;
    this.#schema = schema;
    this.#moveSpace();
  }

  setMode(mode: string | null): void {
    if (mode === this.#mode) return;
    this.#mode = mode;
    this.#moveSpace();
  }

  setTemporary(tables: readonly TemporaryTable[]): void {
    this.#temporary = tables;
    this.#moveSpace();
  }

  #moveSpace(): void {
    this.#stamp++;
    const catalog = this.#shared.catalog.current;
    this.#catalog = catalog;
    this.#space =
      catalog === null
        ? null
        : this.#shared.spaces.of({
            catalog,
            schema: this.#schema,
            sqlMode: this.#mode === null ? null : sqlModeOf(this.#mode),
            temporary: this.#temporary,
          });
  }

  read(bytes: Buffer, start: number, end: number): SessionReading {
    if (this.#shared.catalog.current !== this.#catalog) this.#moveSpace();
    const space = this.#space;
    const catalog = this.#catalog;
    if (space === null || catalog === null) return { outcome: 'no-catalog' };
    const read = this.#shared.reader.read(space, bytes, start, end);
    return read.outcome === 'large' ? this.#readLarge(space, catalog, bytes.subarray(start, end)) : read;
  }

  /** What the worker said, if it has said it of this text in this mode; else it is asked. */
  #readLarge(space: MysqlReadingSpace, catalog: MysqlCatalog, text: Buffer): SessionReading {
    const key = createHash('sha256').update(text).digest('base64');
    if (this.#large?.key !== key || this.#large.space !== space) {
      const large: Large = {
        key,
        space,
        read: null,
        ready: this.#shared.readLarge(space.reading, catalog, text).then((read) => {
          large.read = read;
        }),
      };
      this.#large = large;
    }
    const { read, ready } = this.#large;
    if (read === null) return { outcome: 'wait', ready };
    this.#large = null;
    return read.outcome === 'facts' ? { outcome: 'entry', entry: new SqlEntry(read.statements) } : read;
  }
}
