/** SQL that a session of MCP was behind, out of a journal: by the number of the request that it ran for. */
import { isArray, isObject, type JsonObject } from '../core/json.ts';
import { numberIn, textIn } from './record-fields.ts';

export interface RecordedSql {
  readonly session: string;
  readonly number: number;
  readonly text: string;
  readonly verdict: string;
  /** Requests that it may have run for; more than one where it cannot be told which. */
  readonly candidates: number;
}

/** More of one request are counted only. */
export const SQL_MAX = 20;

export function sqlBehind(
  records: Iterable<JsonObject>,
  session: string,
): ReadonlyMap<number, readonly RecordedSql[]> {
  const found = new Map<number, RecordedSql[]>();
  for (const record of records) {
    const { type, cause } = record;
    if ((type !== 'statement' && type !== 'denied') || cause === undefined || !isObject(cause)) continue;
    const { calls } = cause;
    if (textIn(cause, 'session') !== session || calls === undefined || !isArray(calls)) continue;
    const sql = {
      session: textIn(record, 'session') ?? '',
      number: numberIn(record, 'number') ?? 0,
      text: textIn(record, 'text') ?? '',
      verdict: textIn(record, 'verdict') ?? (type === 'denied' ? 'deny' : 'allow'),
      candidates: calls.length,
    };
    for (const call of calls) {
      const number = isObject(call) ? numberIn(call, 'number') : null;
      if (number === null) continue;
      const known = found.get(number);
      if (known === undefined) found.set(number, [sql]);
      else known.push(sql);
    }
  }
  return found;
}
