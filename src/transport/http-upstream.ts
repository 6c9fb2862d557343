/** The server behind a listener: pooled connections, Sluice's own credentials. */
import type { Readable } from 'node:stream';
import { type Dispatcher, Pool } from 'undici';
import type { Field } from '../../protocols/http/index.ts';
import type { Identity } from '../core/principal.ts';
import type { CancelSignal } from './cancellation.ts';
import { UpstreamBody } from './http-upstream-body.ts';

/** How Sluice itself logs in at a server, or for whoever asks. */
export interface UpstreamLogin {
  /** The header field for requests of `actor`. Rejects with UpstreamLoginError. */
  field(actor: Identity): Promise<Field>;
  /** The server has not taken it (401). Whether another one may be had. */
  refused(actor: Identity, field: Field): Promise<boolean>;
}

/** Sluice has nothing to log in with; the request was not sent. The message is for the log. */
export class UpstreamLoginError extends Error {
  override readonly name = 'UpstreamLoginError';
}

export interface HttpUpstreamSettings {
  /** `https://api.example.com:443` */
  readonly origin: string;
  /** As the server is addressed. */
  readonly host: string;
  /** PEM; null: those that Node trusts. */
  readonly ca: string | null;
  /** Null: it lets everybody in. */
  readonly login: UpstreamLogin | null;
  /** For the server to begin its answer. */
  readonly headersTimeoutMs: number;
}

export interface UpstreamRequest {
  readonly method: string;
  readonly path: string;
  readonly fields: readonly Field[];
  readonly body: Buffer | Readable | null;
  readonly signal: CancelSignal;
  /** Whose request it is. */
  readonly actor: Identity;
}

export interface UpstreamAnswer {
  readonly status: number;
  readonly fields: readonly Field[];
  readonly body: UpstreamBody;
}

const CONNECT_TIMEOUT_MS = 10_000;
const HEADER_BYTES_MAX = 64 * 1024;

export class HttpUpstream {
  readonly #pool: Pool;
  readonly #settings: HttpUpstreamSettings;

  constructor(settings: HttpUpstreamSettings) {
    this.#settings = settings;
    this.#pool = new Pool(settings.origin, {
      // As many as there are requests: a bound here would let clients that read slowly keep the others waiting.
      connections: null,
      pipelining: 1,
      allowH2: false,
      headersTimeout: settings.headersTimeoutMs,
      // An event stream may be silent for long; a client that is gone ends it.
      bodyTimeout: 0,
      maxHeaderSize: HEADER_BYTES_MAX,
      connect: { timeout: CONNECT_TIMEOUT_MS, ...(settings.ca === null ? {} : { ca: settings.ca }) },
    });
  }

  /** Whether a URL is one of this server, by the name under which it is addressed or the one by which it is reached. */
  has(url: URL): boolean {
    const { origin, host } = this.#settings;
    const reached = new URL(origin);
    return url.origin === reached.origin || url.origin === URL.parse(`${reached.protocol}//${host}`)?.origin;
  }

  /** Rejects with undici's errors, a socket's, or UpstreamLoginError. */
  async send(request: UpstreamRequest): Promise<UpstreamAnswer> {
    const { login } = this.#settings;
    if (login === null) return this.#send(request, null);
    const { actor, body } = request;
    const field = await login.field(actor);
    const answer = await this.#send(request, field);
    // A token may be taken back before it expires. A body that was streamed is gone.
    const canRepeat = body === null || Buffer.isBuffer(body);
    if (answer.status !== 401 || !canRepeat || !(await login.refused(actor, field))) return answer;
    answer.body.destroy();
    return this.#send(request, await login.field(actor));
  }

  #send({ method, path, fields, body, signal }: UpstreamRequest, own: Field | null): Promise<UpstreamAnswer> {
    const headers = ['host', this.#settings.host];
    const ownName = own === null ? '' : own[0].toLowerCase();
    for (const [name, value] of fields) if (name.toLowerCase() !== ownName) headers.push(name, value);
    if (own !== null) headers.push(own[0], own[1]);
    return new Promise((resolve, reject) => {
      const handler = new AnswerHandler(signal, resolve, reject);
      this.#pool.dispatch({ method, path, headers, body }, handler);
    });
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}

/**
 * One request as undici tells of it. Not `request`, which makes an AsyncResource, a stream and two objects of header fields
 * for each answer.
 */
class AnswerHandler implements Dispatcher.DispatchHandler {
  readonly #signal: CancelSignal;
  readonly #resolve: (answer: UpstreamAnswer) => void;
  readonly #reject: (error: Error) => void;
  #controller: Dispatcher.DispatchController | null = null;
  #body: UpstreamBody | null = null;

  constructor(
    signal: CancelSignal,
    resolve: (answer: UpstreamAnswer) => void,
    reject: (error: Error) => void,
  ) {
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    if (signal.aborted) this.#onAbort();
    else signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Nobody wants it any more: whoever waits is told at once, and the connection ends, now or once there is one. */
  readonly #onAbort = () => {
    const error = new Error('the request was given up');
    this.#reject(error);
    this.#body?.fail(error);
    this.#controller?.abort(error);
  };

  #over(): void {
    this.#signal.removeEventListener('abort', this.#onAbort);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#signal.aborted) controller.abort(new Error('the request was given up'));
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    // What comes before the answer, such as 103, is between the server and Sluice.
    if (status < 200) return;
    this.#body = new UpstreamBody(controller);
    this.#resolve({ status, fields: rawFields(controller.rawHeaders), body: this.#body });
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#body?.push(chunk);
  }

  onResponseEnd(): void {
    this.#over();
    this.#body?.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#over();
    this.#reject(error);
    this.#body?.fail(error);
  }
}

/** Names and values in turn. */
function rawFields(raw: unknown): readonly Field[] {
  if (!Array.isArray(raw)) throw new TypeError('undici gives raw header fields');
  const fields: Field[] = [];
  for (let n = 0; n + 1 < raw.length; n += 2) fields.push([rawText(raw[n]), rawText(raw[n + 1])]);
  return fields;
}

function rawText(raw: unknown): string {
  if (Buffer.isBuffer(raw)) return raw.latin1Slice();
  return typeof raw === 'string' ? raw : '';
}
