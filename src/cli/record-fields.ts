/** Members of journal records, narrowed: what is not of the expected type counts as absent. */
import { isArray, type JsonObject } from '../core/json.ts';

export function textIn(record: JsonObject, name: string): string | null {
  const value = record[name];
  return typeof value === 'string' ? value : null;
}

export function numberIn(record: JsonObject, name: string): number | null {
  const value = record[name];
  return typeof value === 'number' ? value : null;
}

export function wordsIn(record: JsonObject, name: string): readonly string[] {
  const value = record[name];
  return value !== undefined && isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
