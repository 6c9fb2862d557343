/** Whether a text occurs in what a session's statements say: looked for in the segments, where the index knows them. */
import { objectOf } from '../journal/segments.ts';
import { bytesAt } from './bytes-at.ts';

export interface SearchedPlace {
  readonly path: string;
  readonly start: number;
  readonly length: number;
}

/** How much of a journal one question may read; what is not found by then is for the next page. */
export const SEARCH_BYTES_MAX = 256 * 1024 * 1024;

/** `lowered`: in lower case. Gives whether it was found, and how many bytes that took. */
export function searchPlaces(
  places: readonly SearchedPlace[],
  session: string,
  lowered: string,
): { readonly found: boolean; readonly bytes: number } {
  let sum = 0;
  for (const { path, start, length } of places) {
    const bytes = bytesAt(path, start, length);
    sum += bytes.length;
    let at = 0;
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, at)) {
      const line = bytes.subarray(at, end);
      at = end + 1;
      if (!line.includes(session)) continue;
      const record = objectOf(line.toString('utf8'));
      const text = record?.['session'] === session ? record['text'] : null;
      if (typeof text === 'string' && text.toLowerCase().includes(lowered))
        return { found: true, bytes: sum };
    }
  }
  return { found: false, bytes: sum };
}
