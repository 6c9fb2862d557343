/**
 * The index of a journal at work: it reads what the segments have more of, a stretch at a time, and answers questions.
 * It runs in a thread of its own (workers/index-journal.ts): reading a long journal takes seconds.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { isArray } from '../core/json.ts';
import { objectOf, type SegmentFile, segmentsIn } from '../journal/segments.ts';
import { bytesAt } from './bytes-at.ts';
import { CausedRecords } from './caused-records.ts';
import { Gathering } from './gathering.ts';
import { HOUR_MS, IndexStore, MINUTE_MS, OTHERS, type SqlRow } from './index-store.ts';
import { PageOfRecords } from './page-of-records.ts';
import type {
  IndexedSession,
  RecordsPage,
  SessionPage,
  SessionQuery,
  Traffic,
  TrafficQuery,
} from './questions.ts';
import { SEARCH_BYTES_MAX, type SearchedPlace, searchPlaces } from './text-search.ts';

export const INDEX_FILE = 'index.sqlite';
const STRETCH_BYTES = 2 * 1024 * 1024;
/** A line longer than this is no record of ours, and ends the reading of its segment. */
const LINE_BYTES_MAX = 64 * 1024 * 1024;
const SLOTS_MAX = 170;
const NAMES_SHOWN = 20;
/** Sessions of SQL that are looked through for one session of MCP. */
const CAUSED_SESSIONS_MAX = 100;
const TRAFFIC_SQL = `
WITH own AS (SELECT * FROM traffic WHERE kind = ? AND step = ? AND bucket >= ? AND bucket <= ?),
  top AS (SELECT name FROM own GROUP BY name ORDER BY sum(bytes) DESC, sum(statements) DESC LIMIT ?)
SELECT bucket / CAST(? AS INTEGER) * CAST(? AS INTEGER) AS slot, CASE WHEN name IN (SELECT name FROM top) THEN name ELSE ? END AS name,
  sum(statements) AS statements, sum(denied) AS denied, sum(rows) AS rows, sum(bytes) AS bytes
FROM own GROUP BY 1, 2 ORDER BY 1`;

export class JournalIndex {
  readonly #directory: string;
  readonly #store: IndexStore;
  readonly #gathering = new Gathering();

  /** `file`: where the index is kept; empty: in a file of SQLite's own, which goes when it is closed. */
  constructor(directory: string, file: string = join(directory, INDEX_FILE)) {
    this.#directory = directory;
    this.#store = new IndexStore(file);
    const open = this.#store.all(
      'SELECT id, principal FROM sessions WHERE ended IS NULL ORDER BY at DESC LIMIT 10000',
    );
    for (const { id, principal } of open) this.#gathering.remember(String(id), String(principal ?? ''));
  }

  /** Reads one stretch more. Gives how many bytes are left. */
  advance(): number {
    const offsets = this.#store.offsets();
    const segments = segmentsIn(this.#directory);
    const there = new Set(segments.map(({ number }) => number));
    for (const number of offsets.keys()) if (!there.has(number)) this.#store.dropSegment(number);
    let left = 0;
    let isBusy = false;
    for (const segment of segments) {
      const { size } = statSync(segment.path);
      let offset = offsets.get(segment.number) ?? 0;
      if (offset > size) {
        // It is not the file that was read: nothing that the index says can be relied on.
        this.#store.clear();
        return segments.length === 0 ? 0 : size;
      }
      if (offset < size && !isBusy) {
        const next = this.#read(segment, offset, size);
        isBusy = next > offset;
        offset = next;
      }
      left += size - offset;
    }
    return isBusy ? left : 0;
  }

  #read(segment: SegmentFile, offset: number, size: number): number {
    let want = Math.min(STRETCH_BYTES, size - offset);
    let bytes = bytesAt(segment.path, offset, want);
    while (bytes.lastIndexOf(0x0a) < 0 && want < size - offset && want < LINE_BYTES_MAX) {
      want = Math.min(want * 4, size - offset);
      bytes = bytesAt(segment.path, offset, want);
    }
    let start = 0;
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, start)) {
      const record = objectOf(bytes.toString('utf8', start, end));
      if (record !== null) this.#gathering.add(record, offset + start, offset + end + 1);
      start = end + 1;
    }
    const { sessions, traffic } = this.#gathering.drain();
    if (start > 0) this.#store.take(segment.number, offset + start, sessions, traffic, Date.now());
    return offset + start;
  }

  /** Sessions, newest first. Those whose statements say a text are looked for in the segments, up to a bound. */
  sessions(query: SessionQuery): SessionPage {
    if (query.text === null) return this.#sessions(query);
    const lowered = query.text.toLowerCase();
    const found: IndexedSession[] = [];
    let read = 0;
    let page = this.#sessions(query);
    for (;;) {
      for (const [n, session] of page.sessions.entries()) {
        const { found: isIn, bytes } = searchPlaces(this.#placesOf(session.id), session.id, lowered);
        read += bytes;
        if (isIn) found.push(session);
        if (found.length < query.limit && read < SEARCH_BYTES_MAX) continue;
        const isLast = page.next === null && n === page.sessions.length - 1;
        return { ...page, sessions: found, next: isLast ? null : this.#markOf(session.id) };
      }
      if (page.next === null) return { ...page, sessions: found };
      page = this.#sessions({ ...query, before: page.next });
    }
  }

  #markOf(id: string): SessionPage['next'] {
    const [row] = this.#store.all('SELECT at, ord FROM sessions WHERE id = ?', id);
    return row === undefined ? null : { at: Number(row['at']), ord: Number(row['ord']) };
  }

  #placesOf(id: string): readonly SearchedPlace[] {
    const paths = new Map(segmentsIn(this.#directory).map(({ number, path }) => [number, path]));
    const sql = `SELECT segment, start, ending FROM places
       WHERE session = (SELECT ord FROM sessions WHERE id = ?) ORDER BY segment, start`;
    return this.#store.all(sql, id).flatMap((place) => {
      const path = paths.get(Number(place['segment']));
      const start = Number(place['start']);
      return path === undefined ? [] : [{ path, start, length: Number(place['ending']) - start }];
    });
  }

  #sessions(query: SessionQuery): SessionPage {
    const where: string[] = [];
    const values: (string | number)[] = [];
    const add = (condition: string, ...given: readonly (string | number)[]) => {
      where.push(condition);
      values.push(...given);
    };
    const { user, listener, id, sinceMs, untilMs, deniedOnly, before, limit } = query;
    if (user !== null) add('principal = ?', user);
    if (listener !== null) add('listener = ?', listener);
    if (id !== null) add('id >= ? AND id < ?', id, `${id}\u{10ffff}`);
    if (sinceMs !== null) add('until >= ?', sinceMs);
    if (untilMs !== null) add('at <= ?', untilMs);
    if (deniedOnly) add('denied > 0');
    for (const [kind, word] of [
      ['rule', query.rule],
      ['table', query.table],
    ] as const) {
      if (word === null) continue;
      const isPattern = word.includes('*');
      const meant = isPattern ? 'word GLOB ?' : 'word = ?';
      add(
        `ord IN (SELECT session FROM words WHERE kind = '${kind}' AND ${meant})`,
        isPattern ? word.replaceAll(/[?[]/g, '[$&]') : word,
      );
    }
    if (before !== null) add('(at, ord) < (?, ?)', before.at, before.ord);
    const condition = where.length === 0 ? '' : `WHERE ${where.join(' AND ')}`;
    const rows = this.#store.all(
      `SELECT * FROM sessions ${condition} ORDER BY at DESC, ord DESC LIMIT ?`,
      ...values,
      limit + 1,
    );
    const shown = rows.slice(0, limit);
    const last = rows.length > limit ? shown.at(-1) : undefined;
    return {
      sessions: shown.map(sessionFrom),
      next: last === undefined ? null : { at: Number(last['at']), ord: Number(last['ord']) },
      total: Number(this.#store.all('SELECT count(*) AS total FROM sessions')[0]?.['total']),
    };
  }

  session(id: string): IndexedSession | null {
    const [row] = this.#store.all('SELECT * FROM sessions WHERE id = ?', id);
    return row === undefined ? null : sessionFrom(row);
  }

  /** The records of one session from a statement on, for up to `limit` statements; null: there is no such session. */
  records(id: string, fromNumber: number, limit: number): RecordsPage | null {
    const session = this.session(id);
    if (session === null) return null;
    const places = this.#store.all(
      `SELECT segment, start, ending, number FROM places
       WHERE session = (SELECT ord FROM sessions WHERE id = ?) ORDER BY segment, start`,
      id,
    );
    const first = Math.max(
      0,
      places.findLastIndex((place) => Number(place['number']) < fromNumber),
    );
    const paths = new Map(segmentsIn(this.#directory).map(({ number, path }) => [number, path]));
    const page = new PageOfRecords(id, fromNumber, limit);
    for (const place of places.slice(first)) {
      const path = paths.get(Number(place['segment']));
      const start = Number(place['start']);
      if (path !== undefined) page.read(bytesAt(path, start, Number(place['ending']) - start));
      if (page.isFull) break;
    }
    const { records, nextNumber } = page;
    return { session, records, caused: this.#causedBy(id, fromNumber, nextNumber), nextNumber };
  }

  #causedBy(id: string, fromNumber: number, nextNumber: number | null): RecordsPage['caused'] {
    const caused = new CausedRecords(id, fromNumber, nextNumber);
    const sql = `SELECT id FROM sessions WHERE ord IN (SELECT session FROM words WHERE kind = 'cause' AND word = ?)
       ORDER BY at, ord LIMIT ?`;
    for (const row of this.#store.all(sql, id, CAUSED_SESSIONS_MAX))
      for (const { path, start, length } of this.#placesOf(String(row['id']))) {
        if (caused.isFull) return caused.records;
        caused.read(bytesAt(path, start, length));
      }
    return caused.records;
  }

  /** For each of `SLOTS_MAX` slots of time at the most, the names that had most and the sum of the others. */
  traffic({ sinceMs, untilMs }: TrafficQuery): Traffic {
    const step = untilMs - sinceMs <= 6 * HOUR_MS ? MINUTE_MS : HOUR_MS;
    const stepMs = step * Math.max(1, Math.ceil((untilMs - sinceMs) / step / SLOTS_MAX));
    const from = Math.floor(sinceMs / stepMs) * stepMs;
    const points = (['principal', 'table'] as const).flatMap((kind) =>
      this.#store
        .all(TRAFFIC_SQL, kind, step, from, untilMs, NAMES_SHOWN, stepMs, stepMs, OTHERS)
        .map((row) => ({
          kind,
          name: String(row['name']),
          atMs: Number(row['slot']),
          statements: Number(row['statements']),
          denied: Number(row['denied']),
          rows: Number(row['rows']),
          bytes: Number(row['bytes']),
        })),
    );
    return { stepMs, points };
  }

  close(): void {
    this.#store.close();
  }
}

function sessionFrom(row: SqlRow): IndexedSession {
  const word = (name: string) => {
    const value = row[name];
    return typeof value === 'string' ? value : null;
  };
  const groups = objectOf(`{"of":${word('groups') ?? '[]'}}`)?.['of'];
  const [at, until] = [Number(row['at']), Number(row['until'])];
  return {
    id: word('id') ?? '',
    at: new Date(at).toISOString(),
    until: new Date(until).toISOString(),
    user: word('principal'),
    groups: groups !== undefined && isArray(groups) ? groups.filter((one) => typeof one === 'string') : [],
    client: word('client'),
    listener: word('listener'),
    application: word('application'),
    statements: Number(row['statements']),
    denied: Number(row['denied']),
    truncated: Number(row['truncated']),
    rows: Number(row['rows']),
    bytes: Number(row['bytes']),
    ms: until - at,
    ended: word('ended'),
  };
}
