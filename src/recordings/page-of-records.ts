/** The records of one session, from a statement on, as far as a page goes. */
import { isArray, isObject, type JsonObject } from '../core/json.ts';
import { objectOf } from '../journal/segments.ts';

/** Behind the last statement of a page its results may still follow. */
const RESULTS_BYTES_MAX = 4 * 1024 * 1024;
/** Of recorded responses in a page. */
const RESPONSE_BYTES_MAX = 2 * 1024 * 1024;
/** Records with which a statement begins; others about it follow. */
const BEGINNINGS: ReadonlySet<string> = new Set(['statement', 'parse', 'denied']);

export class PageOfRecords {
  readonly #id: string;
  readonly #from: number;
  readonly #limit: number;
  readonly records: JsonObject[] = [];
  nextNumber: number | null = null;
  #statements = 0;
  #bytesAfter = 0;
  #responseBytes = 0;

  constructor(id: string, from: number, limit: number) {
    this.#id = id;
    this.#from = from;
    this.#limit = limit;
  }

  get isFull(): boolean {
    return this.#bytesAfter > RESULTS_BYTES_MAX;
  }

  read(bytes: Buffer): void {
    let start = 0;
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, start)) {
      const line = bytes.subarray(start, end);
      start = end + 1;
      // Most lines are other sessions': looking for the id is cheaper than parsing.
      if (line.includes(this.#id)) this.#take(objectOf(line.toString('utf8')), line.length);
    }
    if (this.nextNumber !== null) this.#bytesAfter += bytes.length;
  }

  /** Of the rows of recorded responses only so much as a page should have; the rest is counted. */
  #shortened(record: JsonObject, bytes: number): JsonObject {
    if (record['type'] !== 'response') return record;
    this.#responseBytes += bytes;
    if (this.#responseBytes <= RESPONSE_BYTES_MAX) return record;
    const { rows, copied: _copied, body: _body, leftOut, ...rest } = record;
    const before = leftOut !== undefined && isObject(leftOut) ? leftOut : {};
    const more = rows !== undefined && isArray(rows) ? rows.length : 0;
    return {
      ...rest,
      leftOut: { rows: Number(before['rows'] ?? 0) + more, bytes: Number(before['bytes'] ?? 0) + bytes },
    };
  }

  #take(record: JsonObject | null, bytes: number): void {
    if (record === null) return;
    const { n, at, of: results } = record;
    if (results !== undefined && isArray(results)) {
      for (const result of results) {
        if (!isObject(result) || result['session'] !== this.#id) continue;
        const number = Number(result['number']);
        if (number >= this.#from && (this.nextNumber === null || number < this.nextNumber))
          this.records.push({ n, at, type: 'result', ...result });
      }
      return;
    }
    if (record['session'] !== this.#id) return;
    const number = Number(record['number'] ?? 0);
    if (number === 0) {
      this.records.push(record);
      return;
    }
    if (number < this.#from || (this.nextNumber !== null && number >= this.nextNumber)) return;
    if (!BEGINNINGS.has(String(record['type']))) {
      this.records.push(this.#shortened(record, bytes));
      return;
    }
    if (this.nextNumber !== null) return;
    if (this.#statements >= this.#limit) this.nextNumber = number;
    else {
      this.#statements++;
      this.records.push(record);
    }
  }
}
