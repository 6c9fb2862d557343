/** What the index of a journal is asked, and what it answers. All of it passes between threads. */
import type { JsonObject } from '../core/json.ts';

export interface IndexedSession {
  readonly id: string;
  readonly at: string;
  /** The time of its last record. */
  readonly until: string;
  readonly user: string | null;
  readonly groups: readonly string[];
  readonly client: string | null;
  readonly listener: string | null;
  readonly application: string | null;
  readonly statements: number;
  readonly denied: number;
  /** Results that were cut by a limit. */
  readonly truncated: number;
  readonly rows: number;
  readonly bytes: number;
  readonly ms: number;
  /** Why it ended; null where no record says so: it is still open, or Sluice was killed. */
  readonly ended: string | null;
}

/** Where the next page begins: behind the session that began then. */
export interface PageMark {
  readonly at: number;
  readonly ord: number;
}

export interface SessionQuery {
  readonly user: string | null;
  readonly listener: string | null;
  /** How its id begins. */
  readonly id: string | null;
  readonly rule: string | null;
  /** `*` in a rule or a table stands for anything. */
  readonly table: string | null;
  /** Milliseconds since the epoch. */
  readonly sinceMs: number | null;
  readonly untilMs: number | null;
  readonly deniedOnly: boolean;
  /** What a statement says, in upper or lower case. */
  readonly text: string | null;
  readonly before: PageMark | null;
  readonly limit: number;
}

export interface SessionPage {
  readonly sessions: readonly IndexedSession[];
  /** Null: these were the last. */
  readonly next: PageMark | null;
  /** Of the whole journal, as far as it has been read. */
  readonly total: number;
}

export interface RecordsPage {
  readonly session: IndexedSession;
  readonly records: readonly JsonObject[];
  /** Statements of other sessions that ran for requests of this one, up to a bound. */
  readonly caused: readonly JsonObject[];
  /** The statement that the next page begins with; null: these were the last. */
  readonly nextNumber: number | null;
}

export interface TrafficQuery {
  readonly sinceMs: number;
  readonly untilMs: number;
}

export interface TrafficPoint {
  readonly kind: 'principal' | 'table';
  readonly name: string;
  readonly atMs: number;
  readonly statements: number;
  readonly denied: number;
  readonly rows: number;
  readonly bytes: number;
}

export interface Traffic {
  readonly stepMs: number;
  readonly points: readonly TrafficPoint[];
}

export type Question =
  | { readonly question: 'sessions'; readonly query: SessionQuery }
  | { readonly question: 'records'; readonly id: string; readonly fromNumber: number; readonly limit: number }
  | { readonly question: 'traffic'; readonly query: TrafficQuery };

export type Answer =
  | { readonly answer: 'sessions'; readonly page: SessionPage }
  | { readonly answer: 'records'; readonly page: RecordsPage | null }
  | { readonly answer: 'traffic'; readonly traffic: Traffic }
  | { readonly answer: 'failed'; readonly message: string };

export interface Asked {
  readonly id: number;
  readonly question: Question;
}

/** From the thread: an answer, or how far it is behind the journal. */
export type FromThread =
  | { readonly id: number; readonly answer: Answer }
  | { readonly id: 0; readonly leftBytes: number };
