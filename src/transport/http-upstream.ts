/** The server behind a listener: pooled connections, Sluice's own credentials. */
import type { Readable } from 'node:stream';
import { Pool } from 'undici';
import { type Field, pairFields } from '../../protocols/http/index.ts';
import type { Identity } from '../core/principal.ts';

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
  readonly signal: AbortSignal;
  /** Whose request it is. */
  readonly actor: Identity;
}

export interface UpstreamAnswer {
  readonly status: number;
  readonly fields: readonly Field[];
  readonly body: Readable;
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
    answer.body.on('error', () => {}).destroy();
    return this.#send(request, await login.field(actor));
  }

  async #send(
    { method, path, fields, body, signal }: UpstreamRequest,
    own: Field | null,
  ): Promise<UpstreamAnswer> {
    const kept = fields.filter(([name]) => name.toLowerCase() !== own?.[0].toLowerCase());
    const headers = [['host', this.#settings.host], ...kept, ...(own === null ? [] : [own])].flat();
    const answer = await this.#pool.request({ method, path, headers, body, signal, responseHeaders: 'raw' });
    return { status: answer.statusCode, fields: rawFields(answer.headers), body: answer.body };
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}

/** With `responseHeaders: 'raw'` the fields come as names and values in turn, which undici's types do not say. */
function rawFields(headers: unknown): readonly Field[] {
  if (!Array.isArray(headers)) throw new TypeError('undici gives raw header fields');
  const flat = headers.map((one: unknown) =>
    Buffer.isBuffer(one) ? one.toString('latin1') : typeof one === 'string' ? one : '',
  );
  return pairFields(flat);
}
