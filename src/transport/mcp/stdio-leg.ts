/**
 * Towards an MCP server that is a program: one pipe for everything, told apart here. What answers a request comes on its
 * stream; what belongs to none comes on that of the youngest request, or waits for whoever listens.
 */
import { type RequestId, readId } from '../../../protocols/mcp/message.ts';
import type { Era } from '../../../protocols/mcp/revisions.ts';
import { idOfTooLong, type Line } from '../../../protocols/stdio/index.ts';
import { isRefused, type JsonDocument, PLAIN_JSON, scanJson } from '../../json/index.ts';
import { LegError, type MessageToServer, type ServerLeg, type ServerStream } from './legs.ts';
import { numberedAnswer, numberedMessage, SUBSCRIPTION } from './stdio-numbers.ts';
import { type ProgramOrder, StdioProgram } from './stdio-program.ts';
import { HeldMessages, NOTHING, StdioStream } from './stdio-streams.ts';

const NONE = -1;
/** After so long without a word an answer is taken to come as a stream. */
const FIRST_WORD_MS = 2_000;
/** Of what belongs to no request while nobody listens. */
const UNCLAIMED_MAX = 64;

interface Waiting {
  readonly stream: StdioStream;
  /** As the client wrote it, and as the program knows it. */
  readonly id: RequestId;
  readonly sentAs: RequestId;
  readonly token: string | null;
  readonly clientToken: string | null;
  readonly isSubscription: boolean;
}

export class StdioLeg implements ServerLeg {
  readonly #program: StdioProgram;
  readonly #era: Era;
  readonly #held: HeldMessages;
  /** By the id that the program knows. */
  readonly #waiting = new Map<string, Waiting>();
  #listener: StdioStream | null = null;
  readonly #unclaimed: Buffer[] = [];
  #numbers = 0;
  readonly #log: (line: string) => void;
  /** Resolves once the program is gone, however that came. */
  readonly over: Promise<LegError>;
  #resolveOver: (error: LegError) => void = () => {};

  constructor(order: ProgramOrder, era: Era) {
    this.#era = era;
    this.#log = order.log;
    this.over = new Promise((resolve) => {
      this.#resolveOver = resolve;
    });
    this.#program = new StdioProgram(order, {
      line: (line) => this.#line(line),
      ended: (error) => this.#ended(error),
    });
    this.#held = new HeldMessages({
      pause: () => this.#program.pause(),
      resume: () => this.#program.resume(),
    });
  }

  async send(message: MessageToServer): Promise<ServerStream> {
    if (message.kind !== 'request' || message.id === null) {
      await this.#program.send(message.bytes);
      return NOTHING;
    }
    if (this.#program.error !== null) throw this.#program.error;
    if (message.signal.aborted) return NOTHING;
    const { stream, bytes } = this.#register(message, message.id);
    try {
      await this.#program.send(bytes);
      await stream.arrival(FIRST_WORD_MS);
    } catch (error) {
      stream.close();
      throw error;
    }
    return stream.as(stream.isSingle ? 'one' : 'many');
  }

  /** A request waits for its answer from here on; ids that are in use already are replaced towards the program. */
  #register(
    message: MessageToServer,
    id: RequestId,
  ): { readonly stream: StdioStream; readonly bytes: Buffer } {
    const { signal, method } = message;
    const numbered = numberedMessage(message.bytes, id, {
      // Sessions keep their ids apart themselves; requests of nobody's session need not.
      isTaken: (key) => this.#era === 'modern' && this.#waiting.has(key),
      isTokenTaken: (key) => this.#era === 'modern' && this.#withToken(key) !== null,
      next: () => ++this.#numbers,
    });
    const abandon = () => stream.close();
    const stream: StdioStream = new StdioStream(this.#held, (isEarly) => {
      if (this.#waiting.get(waiting.sentAs.key) === waiting) this.#waiting.delete(waiting.sentAs.key);
      signal.removeEventListener('abort', abandon);
      // The one request that may not be cancelled (MCP, cancellation).
      if (isEarly && method !== 'initialize') this.#cancel(numbered.id);
    });
    const waiting: Waiting = {
      stream,
      id,
      sentAs: numbered.id,
      token: numbered.token,
      clientToken: numbered.clientToken,
      isSubscription: method === 'subscriptions/listen',
    };
    signal.addEventListener('abort', abandon, { once: true });
    this.#waiting.set(numbered.id.key, waiting);
    return { stream, bytes: numbered.bytes };
  }

  /** Nobody wants the answer any more, and the program is told: on a pipe nothing else tells it (MCP, cancellation). */
  #cancel({ written }: RequestId): void {
    if (this.#program.error !== null) return;
    const params = `{"requestId":${written},"reason":"nobody waits for it any more"}`;
    const message = `{"jsonrpc":"2.0","method":"notifications/cancelled","params":${params}}`;
    this.#program.send(Buffer.from(message)).catch(() => {});
  }

  listen(_lastEventId: string | null, signal: AbortSignal): Promise<ServerStream | null> {
    if (this.#era === 'modern') return Promise.resolve(null);
    this.#listener?.end(null);
    const stream: StdioStream = new StdioStream(this.#held, () => {
      if (this.#listener === stream) this.#listener = null;
    });
    signal.addEventListener('abort', () => stream.close(), { once: true });
    if (this.#program.error !== null) stream.end(this.#program.error);
    else this.#listener = stream;
    for (const message of this.#unclaimed.splice(0)) stream.push(message);
    return Promise.resolve(stream.as('many'));
  }

  async end(): Promise<void> {
    await this.#program.end();
  }

  #ended(error: LegError): void {
    for (const { stream } of [...this.#waiting.values()]) stream.end(error);
    this.#listener?.end(error);
    this.#unclaimed.length = 0;
    this.#resolveOver(error);
  }

  #line(line: Line): void {
    if (line.line === 'too-long') {
      this.#tooLong(line.first, line.last);
      return;
    }
    const { bytes } = line;
    const document = scanJson(bytes, 0, bytes.length, { ...PLAIN_JSON, bytesMax: bytes.length });
    if (isRefused(document)) {
      this.#log('(a line on standard output that is no JSON, which goes nowhere)');
      return;
    }
    // Up to 2025-03-26 several messages may come at once.
    const nodes = document.kind(0) === 'array' ? [...document.children(0)] : [0];
    for (const node of nodes)
      this.#message(document, node, bytes.subarray(document.start(node), document.end(node)));
  }

  #message(document: JsonDocument, node: number, bytes: Buffer): void {
    const idNode = document.member(node, 'id');
    const id = idNode === NONE ? null : readId(document, idNode);
    const method = document.text(document.member(node, 'method'));
    if (method === null) {
      const waiting = id === null ? undefined : this.#waiting.get(id.key);
      if (waiting === undefined) return;
      waiting.stream.push(numberedAnswer(document, node, bytes, waiting));
      waiting.stream.end(null);
      this.#waiting.delete(waiting.sentAs.key);
      return;
    }
    const params = document.member(node, 'params');
    if (id === null && method === 'notifications/progress') {
      const token = document.member(params, 'progressToken');
      const waiting = token === NONE ? null : this.#withToken(readId(document, token)?.key ?? '');
      if (waiting !== null) waiting.stream.push(numberedAnswer(document, node, bytes, waiting));
      return;
    }
    const subscription = document.member(document.member(params, '_meta'), SUBSCRIPTION);
    if (subscription !== NONE) {
      const waiting = this.#waiting.get(readId(document, subscription)?.key ?? '');
      if (waiting !== undefined) waiting.stream.push(numberedAnswer(document, node, bytes, waiting));
      return;
    }
    this.#unrelated(bytes);
  }

  #withToken(key: string): Waiting | null {
    for (const waiting of this.#waiting.values()) if (waiting.token === key) return waiting;
    return null;
  }

  /** Nothing says what it belongs to: most likely to what was asked last. */
  #unrelated(message: Buffer): void {
    const youngest = [...this.#waiting.values()].findLast(({ isSubscription }) => !isSubscription);
    const stream = youngest?.stream ?? this.#listener;
    if (stream !== null) stream.push(message);
    else if (this.#era === 'legacy' && this.#unclaimed.length < UNCLAIMED_MAX)
      this.#unclaimed.push(Buffer.from(message));
  }

  #tooLong(first: Buffer, last: Buffer): void {
    const written = idOfTooLong(first, last);
    const error = new LegError('not-mcp', 'the answer is longer than it may be');
    const waiting = [...this.#waiting.values()].find(({ sentAs }) => sentAs.written === written);
    this.#log('(a message that is longer than it may be, which goes nowhere)');
    // Whose it was cannot be told: of all that wait, one would wait for ever.
    const concerned = waiting === undefined ? [...this.#waiting.values()] : [waiting];
    for (const { stream, sentAs } of concerned) {
      stream.end(error);
      this.#waiting.delete(sentAs.key);
    }
  }
}
