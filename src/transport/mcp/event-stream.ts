/** Event streams as MCP uses them (HTML, 9.2.6): read from servers at any cut of the bytes, written for clients. */
import { eventFields, PieceSplitter } from '../../../protocols/http/index.ts';
import { type Body, bytesOf } from '../http-bodies.ts';

/** One event of a stream. */
export interface StreamEvent {
  /** `message` where the stream does not say. */
  readonly type: string;
  /** Its lines of data together; null: there are none. */
  readonly data: Buffer | null;
  readonly id: string | null;
  readonly retryMs: number | null;
}

/** A message, an event that only has an id, or a comment that keeps the stream alive, to be written. */
export interface WrittenEvent {
  readonly message: Buffer | null;
  readonly id: string | null;
  readonly retryMs: number | null;
}

const LF = Buffer.from('\n');
const END_OF_LINE = /\r\n?|\n/g;
const RETRY_MS_MAX = 3_600_000;

/** An event is longer than it may be. */
export class EventTooLong extends Error {
  override readonly name = 'EventTooLong';
}

/** Rejects with EventTooLong, or what the body fails with. What is not whole when the stream ends is no event. */
export async function* readEvents(body: Body, bytesMax: number): AsyncGenerator<StreamEvent> {
  const splitter = new PieceSplitter('events', bytesMax);
  for await (const chunk of body) {
    const pieces = splitter.push(bytesOf(chunk));
    if (pieces === 'too-long') throw new EventTooLong();
    for (const piece of pieces) {
      const event = eventIn(piece);
      if (event !== null) yield event;
    }
  }
}

/** Null: blank lines between events. */
function eventIn(piece: Buffer): StreamEvent | null {
  const fields = eventFields(piece);
  if (fields.length === 0) return null;
  let type = '';
  let id: string | null = null;
  let retryMs: number | null = null;
  const data: Buffer[] = [];
  for (const { name, start, end } of fields) {
    const value = piece.subarray(start, end);
    if (name === 'data') data.push(...(data.length === 0 ? [] : [LF]), value);
    else if (name === 'event') type = value.toString('utf8');
    else if (name === 'id' && !value.includes(0)) id = value.toString('utf8');
    else if (name === 'retry' && /^\d{1,9}$/.test(value.toString('latin1')))
      retryMs = Math.min(Number(value.toString('latin1')), RETRY_MS_MAX);
  }
  const [only] = data;
  const bytes = only === undefined ? null : data.length === 1 ? only : Buffer.concat(data);
  return { type: type === '' ? 'message' : type, data: bytes, id, retryMs };
}

/** The bytes of an event. One without anything is a comment. */
export function writtenEvent({ message, id, retryMs }: WrittenEvent): Buffer {
  if (message === null && id === null && retryMs === null) return COMMENT;
  const head = [
    ...(message === null ? [] : ['event: message']),
    ...(id === null || /[\r\n\0]/.test(id) ? [] : [`id: ${id}`]),
    ...(retryMs === null ? [] : [`retry: ${retryMs}`]),
  ].map((line) => `${line}\n`);
  const data = message === null ? [Buffer.from('data: \n')] : dataLines(message);
  return Buffer.concat([Buffer.from(head.join('')), ...data, LF]);
}

const DATA = Buffer.from('data: ');

/** JSON may be written in lines; between two of its tokens the one end of a line is as good as the other. */
function dataLines(message: Buffer): readonly Buffer[] {
  if (!message.includes(0x0a) && !message.includes(0x0d)) return [DATA, message, LF];
  return [Buffer.from(`data: ${message.toString('latin1').replaceAll(END_OF_LINE, '\ndata: ')}\n`, 'latin1')];
}

export const COMMENT = Buffer.from(':\n\n');
