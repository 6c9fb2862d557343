/** Reads the texts of one Postgres session: its search path and temporary tables, the parser of the server's version. */
import { createHash } from 'node:crypto';
import type { TemporaryTable } from '../../core/facts.ts';
import type { CurrentCatalog, SessionReader, SessionReading, SqlDialect } from '../session-reader.ts';
import type { Catalog } from './catalog.ts';
import type { ParseOutcome, ParserMajor } from './parser.ts';
import type { ReadingSpace, ReadingSpaces, StatementReader } from './reader.ts';

/** What the sessions of one listener share. */
export interface PostgresReading {
  readonly catalog: CurrentCatalog<Catalog>;
  readonly spaces: ReadingSpaces;
  /** The reader for a major version; null until it is loaded. */
  reader(major: ParserMajor): StatementReader | null;
  loadReader(major: ParserMajor): Promise<unknown>;
  /** Parses in a worker, under a time limit. Never rejects. */
  parseLarge(major: ParserMajor, text: Buffer): Promise<ParseOutcome>;
}

export class PostgresDialect implements SqlDialect {
  readonly #shared: PostgresReading;

  constructor(shared: PostgresReading) {
    this.#shared = shared;
  }

  newReader(): SessionReader {
    return new PostgresSessionReader(this.#shared);
  }
}

/** A statement that is parsed in a worker: asked for once, and read when the session asks again. */
interface Large {
  readonly key: string;
  readonly ready: Promise<void>;
  outcome: ParseOutcome | null;
}

class PostgresSessionReader implements SessionReader {
  readonly #shared: PostgresReading;
  #catalog: Catalog | null = null;
  #space: ReadingSpace | null = null;
  #path: readonly string[] | null = null;
  #temporary: readonly TemporaryTable[] = [];
  #stamp = 1;
  #large: Large | null = null;

  constructor(shared: PostgresReading) {
    this.#shared = shared;
  }

  get stamp(): number {
    if (this.#shared.catalog.current !== this.#catalog) this.#moveSpace();
    return this.#stamp;
  }

  setPath(path: readonly string[] | null): void {
    if (JSON.stringify(path) === JSON.stringify(this.#path)) return;
    this.#path = path;
    this.#moveSpace();
  }

  setMode(): void {}

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
        : this.#shared.spaces.of({ catalog, path: this.#path, temporary: this.#temporary });
  }

  read(bytes: Buffer, start: number, end: number): SessionReading {
    if (this.#shared.catalog.current !== this.#catalog) this.#moveSpace();
    const space = this.#space;
    if (space === null) return { outcome: 'no-catalog' };
    const { major } = space.reading.catalog;
    const reader = this.#shared.reader(major);
    if (reader === null) return { outcome: 'wait', ready: this.#shared.loadReader(major) };
    const read = reader.read(space, bytes, start, end);
    if (read.outcome === 'large') return this.#readLarge(space, reader, bytes.subarray(start, end));
    return read.outcome === 'busy' ? { outcome: 'wait', ready: reader.parser.ready() } : read;
  }

  /** What the worker said, if it has; else it is asked. */
  #readLarge(space: ReadingSpace, reader: StatementReader, text: Buffer): SessionReading {
    const key = createHash('sha256').update(text).digest('base64');
    if (this.#large?.key !== key) {
      const parsing = this.#shared.parseLarge(reader.parser.major, Buffer.from(text));
      const large: Large = {
        key,
        outcome: null,
        ready: parsing.then((outcome) => {
          large.outcome = outcome;
        }),
      };
      this.#large = large;
    }
    const { outcome, ready } = this.#large;
    if (outcome === null) return { outcome: 'wait', ready };
    const read = reader.readParsed(space, outcome);
    if (read.outcome === 'busy') return { outcome: 'wait', ready: reader.parser.ready() };
    this.#large = null;
    return read.outcome === 'large' ? { outcome: 'wait', ready } : read;
  }
}
