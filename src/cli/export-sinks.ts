/** Where exported records go. A batch has been delivered once `send` resolves; what rejects may be sent again. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { type Io, UsageError } from './command.ts';
import type { ExportFormat } from './export-formats.ts';

export interface ExportSink {
  send(lines: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** The receiver will not take this batch however often it is sent. */
export class Undeliverable extends Error {
  override readonly name = 'Undeliverable';
}

export interface SinkOptions {
  readonly to: string | undefined;
  readonly format: ExportFormat;
  /** Certificates to trust, in PEM. */
  readonly ca: string | undefined;
  readonly io: Io;
}

const CONNECT_MS_MAX = 10_000;
const ANSWER_MS_MAX = 30_000;
/** Of a UDP datagram; longer messages end there (RFC 5426, 3.2). */
const DATAGRAM_BYTES_MAX = 8192;
const SYSLOG_PORT = 514;
const SYSLOG_TLS_PORT = 6514;

/** Throws UsageError for a place that is none. */
export function sinkFor({ to, format, ca, io }: SinkOptions): ExportSink {
  if (to === undefined || to === '-') return new OutputSink(io);
  const scheme = /^([a-z]+):\/\//.exec(to)?.[1];
  if (scheme === undefined) return new FileSink(to);
  let url: URL;
  try {
    url = new URL(to);
  } catch {
    throw new UsageError(`expected a URL such as tls://logs.example.com:6514 for --to, not "${to}"`);
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = Number(url.port === '' ? (scheme === 'tls' ? SYSLOG_TLS_PORT : SYSLOG_PORT) : url.port);
  const trusted = ca === undefined ? {} : { ca: readFileSync(ca) };
  const framed = format === 'syslog' ? octetCounted : lineEnded;
  switch (scheme) {
    case 'tcp':
      return new StreamSink(() => net.connect({ host, port }), 'connect', framed);
    case 'tls': {
      const name = net.isIP(host) === 0 ? { servername: host } : {};
      return new StreamSink(() => tls.connect({ host, port, ...name, ...trusted }), 'secureConnect', framed);
    }
    case 'udp':
      if (format !== 'syslog')
        throw new UsageError('expected --format syslog for udp://: other formats have no datagrams');
      return new DatagramSink(host, port);
    case 'http':
    case 'https':
      if (ca !== undefined)
        throw new UsageError('--ca is for tls://; for https:// Node reads NODE_EXTRA_CA_CERTS');
      return new HttpSink(url, io.environment['SLUICE_EXPORT_AUTHORIZATION']);
    default:
      throw new UsageError(
        `expected a file, or tcp://, tls://, udp://, http:// or https:// for --to, not "${to}"`,
      );
  }
}

/** RFC 6587, 3.4.1, which RFC 5425 demands over TLS: a line break within a message ends nothing. */
function octetCounted(line: string): string {
  return `${Buffer.byteLength(line)} ${line}`;
}

function lineEnded(line: string): string {
  return `${line}\n`;
}

class OutputSink implements ExportSink {
  readonly #io: Io;

  constructor(io: Io) {
    this.#io = io;
  }

  async send(lines: readonly string[]): Promise<void> {
    this.#io.out(lines.map(lineEnded).join(''));
  }

  async close(): Promise<void> {}
}

class FileSink implements ExportSink {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, 'a', 0o600);
  }

  async send(lines: readonly string[]): Promise<void> {
    const bytes = Buffer.from(lines.map(lineEnded).join(''));
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    fsyncSync(this.#file);
  }

  async close(): Promise<void> {
    closeSync(this.#file);
  }
}

/** TCP or TLS. There is no answer: delivered means handed to the kernel while the connection stood. */
class StreamSink implements ExportSink {
  readonly #open: () => net.Socket;
  readonly #readyEvent: string;
  readonly #framed: (line: string) => string;
  #socket: net.Socket | null = null;

  constructor(open: () => net.Socket, readyEvent: string, framed: (line: string) => string) {
    this.#open = open;
    this.#readyEvent = readyEvent;
    this.#framed = framed;
  }

  async send(lines: readonly string[]): Promise<void> {
    this.#socket ??= await this.#connect();
    const socket = this.#socket;
    const gone = new Error('the receiver has closed the connection');
    await new Promise<void>((resolve, reject) => {
      if (socket.destroyed || socket.readableEnded) reject(socket.errored ?? gone);
      else
        socket.write(lines.map(this.#framed).join(''), (error) =>
          error == null ? resolve() : reject(error),
        );
    }).catch((error: unknown) => {
      socket.destroy();
      this.#socket = null;
      throw error;
    });
  }

  async #connect(): Promise<net.Socket> {
    const socket = this.#open();
    // What it says is of no interest, but its end is.
    socket.resume();
    try {
      await once(socket, this.#readyEvent, { signal: AbortSignal.timeout(CONNECT_MS_MAX) });
    } catch (error) {
      socket.destroy();
      throw error;
    }
    socket.on('error', () => {});
    return socket;
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    if (socket === null || socket.destroyed) return;
    socket.setTimeout(CONNECT_MS_MAX, () => socket.destroy());
    const closed = once(socket, 'close');
    socket.end();
    await closed;
  }
}

class DatagramSink implements ExportSink {
  readonly #host: string;
  readonly #port: number;
  readonly #socket;

  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
    this.#socket = createSocket(net.isIPv6(host) ? 'udp6' : 'udp4');
  }

  async send(lines: readonly string[]): Promise<void> {
    for (const line of lines) {
      const bytes = Buffer.from(line).subarray(0, DATAGRAM_BYTES_MAX);
      await new Promise<void>((resolve, reject) => {
        this.#socket.send(bytes, this.#port, this.#host, (error) =>
          error === null ? resolve() : reject(error),
        );
      });
    }
  }

  async close(): Promise<void> {
    this.#socket.close();
  }
}

/** One POST for each batch, a line for each record. */
class HttpSink implements ExportSink {
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(url: URL, authorization: string | undefined) {
    this.#url = url;
    this.#headers = {
      'content-type': 'application/x-ndjson',
      ...(authorization === undefined ? {} : { authorization }),
    };
  }

  async send(lines: readonly string[]): Promise<void> {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: this.#headers,
      body: lines.map(lineEnded).join(''),
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    await response.body?.cancel();
    if (response.ok) return;
    const message = `the receiver answered ${response.status} ${response.statusText}`;
    const mayHelp = response.status >= 500 || response.status === 408 || response.status === 429;
    throw mayHelp ? new Error(message) : new Undeliverable(message);
  }

  async close(): Promise<void> {}
}
