/** Statements of other sessions that ran for requests of one session of MCP, as far as a page of that session goes. */
import { isArray, isObject, type JsonObject } from '../core/json.ts';
import { objectOf } from '../journal/segments.ts';

const RECORDS_MAX = 2_000;
const READ_BYTES_MAX = 16 * 1024 * 1024;

export class CausedRecords {
  readonly #id: string;
  readonly #from: number;
  readonly #next: number | null;
  readonly records: JsonObject[] = [];
  #readBytes = 0;

  /** `next`: the number that the page after this one begins with; null: there is none. */
  constructor(id: string, from: number, next: number | null) {
    this.#id = id;
    this.#from = from;
    this.#next = next;
  }

  get isFull(): boolean {
    return this.records.length >= RECORDS_MAX || this.#readBytes > READ_BYTES_MAX;
  }

  read(bytes: Buffer): void {
    this.#readBytes += bytes.length;
    let start = 0;
    for (let end = bytes.indexOf(0x0a); end >= 0 && !this.isFull; end = bytes.indexOf(0x0a, start)) {
      const line = bytes.subarray(start, end);
      start = end + 1;
      // Places hold records of others as well: looking for the id is cheaper than parsing.
      const record = line.includes(this.#id) ? objectOf(line.toString('utf8')) : null;
      if (record !== null && this.#isMeant(record)) this.records.push(record);
    }
  }

  #isMeant({ type, cause }: JsonObject): boolean {
    if ((type !== 'statement' && type !== 'denied') || cause === undefined || !isObject(cause)) return false;
    const { session, calls } = cause;
    if (session !== this.#id || calls === undefined || !isArray(calls)) return false;
    return calls.some((call) => {
      const number = isObject(call) ? Number(call['number']) : Number.NaN;
      return number >= this.#from && (this.#next === null || number < this.#next);
    });
  }
}
