/** What a stretch of a journal says, summed up by session, by principal and by table. */
import { isArray, isObject, type JsonObject } from '../core/json.ts';

export interface SessionStart {
  readonly principal: string | null;
  readonly groups: readonly string[];
  readonly client: string | null;
  readonly listener: string | null;
  readonly application: string | null;
}

/** Bytes of a segment in which records of a session stand, among others'. */
export interface RecordPlace {
  readonly from: number;
  to: number;
  /** No statement of the session before this one is in it. */
  readonly number: number;
}

export interface SessionDelta {
  readonly id: string;
  readonly at: number;
  until: number;
  start: SessionStart | null;
  end: string | null;
  statements: number;
  denied: number;
  truncated: number;
  rows: number;
  bytes: number;
  readonly places: RecordPlace[];
  readonly rules: Set<string>;
  readonly tables: Set<string>;
  /** Sessions of MCP for whose requests it ran something. */
  readonly causes: Set<string>;
}

export interface TrafficDelta {
  readonly kind: 'principal' | 'table';
  readonly name: string;
  readonly atMs: number;
  statements: number;
  denied: number;
  rows: number;
  bytes: number;
}

/** Two records of a session closer than this are read together. */
const PLACE_BYTES = 64 * 1024;
/** Sessions and statements that are remembered until their results come; what falls out is nobody's. */
const REMEMBERED_MAX = 100_000;
const MINUTE_MS = 60_000;

/** What has to be known of a session from one stretch to the next. */
interface Remembered {
  principal: string;
  number: number;
}

export class Gathering {
  readonly #sessions = new Map<string, Remembered>();
  readonly #tablesOf = new Map<string, readonly string[]>();
  #deltas = new Map<string, SessionDelta>();
  #traffic = new Map<string, TrafficDelta>();

  /** The record that stands at `[from, to)` of its segment. */
  add(record: JsonObject, from: number, to: number): void {
    const atMs = Date.parse(text(record, 'at') ?? '');
    if (Number.isNaN(atMs)) return;
    const { of: results, type } = record;
    if (type === 'results' && results !== undefined && isArray(results)) {
      for (const result of results) {
        const id = isObject(result) ? text(result, 'session') : null;
        if (!isObject(result) || id === null) continue;
        this.#addResult(this.#delta(id, atMs, from, to), result, atMs);
      }
      return;
    }
    const id = text(record, 'session');
    if (id === null || type === 'login-refused') return;
    this.#addRecord(this.#delta(id, atMs, from, to, count(record, 'number')), record, atMs);
  }

  #delta(id: string, atMs: number, from: number, to: number, number = 0): SessionDelta {
    const known = remembered(this.#sessions, id, () => ({ principal: '', number: 0 }));
    known.number = Math.max(known.number, number);
    let delta = this.#deltas.get(id);
    if (delta === undefined) {
      delta = {
        id,
        at: atMs,
        until: atMs,
        start: null,
        end: null,
        statements: 0,
        denied: 0,
        truncated: 0,
        rows: 0,
        bytes: 0,
        places: [],
        rules: new Set(),
        tables: new Set(),
        causes: new Set(),
      };
      this.#deltas.set(id, delta);
    }
    delta.until = atMs;
    const place = delta.places.at(-1);
    if (place !== undefined && to - place.from < PLACE_BYTES) place.to = to;
    else delta.places.push({ from, to, number: known.number });
    return delta;
  }

  #addRecord(delta: SessionDelta, record: JsonObject, atMs: number): void {
    const known = remembered(this.#sessions, delta.id, () => ({ principal: '', number: 0 }));
    const { type } = record;
    for (const rule of [text(record, 'rule'), ...words(record, 'rules')])
      if (rule !== null) delta.rules.add(rule);
    const tables = words(record, 'tables');
    for (const table of tables) delta.tables.add(table);
    const { cause } = record;
    const behind = cause !== undefined && isObject(cause) ? text(cause, 'session') : null;
    if (behind !== null) delta.causes.add(behind);
    switch (type) {
      case 'session-start': {
        known.principal = text(record, 'principal') ?? '';
        delta.start = {
          principal: text(record, 'principal'),
          groups: words(record, 'groups'),
          client: text(record, 'client'),
          listener: text(record, 'listener'),
          application: text(record, 'application'),
        };
        break;
      }
      case 'session-end':
        delta.end = text(record, 'reason') ?? '';
        this.#sessions.delete(delta.id);
        break;
      case 'statement':
      case 'denied': {
        const denied = type === 'denied' ? 1 : 0;
        delta.statements++;
        delta.denied += denied;
        if (denied === 0) {
          const key = `${delta.id}:${count(record, 'number')}`;
          if (tables.length > 0) remembered(this.#tablesOf, key, () => tables);
        }
        const counts = { statements: 1, denied, rows: 0, bytes: 0 };
        this.#addTraffic('principal', known.principal, atMs, counts);
        for (const table of tables) this.#addTraffic('table', table, atMs, counts);
        break;
      }
      default:
        break;
    }
  }

  #addResult(delta: SessionDelta, result: JsonObject, atMs: number): void {
    const rows = count(result, 'rows');
    const bytes = count(result, 'bytes');
    const cutBy = text(result, 'truncatedBy');
    delta.rows += rows;
    delta.bytes += bytes;
    if (cutBy !== null) {
      delta.truncated++;
      delta.rules.add(cutBy);
    }
    const key = `${delta.id}:${count(result, 'number')}`;
    const tables = this.#tablesOf.get(key) ?? [];
    this.#tablesOf.delete(key);
    if (rows === 0 && bytes === 0) return;
    const counts = { statements: 0, denied: 0, rows, bytes };
    this.#addTraffic('principal', this.#sessions.get(delta.id)?.principal ?? '', atMs, counts);
    for (const table of tables) this.#addTraffic('table', table, atMs, counts);
  }

  #addTraffic(
    kind: TrafficDelta['kind'],
    name: string,
    atMs: number,
    counts: Pick<TrafficDelta, 'statements' | 'denied' | 'rows' | 'bytes'>,
  ): void {
    const minute = Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
    const key = `${kind} ${minute} ${name}`;
    let delta = this.#traffic.get(key);
    if (delta === undefined) {
      delta = { kind, name, atMs: minute, statements: 0, denied: 0, rows: 0, bytes: 0 };
      this.#traffic.set(key, delta);
    }
    delta.statements += counts.statements;
    delta.denied += counts.denied;
    delta.rows += counts.rows;
    delta.bytes += counts.bytes;
  }

  /** Who a session is, where an earlier run of this index has read its beginning. */
  remember(id: string, principal: string): void {
    remembered(this.#sessions, id, () => ({ principal, number: 0 })).principal = principal;
  }

  /** Gives what was gathered since the last time. */
  drain(): { readonly sessions: Iterable<SessionDelta>; readonly traffic: Iterable<TrafficDelta> } {
    const drained = { sessions: this.#deltas.values(), traffic: this.#traffic.values() };
    this.#deltas = new Map();
    this.#traffic = new Map();
    return drained;
  }
}

function remembered<V>(map: Map<string, V>, key: string, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  if (map.size >= REMEMBERED_MAX) map.delete(map.keys().next().value ?? '');
  const made = make();
  map.set(key, made);
  return made;
}

function text(record: JsonObject, name: string): string | null {
  const value = record[name];
  return typeof value === 'string' ? value : null;
}

function count(record: JsonObject, name: string): number {
  const value = record[name];
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : 0;
}

function words(record: JsonObject, name: string): readonly string[] {
  const value = record[name];
  return value !== undefined && isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
