/**
 * Responses as records: what the client saw, in parts of bounded size, each written as soon as it is full. What
 * bounds leave out is counted, so that a recording never looks more complete than it is.
 */
import { isUtf8 } from 'node:buffer';
import type { Obligations } from '../core/decision.ts';
import type { SessionId, StatementNumber } from '../core/ids.ts';
import type { RecordDuty, ResponseCell, ResponseMessage, ResponseRecorder } from '../core/responses.ts';

/** A part is written once its text has grown past this. */
const PART_CHARS = 64 * 1024;
const MESSAGE_CHARS_MAX = 4096;
const MESSAGES_MAX = 100;
/** Statements whose results are numbered at the same time: those of portals that are read in turns. */
const NUMBERS_MAX = 64;

export interface ResponseSink {
  /** What is recorded of responses where no rule says; null: nothing. */
  readonly responses: RecordDuty | null;
  /** Adds a part of a response, which is written soon and not lost. */
  recordResponse(members: string): void;
}

/** The responses of one session. */
export class ResponseRecords {
  readonly #session: SessionId;
  readonly #sink: ResponseSink;
  /** How many results each of the last statements has given. */
  readonly #results = new Map<number, number>();

  constructor(session: SessionId, sink: ResponseSink) {
    this.#session = session;
    this.#sink = sink;
  }

  /** The response of the next result of a statement; null: it is not recorded. */
  begin(number: StatementNumber, said: Obligations['record']): ResponseRecorder | null {
    const duty = said === 'unsaid' ? this.#sink.responses : said;
    if (duty === null || duty === 'off') return null;
    const result = this.#results.get(number) ?? 0;
    if (result === 0 && this.#results.size >= NUMBERS_MAX)
      this.#results.delete(this.#results.keys().next().value ?? 0);
    this.#results.set(number, result + 1);
    const head = `"session":"${this.#session}","number":${number},"result":${result}`;
    return new ResponseRecord(head, duty, (members) => this.#sink.recordResponse(members));
  }
}

class ResponseRecord implements ResponseRecorder {
  readonly #head: string;
  readonly #duty: RecordDuty;
  readonly #write: (members: string) => void;
  #part = 0;
  #columns: readonly string[] | null = null;
  #columnsDue = false;
  #rows = '';
  #copied = '';
  #messages: ResponseMessage[] = [];
  #messagesLeftOut = 0;
  #keptRows = 0;
  #keptBytes = 0;
  #leftOutRows = 0;
  #leftOutBytes = 0;
  #isFull = false;

  constructor(head: string, duty: RecordDuty, write: (members: string) => void) {
    this.#head = head;
    this.#duty = duty;
    this.#write = write;
  }

  get wantsRows(): boolean {
    return !this.#isFull;
  }

  columns(names: readonly string[]): void {
    // Of a procedure's next result.
    if (this.#rows !== '') this.#writePart('');
    this.#columns = names;
    this.#columnsDue = true;
  }

  row(cells: readonly ResponseCell[], bytes: number): void {
    if (!this.#takes(1, bytes)) return;
    const text = JSON.stringify(cells);
    this.#rows = this.#rows === '' ? text : `${this.#rows},${text}`;
    if (this.#rows.length > PART_CHARS) this.#writePart('');
  }

  skipped(bytes: number): void {
    this.#leftOutRows++;
    this.#leftOutBytes += bytes;
  }

  copied(data: Buffer): void {
    if (!this.#takes(countLines(data), data.length)) return;
    // Binary COPY is no text; nor is another encoding's.
    this.#copied += isUtf8(data) ? data.toString('utf8') : `\\x${data.toString('hex')}\n`;
    if (this.#copied.length > PART_CHARS) this.#writePart('');
  }

  /** Whether so much more is within the bounds. From the first that is not, nothing is. */
  #takes(rows: number, bytes: number): boolean {
    const { rows: rowsMax, bytes: bytesMax } = this.#duty;
    this.#isFull ||=
      (rowsMax !== null && this.#keptRows + rows > rowsMax) ||
      (bytesMax !== null && this.#keptBytes + bytes > bytesMax);
    if (this.#isFull) {
      this.#leftOutRows += rows;
      this.#leftOutBytes += bytes;
      return false;
    }
    this.#keptRows += rows;
    this.#keptBytes += bytes;
    return true;
  }

  message(message: ResponseMessage): void {
    if (this.#messages.length < MESSAGES_MAX) this.#messages.push(message);
    else this.#messagesLeftOut++;
  }

  end(whole: boolean): void {
    const isEmpty = this.#columns === null && this.#messages.length === 0 && this.#part === 0;
    if (isEmpty && this.#keptBytes + this.#leftOutBytes === 0) return;
    const leftOut =
      this.#leftOutBytes === 0
        ? ''
        : `,"leftOut":{"rows":${this.#leftOutRows},"bytes":${this.#leftOutBytes}}`;
    const broken = whole ? '' : ',"brokenOff":true';
    this.#writePart(`,"end":true,"keptRows":${this.#keptRows}${leftOut}${broken}`);
  }

  #writePart(ending: string): void {
    let members = `${this.#head},"part":${++this.#part}`;
    if (this.#columnsDue) members += `,"columns":${JSON.stringify(this.#columns)}`;
    if (this.#rows !== '') members += `,"rows":[${this.#rows}]`;
    if (this.#copied !== '') members += `,"copied":${JSON.stringify(this.#copied)}`;
    if (this.#messages.length > 0) members += `,"messages":[${this.#messages.map(messageJson).join(',')}]`;
    if (this.#messagesLeftOut > 0) members += `,"messagesLeftOut":${this.#messagesLeftOut}`;
    this.#write(`${members}${ending}`);
    this.#columnsDue = false;
    this.#rows = '';
    this.#copied = '';
    this.#messages = [];
    this.#messagesLeftOut = 0;
  }
}

function messageJson({ kind, sqlstate, text }: ResponseMessage): string {
  const shown = text.length > MESSAGE_CHARS_MAX ? `${text.slice(0, MESSAGE_CHARS_MAX)}…` : text;
  return JSON.stringify({ kind, sqlstate, text: shown });
}

function countLines(data: Buffer): number {
  let lines = 0;
  for (let at = data.indexOf(0x0a); at >= 0; at = data.indexOf(0x0a, at + 1)) lines++;
  return lines;
}
