/** The seam between the engine and a dialect's way of reading: one reader for each session, caches shared. */
import type { Denial } from '../core/decision.ts';
import type { TemporaryTable } from '../core/facts.ts';
import type { SqlEntry } from './entry.ts';

export type SessionReading =
  | { readonly outcome: 'entry'; readonly entry: SqlEntry }
  | { readonly outcome: 'denied'; readonly denial: Denial; readonly tooComplex: boolean }
  /** The catalog has not been read yet. */
  | { readonly outcome: 'no-catalog' }
  /** Ask again, with the same text, when `ready` has come. Its rejection is the reason why it never will be. */
  | { readonly outcome: 'wait'; readonly ready: Promise<unknown> };

/** Reads the texts of one session in the mode that the session is known to be in. */
export interface SessionReader {
  /** Another one when earlier readings may not hold any more: a new catalog, search path, mode, temporary table. */
  readonly stamp: number;
  /** Schemas that are searched for unqualified names, in order; MySQL's one current database. Null: not known. */
  setPath(path: readonly string[] | null): void;
  /** sql_mode as the server gives it; null: not known. Of no concern to a dialect without modes. */
  setMode(mode: string | null): void;
  setTemporary(tables: readonly TemporaryTable[]): void;
  /** Reads `bytes[start, end)`: a statement or several. */
  read(bytes: Buffer, start: number, end: number): SessionReading;
}

/** A dialect in front of one server, with that server's catalog. */
export interface SqlDialect {
  newReader(): SessionReader;
}

/** Where a dialect finds the newest reading of the catalog. */
export interface CurrentCatalog<Catalog> {
  readonly current: Catalog | null;
}
