/**
 * A request of a modern client that runs at a legacy server. It may outlast the client's own request: while the client
 * gathers what the server asked for, it stays as it is, and the client's retry takes it up again.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { RequestId } from '../../../protocols/mcp/message.ts';
import type { Method } from '../../../protocols/mcp/methods.ts';
import { BridgeChannel } from './bridge-channel.ts';
import { answeredBy, type ReadMessage, readBytes } from './bridge-messages.ts';
import { LegError, type ServerEvent, type ServerLeg, type ServerStream } from './legs.ts';

const RETRY_MS = 1_000;
const RESUMED_MAX = 100;

/** What the server asks of the client while the request runs. */
export interface AskedOfClient {
  readonly kind: 'asked';
  /** The server's own. */
  readonly id: RequestId;
  readonly method: string;
  readonly params: Buffer | null;
}

export type CallItem =
  | AskedOfClient
  | { readonly kind: 'notification'; readonly read: ReadMessage; readonly method: Method }
  | { readonly kind: 'answer'; readonly read: ReadMessage };

export interface CallPorts {
  readonly leg: ServerLeg;
  /** Everything but the answer: what it is and whom it is for is the session's to say. */
  fromServer(read: ReadMessage, call: BridgeCall): Promise<void>;
  ended(call: BridgeCall): void;
}

export class BridgeCall {
  readonly items = new BridgeChannel<CallItem>();
  /** Under which the server knows it. */
  readonly number: number;
  readonly method: Method;
  /** Null: the client wants no log messages. */
  logSeverity: number | null;
  readonly #ports: CallPorts;
  readonly #controller = new AbortController();
  #over = false;

  constructor(ports: CallPorts, number: number, method: Method, logSeverity: number | null) {
    this.#ports = ports;
    this.number = number;
    this.method = method;
    this.logSeverity = logSeverity;
  }

  /** Aborted when nobody waits for it any more, or it has ended. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get isOver(): boolean {
    return this.#over;
  }

  /** Whether results of this method may ask for input (2026-07-28, supported requests). */
  get takesInput(): boolean {
    return this.method === 'tools/call' || this.method === 'prompts/get' || this.method === 'resources/read';
  }

  /** Reads what answers by itself; a failure is thrown to whoever takes the items. */
  begin(sending: Promise<ServerStream>): void {
    answeredBy(sending).then(
      (stream) => this.#read(stream),
      (error: unknown) => this.end(error),
    );
  }

  /** It has ended, or nobody wants it any more. `failure`: what whoever takes its items is thrown. */
  end(failure: unknown = null): void {
    if (this.#over) return;
    this.#over = true;
    this.items.end(failure);
    this.#controller.abort();
    this.#ports.ended(this);
  }

  async #read(first: ServerStream): Promise<void> {
    let stream: ServerStream | null = first;
    try {
      for (let resumed = 0; stream !== null && resumed < RESUMED_MAX; resumed++) {
        const last: ServerEvent | null = await this.#readOne(stream);
        if (this.#over) return;
        if (last === null || last.id === null) break;
        // A server may let go of a stream and have the client come back for the rest (2025-11-25, SEP-1699).
        await delay(last.retryMs ?? RETRY_MS, undefined, { signal: this.signal, ref: false });
        stream = await this.#ports.leg.listen(last.id, this.signal);
      }
      throw new LegError('not-mcp', 'the stream ended before the answer');
    } catch (error) {
      this.end(error);
    }
  }

  /** What the stream can be taken up behind; null: it cannot. The answer ends the call. */
  async #readOne(stream: ServerStream): Promise<ServerEvent | null> {
    let last: ServerEvent | null = null;
    let retryMs: number | null = null;
    try {
      for await (const event of stream.events) {
        retryMs = event.retryMs ?? retryMs;
        if (event.id !== null) last = event;
        if (this.#over) return null;
        if (event.message === null) continue;
        const read = readBytes(event.message);
        const { kind } = read.message;
        if (kind === 'result' || kind === 'error') {
          this.items.put({ kind: 'answer', read });
          this.end();
          return null;
        }
        await this.#ports.fromServer(read, this);
      }
    } catch (error) {
      // A stream that breaks off is taken up again like one that ends.
      if (last === null || this.#over) throw error;
    } finally {
      stream.close();
    }
    return last === null ? null : { ...last, retryMs };
  }
}
