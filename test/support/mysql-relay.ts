/**
 * The connection phase alone, on real sockets: a client logs in at Sluice's handshake, Sluice at the real server, and
 * from then on bytes go to and fro as they are.
 */
import { createServer, connect as dial, type Socket } from 'node:net';
import { createSecureContext, connect as dialTls, TLSSocket } from 'node:tls';
import { plainOk } from '../../protocols/mysql/encode.ts';
import { Handshake, type HandshakeSettings, type Login } from '../../protocols/mysql/handshake.ts';
import { UpstreamHandshake } from '../../protocols/mysql/upstream.ts';
import type { UpstreamReady } from '../../protocols/mysql/upstream-login.ts';
import { MalformedBytes } from '../../src/bytes/index.ts';
import { ProxyError } from '../../src/core/errors.ts';
import type { IdentityPort } from '../../src/core/login.ts';
import type { EnginePort, UpstreamAccount, UpstreamPort } from '../../src/core/session.ts';

export interface RelayOptions {
  readonly settings: HandshakeSettings;
  readonly identity: IdentityPort;
  readonly account: UpstreamAccount;
  readonly server: { readonly host: string; readonly port: number };
  readonly certificate?: { readonly cert: Buffer; readonly key: Buffer };
}

export interface MysqlRelay {
  readonly port: number;
  readonly logins: readonly Login[];
  readonly ready: readonly UpstreamReady[];
  readonly errors: readonly unknown[];
  close(): void;
}

export async function startRelay(options: RelayOptions): Promise<MysqlRelay> {
  const logins: Login[] = [];
  const ready: UpstreamReady[] = [];
  const errors: unknown[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    serve(socket, options, sockets, { logins, ready, errors });
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  return {
    port,
    logins,
    ready,
    errors,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

interface Seen {
  readonly logins: Login[];
  readonly ready: UpstreamReady[];
  readonly errors: unknown[];
}

function serve(first: Socket, options: RelayOptions, sockets: Set<Socket>, seen: Seen): void {
  let client: Socket = first;
  const fail = (error: unknown) => {
    seen.errors.push(error);
    client.end(handshake.failure(asProxyError(error)));
  };
  const engine = handshakeEngine(options.identity, {
    send: (bytes) => client.write(bytes),
    startTls(received) {
      const { cert, key } = options.certificate ?? {};
      first.removeListener('data', listen);
      first.pause();
      if (received.length > 0) first.unshift(received);
      const secured = new TLSSocket(first, {
        isServer: true,
        secureContext: createSecureContext({ cert, key }),
      });
      secured.on('error', () => first.destroy());
      secured.once('secure', () => handshake.downstreamSecured());
      client = secured;
      secured.on('data', listen);
    },
  });
  const handshake = new Handshake(engine, options.settings);
  const listen = (bytes: Buffer) => {
    try {
      const result = handshake.receive(bytes, 0, bytes.length);
      if (result.result === 'more') return;
      seen.logins.push(result.login);
      client.removeListener('data', listen);
      client.pause();
      upstream(options, result.login, sockets).then(({ server, ready }) => {
        seen.ready.push(ready);
        client.write(plainOk(ready.status, result.login.capabilities, result.login.sequence));
        client.pipe(server).pipe(client);
      }, fail);
    } catch (error) {
      fail(error);
    }
  };
  client.on('error', () => {});
  client.on('data', listen);
  handshake.begin();
}

/** Sluice's own login at the server. */
export function upstream(
  options: Pick<RelayOptions, 'account' | 'server'>,
  login: Pick<Login, 'capabilities' | 'collation' | 'database'>,
  sockets: Set<Socket> = new Set(),
): Promise<{ readonly server: Socket; readonly ready: UpstreamReady }> {
  return new Promise((resolve, reject) => {
    let server: Socket = dial(options.server.port, options.server.host);
    sockets.add(server);
    const port: UpstreamPort = {
      turn: 1,
      connect() {},
      startTls() {
        server.removeListener('data', listen);
        const secured = dialTls({ socket: server, rejectUnauthorized: false });
        secured.once('secureConnect', () => handshake.secured());
        secured.on('error', reject);
        secured.on('data', listen);
        server = secured;
      },
      send: (bytes, start, end) => server.write(Buffer.from(bytes.subarray(start, end))),
      stage() {},
      pause() {},
      resume() {},
      cancel() {},
      end() {},
    };
    const handshake = new UpstreamHandshake(port, options.account, { ...login, isPatient: false });
    const listen = (bytes: Buffer) => {
      try {
        const ready = handshake.receive(bytes, 0, bytes.length);
        if (ready === null) return;
        server.removeListener('data', listen);
        server.pause();
        resolve({ server, ready });
      } catch (error) {
        server.destroy();
        reject(error);
      }
    };
    server.on('error', reject);
    server.once('close', () => reject(new Error('closed')));
    server.on('data', listen);
  });
}

export interface HandshakeSink {
  send(bytes: Buffer): void;
  startTls(received: Buffer): void;
}

/** As much of an engine as the handshake takes. */
export function handshakeEngine(identity: IdentityPort, sink: HandshakeSink): EnginePort {
  const unused = () => {
    throw new Error('not part of the handshake');
  };
  return {
    identity,
    downstream: {
      congested: false,
      send: (bytes, start, end) => sink.send(Buffer.from(bytes.subarray(start, end))),
      pause() {},
      resume() {},
      startTls: (received) => sink.startTls(received),
      end() {},
    },
    upstream: {
      turn: 1,
      connect: unused,
      startTls: unused,
      send: unused,
      stage: unused,
      pause: unused,
      resume: unused,
      cancel: unused,
      end: unused,
    },
    now: () => 0,
    authenticated: unused,
    upstreamReady: unused,
    cancelKey: () => ({ processId: 4711, secret: Buffer.alloc(0) }),
    cancelSession: unused,
    killSession: () => 'unknown',
    hold: () => true,
    release() {},
    closed() {},
  };
}

/** Every failure of a session is one of the table's; anything else is a fault of the test's subject. */
export function asProxyError(error: unknown): ProxyError {
  if (error instanceof ProxyError) return error;
  if (error instanceof MalformedBytes) return new ProxyError('malformed-frame', { detail: error.message });
  return new ProxyError('invariant', { cause: error });
}
