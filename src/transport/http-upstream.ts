/** The server behind a listener: pooled connections, Sluice's own credentials. */
import type { Readable } from 'node:stream';
import { Pool } from 'undici';
import { type Field, pairFields } from '../../protocols/http/index.ts';

export interface HttpUpstreamSettings {
  /** `https://api.example.com:443` */
  readonly origin: string;
  /** As the server is addressed. */
  readonly host: string;
  /** PEM; null: those that Node trusts. */
  readonly ca: string | null;
  /** The header field by which Sluice logs in; null: none. */
  readonly credential: Field | null;
  /** For the server to begin its answer. */
  readonly headersTimeoutMs: number;
}

export interface UpstreamRequest {
  readonly method: string;
  readonly path: string;
  readonly fields: readonly Field[];
  readonly body: Buffer | Readable | null;
  readonly signal: AbortSignal;
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

  /** Rejects with undici's errors, or a socket's. */
  async send({ method, path, fields, body, signal }: UpstreamRequest): Promise<UpstreamAnswer> {
    const { credential, host } = this.#settings;
    const own = credential === null ? [] : [credential];
    const kept = fields.filter(([name]) => name.toLowerCase() !== credential?.[0].toLowerCase());
    const headers = [['host', host], ...kept, ...own].flat();
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
