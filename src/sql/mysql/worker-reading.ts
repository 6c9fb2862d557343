/** What goes to a worker that reads a long text, and what comes back. Plain data: it crosses from thread to thread. */
import type { StatementFacts } from '../../core/facts.ts';
import type { TimedTask } from '../timed-pool.ts';
import type { MysqlReading, ServerTraits } from './catalog-model.ts';
import type { TextDenial } from './text-reader.ts';

export interface MysqlReadTask extends TimedTask {
  readonly text: Uint8Array;
  /** Equal for equal catalogs, and for no others. */
  readonly catalog: number;
  /** The catalog's objects in V8's own form, shared and not copied. */
  readonly objects: Uint8Array;
  readonly traits: ServerTraits;
  readonly epoch: number;
  readonly schema: string | null | undefined;
  /** Null where it is not known. */
  readonly sqlMode: readonly string[] | null;
  readonly temporary: MysqlReading['temporary'];
}

export type WorkerReading =
  | { readonly outcome: 'facts'; readonly statements: readonly StatementFacts[] }
  | TextDenial;
