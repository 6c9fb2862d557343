/**
 * The answer to a request as records: its head, and its bytes as the client gets them, in parts of bounded size, each
 * written as soon as it is full. What bounds leave out is counted, as of results of SQL (`response-records.ts`).
 */
import { isUtf8 } from 'node:buffer';
import type { Obligations } from '../core/decision.ts';
import type { SessionId, StatementNumber } from '../core/ids.ts';
import type { RecordDuty } from '../core/responses.ts';
import type { Journal } from '../journal/writer.ts';
import type { ResponseSink } from './response-records.ts';

/** A part is written once it has so many bytes. */
const PART_BYTES = 64 * 1024;
const LF = 0x0a;
const CR = 0x0d;
const MESSAGE_END = Buffer.from('\n');
/** Cookies and the like are given to clients and to nobody else (promise 11). */
const SECRET_FIELD = /^(?:set-cookie2?|authorization)$|token|secret|api-?key|csrf|session/i;
const NOT_RECORDED = '[not recorded]';

/** What counts as a row of a body: a line, an event of a stream, or nothing, where only bytes bound it. */
export type BodyRows = 'lines' | 'events' | 'none';

export interface RecordingSink extends ResponseSink {
  readonly journal: Pick<Journal, 'isBehind' | 'whenWritten'>;
}

/** Null: the answer is not recorded. */
export function answerRecord(
  sink: RecordingSink,
  session: SessionId,
  number: StatementNumber,
  said: Obligations['record'],
): AnswerRecord | null {
  const duty = said === 'unsaid' ? sink.responses : said;
  if (duty === null || duty === 'off') return null;
  return new AnswerRecord(`"session":"${session}","number":${number},"result":0`, duty, sink);
}

export class AnswerRecord {
  readonly #start: string;
  readonly #duty: RecordDuty;
  readonly #sink: RecordingSink;
  #rows: BodyRows = 'none';
  #head = '';
  #held: Buffer[] = [];
  #heldBytes = 0;
  #part = 0;
  /** Of the line that a row may end with: nothing has come but a carriage return. */
  #isBlank = true;
  #keptRows = 0;
  #keptBytes = 0;
  #leftOutRows = 0;
  #leftOutBytes = 0;
  #isFull = false;
  #ended = false;

  constructor(start: string, duty: RecordDuty, sink: RecordingSink) {
    this.#start = start;
    this.#duty = duty;
    this.#sink = sink;
  }

  /** Of HTTP: the fields as the client gets them, apart from values that only it may have. */
  head(status: number, fields: readonly (readonly [name: string, value: string])[], rows: BodyRows): void {
    const shown = fields.map(([name, value]) => [name, SECRET_FIELD.test(name) ? NOT_RECORDED : value]);
    this.#head = `,"answer":${JSON.stringify({ status, fields: shown })}`;
    this.#rows = rows;
  }

  /** The next bytes of a body; nothing of them is kept but a copy. */
  body(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      const end = this.#rows === 'none' ? bytes.length : this.#endOfRow(bytes, at);
      // What goes on in the next bytes is a row once its end has come.
      const isRow = this.#rows !== 'none' && this.#endsRow(bytes, end);
      this.#take(bytes.subarray(at, end), isRow ? 1 : 0);
      at = end;
    }
  }

  /** A message of MCP, by itself. */
  message(bytes: Buffer): void {
    this.#take(bytes, 1);
    if (!this.#isFull) this.#keep(MESSAGE_END);
  }

  /** Behind the next line; of events, `#isBlank` is that of the line that ends there. */
  #endOfRow(bytes: Buffer, from: number): number {
    const lf = bytes.indexOf(LF, from);
    const end = lf < 0 ? bytes.length : lf;
    for (let at = from; at < end && this.#isBlank; at++) if (bytes[at] !== CR) this.#isBlank = false;
    return lf < 0 ? bytes.length : lf + 1;
  }

  #endsRow(bytes: Buffer, end: number): boolean {
    if (bytes[end - 1] !== LF) return false;
    const wasBlank = this.#isBlank;
    this.#isBlank = true;
    return this.#rows === 'events' ? wasBlank : !wasBlank;
  }

  /** From the first row that is not within the bounds, nothing is kept; of bytes, as many as there may be. */
  #take(bytes: Buffer, rows: number): void {
    if (this.#ended) return;
    const { rows: rowsMax, bytes: bytesMax } = this.#duty;
    this.#isFull ||= rowsMax !== null && this.#keptRows >= rowsMax;
    const room = this.#isFull ? 0 : bytesMax === null ? bytes.length : bytesMax - this.#keptBytes;
    if (room < bytes.length) this.#isFull = true;
    const kept = room < bytes.length ? bytes.subarray(0, whole(bytes, room)) : bytes;
    if (kept.length > 0) this.#keep(Buffer.from(kept));
    this.#keptBytes += kept.length;
    this.#leftOutBytes += bytes.length - kept.length;
    if (this.#isFull) this.#leftOutRows += rows;
    else this.#keptRows += rows;
  }

  #keep(copy: Buffer): void {
    this.#held.push(copy);
    this.#heldBytes += copy.length;
    if (this.#heldBytes >= PART_BYTES) this.#writeHeld(null);
  }

  /** Resolves once the journal has caught up with what is recorded: no more is to be read before (promise 9). */
  async caughtUp(): Promise<void> {
    const { journal } = this.#sink;
    while (journal.isBehind) await new Promise<void>((resolve) => journal.whenWritten(resolve));
  }

  /** `whole` false: it broke off. Only the first time counts. */
  end(isWhole: boolean): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#head === '' && this.#part === 0 && this.#keptBytes + this.#leftOutBytes === 0) return;
    const leftOut =
      this.#leftOutBytes === 0
        ? ''
        : `,"leftOut":{"rows":${this.#leftOutRows},"bytes":${this.#leftOutBytes}}`;
    const broken = isWhole ? '' : ',"brokenOff":true';
    this.#writeHeld(`,"end":true,"keptRows":${this.#keptRows}${leftOut}${broken}`);
  }

  /** `ending`: members of the last part; null: more is to come, and what is no whole part waits for it. */
  #writeHeld(ending: string | null): void {
    let rest = this.#held.length === 1 ? (this.#held[0] ?? EMPTY) : Buffer.concat(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    while (rest.length >= PART_BYTES) {
      const size = whole(rest, PART_BYTES);
      const isLast = ending !== null && size === rest.length;
      this.#write(rest.subarray(0, size), isLast ? ending : '');
      if (isLast) return;
      rest = rest.subarray(size);
    }
    if (ending !== null) this.#write(rest, ending);
    else if (rest.length > 0) {
      this.#held = [rest];
      this.#heldBytes = rest.length;
    }
  }

  #write(bytes: Buffer, ending: string): void {
    const shown = isUtf8(bytes) ? bytes.toString('utf8') : { hex: bytes.toString('hex') };
    const body = bytes.length === 0 ? '' : `,"body":${JSON.stringify(shown)}`;
    this.#sink.recordResponse(`${this.#start},"part":${++this.#part}${this.#head}${body}${ending}`);
    this.#head = '';
  }
}

const EMPTY = Buffer.alloc(0);

/** So many bytes at most, without the beginning of a character of UTF-8 whose end is not among them. */
function whole(bytes: Buffer, size: number): number {
  if (size >= bytes.length) return bytes.length;
  let at = size;
  while (at > 0 && size - at < 3 && ((bytes[at] ?? 0) & 0xc0) === 0x80) at--;
  // Not one of UTF-8: then any place is as good.
  return at === 0 || ((bytes[at] ?? 0) & 0xc0) === 0x80 ? size : at;
}
