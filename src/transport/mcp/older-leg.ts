/**
 * Messages to a server of HTTP+SSE (MCP 2024-11-05, transports): one stream on which it says everything, and POSTs to
 * where the stream's first event points.
 */
import { bodyKindOf, codingsOf, type Field, firstValue, valuesOf } from '../../../protocols/http/index.ts';
import { readId } from '../../../protocols/mcp/message.ts';
import type { Identity } from '../../core/principal.ts';
import { isRefused, PLAIN_JSON, scanJson } from '../../json/index.ts';
import { decoded } from '../http-bodies.ts';
import type { UpstreamAnswer } from '../http-upstream.ts';
import { readEvents, type StreamEvent } from './event-stream.ts';
import { type HttpLegGround, legErrorOf } from './http-leg.ts';
import { LegError, type MessageToServer, type ServerLeg, type ServerStream } from './legs.ts';
import { HeldMessages, NOTHING, StdioStream } from './stdio-streams.ts';

const NONE = -1;
/** What is written without an origin is the server's own. */
const NOWHERE = 'http://upstream.invalid';
const ENDPOINT_MS = 10_000;
/** Of what belongs to no request while nobody listens. */
const UNCLAIMED_MAX = 64;
const OWN: readonly Field[] = [
  ['accept-encoding', 'identity'],
  ['user-agent', 'sluice'],
];

interface Waiting {
  readonly stream: StdioStream;
  readonly token: string | null;
}

export class OlderLeg implements ServerLeg {
  readonly #ground: HttpLegGround;
  readonly #actor: Identity;
  /** Where messages are sent, with its query. */
  readonly #path: string;
  readonly #stop: AbortController;
  readonly #held: HeldMessages;
  readonly #waiting = new Map<string, Waiting>();
  readonly #unclaimed: Buffer[] = [];
  #listener: StdioStream | null = null;
  /** Unset: it is read on. */
  #paused: { readonly promise: Promise<void>; readonly resume: () => void } | null = null;
  #over: LegError | null = null;

  private constructor(ground: HttpLegGround, actor: Identity, path: string, stop: AbortController) {
    this.#ground = ground;
    this.#actor = actor;
    this.#path = path;
    this.#stop = stop;
    this.#held = new HeldMessages({
      pause: () => this.#pause(),
      resume: () => {
        this.#paused?.resume();
        this.#paused = null;
      },
    });
  }

  /** Rejects with LegError where the server offers no such stream. */
  static async open(ground: HttpLegGround, actor: Identity): Promise<OlderLeg> {
    const stop = new AbortController();
    const { upstream, path, bytesMax } = ground;
    const fields: readonly Field[] = [['accept', 'text/event-stream'], ...OWN];
    const late = setTimeout(() => stop.abort(), ENDPOINT_MS);
    try {
      const request = { method: 'GET', path, fields, body: null, signal: stop.signal, actor };
      const answer = await upstream.send(request);
      const events = readEvents(bodyOf(answer), bytesMax);
      const first = await events.next();
      const to = first.done === true || first.value.type !== 'endpoint' ? null : first.value.data;
      if (to === null) throw new LegError('not-mcp', 'the server does not say where messages go');
      const leg = new OlderLeg(ground, actor, messagesPath(ground, to.toString('utf8')), stop);
      void leg.#pump(events);
      return leg;
    } catch (error) {
      stop.abort();
      throw legErrorOf(error, stop.signal);
    } finally {
      clearTimeout(late);
    }
  }

  #pause(): void {
    if (this.#paused !== null) return;
    let resume = () => {};
    const promise = new Promise<void>((resolve) => {
      resume = resolve;
    });
    this.#paused = { promise, resume };
  }

  async #pump(events: AsyncGenerator<StreamEvent>): Promise<void> {
    let error = new LegError('session-gone', 'the server has ended the session');
    try {
      for await (const { type, data } of events) {
        if (type === 'message' && data !== null && data.length > 0) this.#route(Buffer.from(data));
        if (this.#paused !== null) await this.#paused.promise;
      }
    } catch {
      error = new LegError('session-gone', 'the connection to the server was lost');
    }
    this.#over = error;
    for (const { stream } of this.#waiting.values()) stream.end(error);
    this.#waiting.clear();
    this.#listener?.end(error);
  }

  #route(message: Buffer): void {
    const document = scanJson(message, 0, message.length, { ...PLAIN_JSON, bytesMax: this.#ground.bytesMax });
    if (isRefused(document)) return;
    const idNode = document.member(0, 'id');
    const isAnswer = document.member(0, 'method') === NONE;
    const id = idNode === NONE ? null : readId(document, idNode);
    if (isAnswer) {
      const waiting = id === null ? undefined : this.#waiting.get(id.key);
      if (id === null || waiting === undefined) return;
      waiting.stream.push(message);
      waiting.stream.end(null);
      this.#waiting.delete(id.key);
      return;
    }
    const token = document.at('/params/progressToken');
    const key = token === NONE ? null : (readId(document, token)?.key ?? null);
    const all = [...this.#waiting.values()];
    // What says nothing of the kind belongs to what was asked last, most likely.
    const waiting = (key === null ? undefined : all.find((one) => one.token === key)) ?? all.at(-1);
    const stream = waiting?.stream ?? this.#listener;
    if (stream !== null) stream.push(message);
    else if (this.#unclaimed.length < UNCLAIMED_MAX) this.#unclaimed.push(message);
  }

  async send(message: MessageToServer): Promise<ServerStream> {
    if (this.#over !== null) throw this.#over;
    if (message.kind !== 'request' || message.id === null) {
      await this.#post(message);
      return NOTHING;
    }
    const { id, signal, bytes } = message;
    const close = () => stream.close();
    const stream: StdioStream = new StdioStream(this.#held, () => {
      signal.removeEventListener('abort', close);
      if (this.#waiting.get(id.key)?.stream === stream) this.#waiting.delete(id.key);
    });
    signal.addEventListener('abort', close, { once: true });
    this.#waiting.set(id.key, { stream, token: tokenIn(bytes) });
    try {
      await this.#post(message);
    } catch (error) {
      stream.close();
      throw error;
    }
    return stream.as('many');
  }

  async #post({ bytes, signal, actor = this.#actor }: MessageToServer): Promise<void> {
    const fields: readonly Field[] = [
      ['content-type', 'application/json'],
      ['content-length', String(bytes.length)],
      ...OWN,
    ];
    const path = this.#path;
    const request = { method: 'POST', path, fields, body: bytes, signal, actor };
    try {
      const answer = await this.#ground.upstream.send(request);
      answer.body.discard();
      if (answer.status === 404) throw new LegError('session-gone', 'the server does not know the session');
      if (answer.status >= 300)
        throw new LegError('refused', `the server answers with status ${answer.status}`, answer.status);
    } catch (error) {
      throw legErrorOf(error, signal);
    }
  }

  listen(_lastEventId: string | null, signal: AbortSignal): Promise<ServerStream | null> {
    this.#listener?.end(null);
    const stream: StdioStream = new StdioStream(this.#held, () => {
      if (this.#listener === stream) this.#listener = null;
    });
    signal.addEventListener('abort', () => stream.close(), { once: true });
    if (this.#over === null) this.#listener = stream;
    else stream.end(this.#over);
    for (const message of this.#unclaimed.splice(0)) stream.push(message);
    return Promise.resolve(stream.as('many'));
  }

  end(): Promise<void> {
    this.#stop.abort();
    this.#paused?.resume();
    return Promise.resolve();
  }
}

/** Throws LegError where it is no stream of events. */
function bodyOf({ status, fields, body }: UpstreamAnswer) {
  const codings = codingsOf(valuesOf(fields, 'content-encoding').join(',') || null);
  if (status === 200 && bodyKindOf(firstValue(fields, 'content-type')) === 'sse' && codings !== null)
    return decoded(body, codings);
  body.destroy();
  throw new LegError('refused', `the server answers with status ${status}`, status);
}

/** Nothing that a server says leads to another server; a URL of its own may be written out (2024-11-05, transports). */
function messagesPath({ upstream, path }: HttpLegGround, endpoint: string): string {
  const base = new URL(path, NOWHERE);
  const to = URL.parse(endpoint, base);
  if (to !== null && (to.origin === base.origin || upstream.has(to))) return `${to.pathname}${to.search}`;
  const where = to === null ? 'something that is no URL' : `${to.protocol}//${to.host}`;
  throw new LegError('not-mcp', `the server wants messages to be sent elsewhere, to ${where}`);
}

function tokenIn(bytes: Buffer): string | null {
  if (!bytes.includes('progressToken')) return null;
  const document = scanJson(bytes, 0, bytes.length, PLAIN_JSON);
  if (isRefused(document)) return null;
  const token = document.at('/params/_meta/progressToken');
  return token === NONE ? null : (readId(document, token)?.key ?? null);
}
