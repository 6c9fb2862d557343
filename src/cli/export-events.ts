/** What an export tells of each record: the record itself, and who is behind its session. */
import { isArray, isObject, type JsonObject } from '../core/json.ts';
import { numberIn, textIn, wordsIn } from './record-fields.ts';

/** Sessions and statements that are remembered until they end; what falls out is told of without them. */
const REMEMBERED_MAX = 100_000;

export interface ExportedSession {
  readonly principal: string | null;
  readonly groups: readonly string[];
  readonly client: string | null;
  readonly listener: string | null;
  readonly application: string | null;
}

export interface ExportedEvent {
  /** Of the record; results that one record gathers are told apart by the number behind the point. */
  readonly uid: string;
  readonly n: number;
  readonly type: string;
  readonly atMs: number;
  readonly record: JsonObject;
  readonly session: ExportedSession | null;
  /** Of a result: the record of its statement. */
  readonly statement: JsonObject | null;
}

export class ExportEvents {
  readonly #sessions = new Map<string, ExportedSession>();
  readonly #statements = new Map<string, JsonObject>();

  /** The events of one record. All records have to be given, also those that are not exported: sessions begin in them. */
  of(record: JsonObject): readonly ExportedEvent[] {
    const { of: results } = record;
    if (record['type'] !== 'results' || results === undefined || !isArray(results))
      return [this.#event(record, String(record['n']))];
    return results.filter(isObject).map((result, index) => {
      const { n, at } = record;
      return this.#event({ n, at, type: 'result', ...result }, `${n}.${index + 1}`);
    });
  }

  #event(record: JsonObject, uid: string): ExportedEvent {
    const type = textIn(record, 'type') ?? '';
    const id = textIn(record, 'session');
    const key = `${id}:${record['number']}`;
    if (type === 'session-start' && id !== null)
      remember(this.#sessions, id, {
        principal: textIn(record, 'principal'),
        groups: wordsIn(record, 'groups'),
        client: textIn(record, 'client'),
        listener: textIn(record, 'listener'),
        application: textIn(record, 'application'),
      });
    const session = id === null ? null : (this.#sessions.get(id) ?? null);
    const statement = type === 'result' ? (this.#statements.get(key) ?? null) : null;
    if (type === 'statement') remember(this.#statements, key, record);
    if (type === 'session-end' && id !== null) this.#sessions.delete(id);
    const atMs = Date.parse(textIn(record, 'at') ?? '');
    return { uid, n: numberIn(record, 'n') ?? 0, type, atMs, record, session, statement };
  }
}

function remember<V>(map: Map<string, V>, key: string, value: V): void {
  if (map.size >= REMEMBERED_MAX) map.delete(map.keys().next().value ?? '');
  map.set(key, value);
}
