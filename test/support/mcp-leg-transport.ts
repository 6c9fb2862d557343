/** A client of the official SDKs directly in front of a leg, without an endpoint and a judge between them. */
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';
import { Conversation } from '../../protocols/mcp/conversation.ts';
import type { Method } from '../../protocols/mcp/methods.ts';
import { CANONICAL_JSON, isRefused, scanJson } from '../../src/json/index.ts';
import {
  LegError,
  type MessageToServer,
  type ServerLeg,
  type ServerStream,
} from '../../src/transport/mcp/legs.ts';

interface Said {
  readonly jsonrpc: '2.0';
}

export class LegTransport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #leg: ServerLeg;
  readonly #conversation = new Conversation();
  readonly #running = new Map<string, AbortController>();
  readonly #over = new AbortController();
  /** Messages as they came from the leg. */
  readonly received: string[] = [];

  constructor(leg: ServerLeg) {
    this.#leg = leg;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  async send(said: Said): Promise<void> {
    const bytes = Buffer.from(JSON.stringify(said));
    const message = this.#read(bytes);
    if (message === null) return;
    let stream: ServerStream;
    try {
      stream = await this.#leg.send(message);
    } catch (error) {
      // As an endpoint passes on what a server says with a status that is no success.
      if (!(error instanceof LegError) || error.body === null) throw error;
      this.onmessage?.(JSON.parse(error.body.toString('utf8')));
      return;
    }
    void this.#deliver(stream);
    if (message.method === 'notifications/initialized') {
      const listening = await this.#leg.listen(null, this.#over.signal);
      if (listening !== null) void this.#deliver(listening);
    }
  }

  async close(): Promise<void> {
    this.#over.abort();
    for (const controller of this.#running.values()) controller.abort();
    await this.#leg.end();
    this.onclose?.();
  }

  #read(bytes: Buffer): MessageToServer | null {
    const document = scanJson(bytes, 0, bytes.length, CANONICAL_JSON);
    if (isRefused(document)) throw new Error(document.message);
    const reading = this.#conversation.fromClient(document, document.root);
    switch (reading.reading) {
      case 'request': {
        const { method, revision, subject, message } = reading;
        const controller = new AbortController();
        this.#running.set(message.id.key, controller);
        return {
          kind: 'request',
          bytes,
          method,
          revision,
          subject,
          id: message.id,
          signal: controller.signal,
        };
      }
      case 'notification': {
        const { method, revision, about } = reading;
        if (method === 'notifications/cancelled' && about !== null) this.#running.get(about.id.key)?.abort();
        return {
          kind: 'notification',
          bytes,
          method,
          revision,
          subject: null,
          id: null,
          signal: this.#over.signal,
        };
      }
      case 'answer':
        return this.#answer(bytes, reading.message.id?.key ?? '', reading);
      case 'dropped':
        return null;
      case 'refused':
        throw new Error(reading.why);
    }
  }

  #answer(
    bytes: Buffer,
    key: string,
    { revision }: { readonly revision: MessageToServer['revision'] },
  ): MessageToServer {
    const method: Method | null = null;
    const id = { key, written: key };
    return { kind: 'answer', bytes, method, revision, subject: null, id, signal: this.#over.signal };
  }

  async #deliver(stream: ServerStream): Promise<void> {
    try {
      for await (const { message } of stream.events) {
        if (message === null) continue;
        const document = scanJson(message, 0, message.length, CANONICAL_JSON);
        if (isRefused(document)) throw new Error(document.message);
        const reading = this.#conversation.fromServer(document, document.root);
        if (reading.reading === 'refused') throw new Error(reading.why);
        this.received.push(message.toString('utf8'));
        if (reading.reading !== 'dropped') this.onmessage?.(JSON.parse(message.toString('utf8')));
      }
    } catch (error) {
      if (!this.#over.signal.aborted && error instanceof Error) this.onerror?.(error);
    }
  }
}
