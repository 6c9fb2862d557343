/**
 * The index of a journal, in SQLite beside the segments: which sessions there are, where their records stand, and what
 * went out by principal and by table. It says nothing that the segments do not say, so that it may be deleted: it is
 * made again from them.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { SessionDelta, TrafficDelta } from './gathering.ts';

/** An index of another format is made anew. */
const FORMAT = 2;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
/** Minutes are kept for a day, hours for half a year. */
const MINUTES_KEPT_MS = 24 * HOUR_MS;
const HOURS_KEPT_MS = 183 * 24 * HOUR_MS;
/** Names that one minute or hour may have; the rest is gathered under one. */
const NAMES_MAX = 400;
export const OTHERS = '(others)';

const SCHEMA = `
CREATE TABLE IF NOT EXISTS segments (number INTEGER PRIMARY KEY, offset INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS sessions (
  ord INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, until INTEGER NOT NULL,
  principal TEXT, groups TEXT NOT NULL DEFAULT '[]', client TEXT, listener TEXT, application TEXT,
  statements INTEGER NOT NULL DEFAULT 0, denied INTEGER NOT NULL DEFAULT 0, truncated INTEGER NOT NULL DEFAULT 0,
  rows INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0, ended TEXT) STRICT;
CREATE INDEX IF NOT EXISTS sessions_at ON sessions (at DESC, ord DESC);
CREATE INDEX IF NOT EXISTS sessions_principal ON sessions (principal, at DESC, ord DESC);
CREATE INDEX IF NOT EXISTS sessions_denied ON sessions (at DESC, ord DESC) WHERE denied > 0;
CREATE TABLE IF NOT EXISTS places (
  session INTEGER NOT NULL, segment INTEGER NOT NULL, start INTEGER NOT NULL, ending INTEGER NOT NULL,
  number INTEGER NOT NULL, PRIMARY KEY (session, segment, start)) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS places_segment ON places (segment);
CREATE TABLE IF NOT EXISTS words (
  session INTEGER NOT NULL, kind TEXT NOT NULL, word TEXT NOT NULL,
  PRIMARY KEY (kind, word, session)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS traffic (
  kind TEXT NOT NULL, step INTEGER NOT NULL, bucket INTEGER NOT NULL, name TEXT NOT NULL,
  statements INTEGER NOT NULL, denied INTEGER NOT NULL, rows INTEGER NOT NULL, bytes INTEGER NOT NULL,
  PRIMARY KEY (kind, step, bucket, name)) STRICT, WITHOUT ROWID;
`;

export type SqlRow = Readonly<Record<string, SQLInputValue>>;

export class IndexStore {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(path: string) {
    this.#database = new DatabaseSync(path);
    // What a power cut loses of an index is read again from the segments.
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -16000');
    const format = this.all('PRAGMA user_version')[0]?.['user_version'];
    if (format !== FORMAT) this.clear();
    else this.#database.exec(SCHEMA);
  }

  /** Forgets everything. */
  clear(): void {
    this.#statements.clear();
    for (const { name } of this.all("SELECT name FROM sqlite_schema WHERE type = 'table'"))
      this.#database.exec(`DROP TABLE "${String(name)}"`);
    this.#statements.clear();
    this.#database.exec(`${SCHEMA}; PRAGMA user_version = ${FORMAT}`);
  }

  all(sql: string, ...values: readonly SQLInputValue[]): readonly SqlRow[] {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement.all(...values).map((row) => {
      const plain: Record<string, SQLInputValue> = {};
      for (const [name, value] of Object.entries(row)) if (value !== undefined) plain[name] = value;
      return plain;
    });
  }

  run(sql: string, ...values: readonly SQLInputValue[]): void {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    statement.run(...values);
  }

  /** How far each segment has been read. */
  offsets(): ReadonlyMap<number, number> {
    return new Map(
      this.all('SELECT number, offset FROM segments').map((row) => [
        Number(row['number']),
        Number(row['offset']),
      ]),
    );
  }

  /** Takes up what a stretch of a segment has brought, whole or not at all. */
  take(
    segment: number,
    offset: number,
    sessions: Iterable<SessionDelta>,
    traffic: Iterable<TrafficDelta>,
    nowMs: number,
  ): void {
    this.#database.exec('BEGIN');
    try {
      for (const session of sessions) this.#takeSession(segment, session);
      for (const one of traffic) this.#takeTraffic(one);
      for (const kind of ['principal', 'table']) {
        const old = 'DELETE FROM traffic WHERE kind = ? AND step = ? AND bucket < ?';
        this.run(old, kind, MINUTE_MS, nowMs - MINUTES_KEPT_MS);
        this.run(old, kind, HOUR_MS, nowMs - HOURS_KEPT_MS);
      }
      this.run('INSERT OR REPLACE INTO segments VALUES (?, ?)', segment, offset);
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  #takeSession(segment: number, delta: SessionDelta): void {
    const { id, at, until, start, end } = delta;
    this.run(
      `INSERT INTO sessions (id, at, until) VALUES (?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET until = max(until, excluded.until)`,
      id,
      at,
      until,
    );
    const ord = Number(this.all('SELECT ord FROM sessions WHERE id = ?', id)[0]?.['ord']);
    this.run(
      `UPDATE sessions SET statements = statements + ?, denied = denied + ?, truncated = truncated + ?,
         rows = rows + ?, bytes = bytes + ? WHERE ord = ?`,
      delta.statements,
      delta.denied,
      delta.truncated,
      delta.rows,
      delta.bytes,
      ord,
    );
    if (start !== null)
      this.run(
        'UPDATE sessions SET principal = ?, groups = ?, client = ?, listener = ?, application = ? WHERE ord = ?',
        start.principal,
        JSON.stringify(start.groups),
        start.client,
        start.listener,
        start.application,
        ord,
      );
    if (end !== null) this.run('UPDATE sessions SET ended = ? WHERE ord = ?', end, ord);
    for (const { from, to, number } of delta.places)
      this.run('INSERT OR REPLACE INTO places VALUES (?, ?, ?, ?, ?)', ord, segment, from, to, number);
    for (const [kind, words] of [
      ['rule', delta.rules],
      ['table', delta.tables],
      ['cause', delta.causes],
    ] as const)
      for (const word of words) this.run('INSERT OR IGNORE INTO words VALUES (?, ?, ?)', ord, kind, word);
  }

  #takeTraffic({ kind, name, atMs, ...counts }: TrafficDelta): void {
    for (const step of [MINUTE_MS, HOUR_MS]) {
      const bucket = Math.floor(atMs / step) * step;
      const known =
        this.all(
          'SELECT 1 FROM traffic WHERE kind = ? AND step = ? AND bucket = ? AND name = ?',
          kind,
          step,
          bucket,
          name,
        ).length > 0;
      const names = known
        ? 0
        : Number(
            this.all(
              'SELECT count(*) AS names FROM traffic WHERE kind = ? AND step = ? AND bucket = ?',
              kind,
              step,
              bucket,
            )[0]?.['names'],
          );
      this.run(
        `INSERT INTO traffic VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
           statements = statements + excluded.statements, denied = denied + excluded.denied,
           rows = rows + excluded.rows, bytes = bytes + excluded.bytes`,
        kind,
        step,
        bucket,
        names >= NAMES_MAX ? OTHERS : name,
        counts.statements,
        counts.denied,
        counts.rows,
        counts.bytes,
      );
    }
  }

  /** A segment has been moved away: its sessions are forgotten, as far as they are nowhere else. */
  dropSegment(number: number): void {
    this.#database.exec('BEGIN');
    const gone = 'SELECT ord FROM sessions WHERE ord NOT IN (SELECT session FROM places)';
    this.run('DELETE FROM places WHERE segment = ?', number);
    this.run(`DELETE FROM words WHERE session IN (${gone})`);
    this.run(`DELETE FROM sessions WHERE ord IN (${gone})`);
    this.run('DELETE FROM segments WHERE number = ?', number);
    this.#database.exec('COMMIT');
  }

  close(): void {
    this.#database.close();
  }
}
