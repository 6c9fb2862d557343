/**
 * Reads statements of MySQL and MariaDB: caps first, then the caches, then lexer, parser and walk. Whatever goes
 * wrong on the way is a denial; nothing is ever passed because it could not be read.
 */
import { SqlEntry } from '../entry.ts';
import { FactsCache, type ScannedLiterals } from '../facts-cache.ts';
import { MYSQL_CAPS } from './caps.ts';
import type { MysqlReading } from './catalog-model.ts';
import { unreadableDenial } from './reading-denials.ts';
import { possibleModes } from './sql-mode.ts';
import {
  modeOf,
  statementTextsIn,
  type TextDenial,
  TextReader,
  type TextReading,
  tooComplex,
} from './text-reader.ts';
import type { LexerMode } from './token.ts';

/** What a session's texts are read by; `sqlMode` null while it is not known. */
export type MysqlSessionReading = Omit<MysqlReading, 'sqlMode'> & {
  readonly sqlMode: MysqlReading['sqlMode'] | null;
};

/** One way of reading with its cache. */
export interface MysqlReadingSpace {
  readonly reading: MysqlSessionReading;
  /** Null while the mode is not known. */
  readonly known: { readonly reading: MysqlReading; readonly mode: LexerMode } | null;
  readonly cache: FactsCache;
}

export type MysqlReadOutcome =
  | { readonly outcome: 'entry'; readonly entry: SqlEntry }
  | TextDenial
  /** Too long for the event loop: to be read in a worker. */
  | { readonly outcome: 'large' };

export class MysqlStatementReader {
  readonly #reader = new TextReader();

  /** Reads `bytes[start, end)`: a statement or several. */
  read(space: MysqlReadingSpace, bytes: Buffer, start: number, end: number): MysqlReadOutcome {
    const exact = space.cache.exact(bytes, start, end);
    if (exact !== undefined) return { outcome: 'entry', entry: exact };
    const length = end - start;
    if (length > MYSQL_CAPS.statementBytesMax) {
      return tooComplex(`${length} bytes long, more than ${MYSQL_CAPS.statementBytesMax}`);
    }
    if (length > MYSQL_CAPS.inlineBytesMax) return { outcome: 'large' };
    return space.known === null
      ? this.#readInEveryMode(space, bytes, start, end)
      : this.#readIn(space, space.known, bytes, start, end);
  }

  #readIn(
    space: MysqlReadingSpace,
    { reading, mode }: NonNullable<MysqlReadingSpace['known']>,
    bytes: Buffer,
    start: number,
    end: number,
  ): MysqlReadOutcome {
    const { lexer } = this.#reader;
    const scanned = this.#reader.scan(bytes, start, end, mode);
    if (scanned.outcome === 'ok') {
      const cached = space.cache.bySkeleton(lexer, bytes, start);
      if (cached !== undefined) return { outcome: 'entry', entry: cached };
    }
    const read = this.#reader.analyze(bytes, start, end, scanned, reading);
    if (read.outcome === 'denied') return read;
    const entry = new SqlEntry(read.statements);
    space.cache.add(entry, lexer, bytes, start, end, read.freeConstants);
    return { outcome: 'entry', entry };
  }

  #readInEveryMode(space: MysqlReadingSpace, bytes: Buffer, start: number, end: number): MysqlReadOutcome {
    const read = readInEveryMode(this.#reader, space.reading, bytes, start, end);
    if (read.outcome === 'denied') return read;
    const entry = new SqlEntry(read.statements);
    space.cache.add(entry, NO_LITERALS, bytes, start, end, NONE_FREE);
    return { outcome: 'entry', entry };
  }
}

/** Reads a text with nothing cached, in the mode that is known or in all that are possible. */
export function readText(
  reader: TextReader,
  reading: MysqlSessionReading,
  bytes: Buffer,
  start: number,
  end: number,
): TextReading {
  const { sqlMode } = reading;
  if (sqlMode === null) return readInEveryMode(reader, reading, bytes, start, end);
  const known: MysqlReading = { ...reading, sqlMode };
  return reader.analyze(bytes, start, end, reader.scan(bytes, start, end, modeOf(known)), known);
}

/** The same for one text alone. */
export function readMysqlText(reading: MysqlSessionReading, text: Buffer): TextReading {
  const { length } = text;
  if (length > MYSQL_CAPS.statementBytesMax) {
    return tooComplex(`${length} bytes long, more than ${MYSQL_CAPS.statementBytesMax}`);
  }
  return readText(new TextReader(), reading, text, 0, length);
}

export function mysqlStatementTexts(reading: MysqlSessionReading, text: Buffer): readonly string[] | null {
  return statementTextsIn(text, modeOf({ ...reading, sqlMode: reading.sqlMode ?? new Set() }));
}

/** A text that the modes read in two ways is denied: nobody knows which of them the server is in. */
function readInEveryMode(
  reader: TextReader,
  reading: MysqlSessionReading,
  bytes: Buffer,
  start: number,
  end: number,
): TextReading {
  const [first, ...others] = possibleModes(bytes, start, end).map((sqlMode) =>
    readText(reader, { ...reading, sqlMode }, bytes, start, end),
  );
  if (first === undefined) return AMBIGUOUS;
  return others.every((other) => agree(first, other)) ? first : AMBIGUOUS;
}

/** Where both are denied, it is all one why. */
function agree(first: TextReading, other: TextReading): boolean {
  if (first.outcome === 'denied' || other.outcome === 'denied') return first.outcome === other.outcome;
  return JSON.stringify(first.statements) === JSON.stringify(other.statements);
}

const AMBIGUOUS: TextDenial = {
  outcome: 'denied',
  tooComplex: false,
  denial: unreadableDenial('text that can be read in two ways while its sql_mode is not known: set it first'),
};

/** Kept by its exact bytes. */
const NO_LITERALS: ScannedLiterals = {
  literals: 0,
  complete: false,
  literalStart: new Int32Array(0),
  literalEnd: new Int32Array(0),
  literalSign: new Int32Array(0),
  skeleton: () => '',
};
const NONE_FREE: ReadonlySet<number> = new Set();

/** Spaces by mode, so that sessions in the same mode share one cache; the least recently made go first. */
export class MysqlReadingSpaces {
  readonly #spaces = new Map<string, MysqlReadingSpace>();

  of(reading: MysqlSessionReading): MysqlReadingSpace {
    const { catalog, schema, sqlMode, temporary } = reading;
    const modes = sqlMode === null ? null : [...sqlMode].toSorted();
    const key = JSON.stringify([catalog.epoch, schema === undefined, schema ?? null, modes, temporary]);
    const space = this.#spaces.get(key);
    if (space !== undefined && space.reading.catalog === catalog) return space;
    const known = sqlMode === null ? null : { ...reading, sqlMode };
    const made: MysqlReadingSpace = {
      reading,
      known: known === null ? null : { reading: known, mode: modeOf(known) },
      cache: new FactsCache(),
    };
    this.#spaces.set(key, made);
    if (this.#spaces.size > SPACES_MAX) {
      for (const oldest of this.#spaces.keys()) {
        this.#spaces.delete(oldest);
        break;
      }
    }
    return made;
  }
}

const SPACES_MAX = 64;
