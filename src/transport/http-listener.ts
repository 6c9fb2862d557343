/** Takes HTTP/1.1 from clients, by Node's own parser at its strictest, and gives each request an exchange. */
import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { PROBLEM_TYPE, problemBody } from '../../protocols/http/index.ts';
import type { HttpIdentity } from '../core/login.ts';
import type { RequestDomain } from '../engine/request-domain.ts';
import { HttpClient } from './http-client.ts';
import { problem } from './http-problems.ts';
import type { ListenAddress } from './listener.ts';
import type { RenewedTls } from './renewed-tls.ts';

/** What a listener serves. */
export interface HttpSite {
  readonly domain: RequestDomain;
  /** Answers one request, whatever becomes of it. */
  serve(client: HttpClient, request: http.IncomingMessage, response: http.ServerResponse): void;
  /** No request will come any more: lets go of what it has towards the upstream. */
  close(): Promise<void>;
}

export interface HttpListenerSettings {
  /** For a client to send the head of a request. */
  readonly headTimeoutMs: number;
  /** For a client to send a whole request. */
  readonly requestTimeoutMs: number;
  /** Between two requests of a connection. */
  readonly idleTimeoutMs: number;
  readonly connectionsMax: number;
  /** Null: in the clear. */
  readonly tls: RenewedTls | null;
}

const HEADER_BYTES_MAX = 16 * 1024;
const BACKLOG = 1024;
const CHECK_MS = 1_000;
const HANDSHAKE_MS = 10_000;
/** A client that never asks for anything new may hold a connection for long; one that asks endlessly may not. */
const REQUESTS_MAX = 10_000;

export class HttpListener {
  readonly #server: http.Server;
  readonly #site: HttpSite;
  readonly #identity: HttpIdentity;
  readonly #clients = new Map<Socket, HttpClient>();
  #closing = false;

  private constructor(server: http.Server, site: HttpSite, identity: HttpIdentity) {
    this.#server = server;
    this.#site = site;
    this.#identity = identity;
  }

  /** Listens; rejects with Node's error when the address cannot be had. */
  static async listen(
    address: ListenAddress,
    settings: HttpListenerSettings,
    site: HttpSite,
    identity: HttpIdentity,
  ): Promise<HttpListener> {
    const server = serverOf(settings);
    const listener = new HttpListener(server, site, identity);
    const { domain } = site;
    const take = (request: http.IncomingMessage, response: http.ServerResponse) =>
      listener.#take(request, response);
    server.on('request', take);
    server.on('checkContinue', take);
    server.on('checkExpectation', take);
    server.on('clientError', (error, socket) => refuse(error, socket));
    server.on('connect', (_request, socket) => socket.end(UPGRADE_REFUSED));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: address.host, port: address.port, backlog: BACKLOG }, () => {
        server.removeListener('error', reject);
        resolve();
      });
    });
    server.on('error', (error) =>
      domain.log('error', 'listener failed', { listener: domain.name, error: error.message }),
    );
    return listener;
  }

  #take(request: http.IncomingMessage, response: http.ServerResponse): void {
    const { socket } = request;
    const known = this.#clients.get(socket);
    const client = known ?? new HttpClient(socket, this.#site.domain, this.#identity);
    if (known === undefined) {
      this.#clients.set(socket, client);
      socket.once('close', () => this.#clients.delete(socket));
    }
    if (client.isAhead) {
      socket.destroy();
      return;
    }
    if (this.#closing) client.drain();
    this.#site.serve(client, request, response);
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Takes no more connections; settled once the last one is gone and the pool towards the upstream is closed. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    for (const client of this.#clients.values()) client.drain();
    await closed;
    await this.#site.close();
  }

  /** Cuts every connection that is left. */
  cut(): void {
    this.#server.closeAllConnections();
  }
}

function serverOf(settings: HttpListenerSettings): http.Server {
  const { tls, headTimeoutMs, requestTimeoutMs, idleTimeoutMs, connectionsMax } = settings;
  const options = {
    insecureHTTPParser: false,
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: headTimeoutMs,
    requestTimeout: Math.max(requestTimeoutMs, headTimeoutMs),
    keepAliveTimeout: idleTimeoutMs,
    connectionsCheckingInterval: CHECK_MS,
    noDelay: true,
    // What Host says is looked at with everything else of the head, and told in the same words.
    requireHostHeader: false,
  };
  const server = tls === null ? http.createServer(options) : securedServer(tls, options);
  server.maxRequestsPerSocket = REQUESTS_MAX;
  server.maxConnections = connectionsMax;
  return server;
}

/** Connections that are open go on as they are when the certificate is another. */
function securedServer(tls: RenewedTls, options: http.ServerOptions): http.Server {
  const server = https.createServer({
    ...options,
    ...tls.current,
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: HANDSHAKE_MS,
  });
  tls.follow((material) => server.setSecureContext(material));
  return server;
}

const STATUS_LINES: Readonly<Record<number, string>> = {
  400: '400 Bad Request',
  408: '408 Request Timeout',
  431: '431 Request Header Fields Too Large',
  501: '501 Not Implemented',
};

function plainAnswer(status: number, code: string, detail: string): Buffer {
  const body = problemBody(problem(status, code, detail));
  const head = `HTTP/1.1 ${STATUS_LINES[status]}\r\nContent-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${body.length}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

const UPGRADE_REFUSED = plainAnswer(501, 'method-refused', 'the method CONNECT is not served');

/** What Node's parser does not take: the connection ends with an answer where one can still be given. */
function refuse(error: NodeJS.ErrnoException, socket: import('node:stream').Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, code, detail] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ([431, 'header-too-large', 'the header of the request is too large'] as const)
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ([408, 'request-timeout', 'the request did not come in time'] as const)
        : ([400, 'malformed-request', 'the request cannot be read in one way only'] as const);
  socket.end(plainAnswer(status, code, detail), () => socket.destroy());
}
