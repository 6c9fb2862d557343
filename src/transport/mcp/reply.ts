/** What a POST or GET of MCP is answered with: one JSON message, or events, begun as late as can be. */
import type { ServerResponse } from 'node:http';
import type { Field } from '../../../protocols/http/index.ts';
import { Cancellation, type CancelSignal } from '../cancellation.ts';
import { ended, written } from '../http-write.ts';
import { COMMENT, type WrittenEvent, writtenEvent } from './event-stream.ts';

/** Where the answers to a request go. */
export interface Outbound {
  /** Aborted when nobody reads it any more. */
  readonly gone: CancelSignal;
  /** A message that is all of the answer. */
  single(message: Buffer, status: number): Promise<void>;
  /** A piece of a longer one; resolves when there is room for the next (promise 9). */
  event(event: WrittenEvent): Promise<void>;
}

export interface ReplySettings {
  /** For every answer, whatever it is. */
  readonly fields: readonly Field[];
  /** The client reads events. */
  readonly takesEvents: boolean;
  /** After which silence a comment shows that somebody is still there. */
  readonly keepAliveMs: number;
}

export class Reply implements Outbound {
  readonly #gone = new Cancellation();
  readonly #response: ServerResponse;
  readonly #settings: ReplySettings;
  #sessionId: (() => string | null) | null = null;
  #keepAlive: NodeJS.Timeout | null = null;
  #single = false;

  constructor(response: ServerResponse, settings: ReplySettings) {
    this.#response = response;
    this.#settings = settings;
    response.once('close', () => {
      this.#quiet();
      if (!response.writableFinished) this.#gone.abort();
    });
  }

  get gone(): CancelSignal {
    return this.#gone;
  }

  /** The session that this answer tells of, looked up when its head is written. */
  tells(sessionId: () => string | null): void {
    this.#sessionId = sessionId;
  }

  /** Interim: the client waits to be told to go on (RFC 9110, 15.2.1). */
  continues(): void {
    this.#response.writeContinue();
  }

  /** Whether the answer is written as one message. */
  get isSingle(): boolean {
    return this.#single;
  }

  get isBegun(): boolean {
    return this.#response.headersSent;
  }

  /** Something takes its time: from now on silence is broken by comments. */
  waits(): void {
    if (this.#keepAlive !== null || !this.#settings.takesEvents || this.#response.writableEnded) return;
    this.#keepAlive = setTimeout(() => {
      this.#keepAlive = null;
      if (this.#response.destroyed || this.#response.writableEnded) return;
      this.begin();
      if (!this.#response.writableNeedDrain) this.#response.write(COMMENT);
      this.waits();
    }, this.#settings.keepAliveMs);
    this.#keepAlive.unref();
  }

  #quiet(): void {
    if (this.#keepAlive !== null) clearTimeout(this.#keepAlive);
    this.#keepAlive = null;
  }

  /** Begins the events, of which the client is told at once. */
  begin(): void {
    if (this.#response.headersSent) return;
    this.#beginEvents();
    this.#response.flushHeaders();
  }

  /** The head leaves together with what is written next. */
  #beginEvents(): void {
    if (this.#response.headersSent) return;
    this.#head(200, [
      ['content-type', 'text/event-stream'],
      ['cache-control', 'no-cache, no-transform'],
      ['x-accel-buffering', 'no'],
    ]);
  }

  #head(status: number, more: readonly Field[]): void {
    const id = this.#sessionId?.() ?? null;
    const flat: string[] = [];
    for (const [name, value] of this.#settings.fields) flat.push(name, value);
    for (const [name, value] of more) flat.push(name, value);
    if (id !== null) flat.push('mcp-session-id', id);
    this.#response.writeHead(status, flat);
  }

  async single(message: Buffer, status: number): Promise<void> {
    if (this.#response.headersSent) {
      // Comments or progress have begun the events: this is the last of them.
      await this.event({ message, id: null, retryMs: null });
      this.end();
      return;
    }
    this.#quiet();
    this.#single = true;
    const type = message.length === 0 ? [] : ([['content-type', 'application/json']] as const);
    this.#head(status, [...type, ['content-length', String(message.length)], ['cache-control', 'no-store']]);
    await ended(this.#response, message);
  }

  /** Bytes as they are, such as the first event of the older transport. */
  async raw(bytes: Buffer): Promise<void> {
    this.#beginEvents();
    await written(this.#response, bytes);
  }

  async event(event: WrittenEvent): Promise<void> {
    this.#quiet();
    this.#beginEvents();
    await written(this.#response, writtenEvent(event));
    this.waits();
  }

  /** Without a body. */
  empty(status: number, more: readonly Field[] = []): void {
    this.#quiet();
    this.#head(status, [...more, ...(status === 204 ? [] : ([['content-length', '0']] as const))]);
    this.#response.end();
  }

  end(): void {
    this.#quiet();
    if (this.#response.destroyed || this.#response.writableEnded) return;
    this.#beginEvents();
    this.#response.end();
  }
}
