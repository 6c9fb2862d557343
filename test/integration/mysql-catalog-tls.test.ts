/** Whom Sluice's own MySQL connections take for their server. A stand-in greets, and listens to what comes after TLS. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { after, test } from 'node:test';
import tls from 'node:tls';
import { MysqlCatalogSource } from '../../src/transport/mysql-catalog-source.ts';
import { upstreamTls } from '../../src/transport/upstream-tls.ts';
import { makeCertificates } from '../support/certificates.ts';

const certificates = makeCertificates();
after(() => certificates.remove());

/** Handshake v10 of a server that offers TLS and caching_sha2_password. */
function greeting(): Buffer {
  const plugin = Buffer.from('caching_sha2_password\0');
  // PROTOCOL_41, SSL, SECURE_CONNECTION, PLUGIN_AUTH
  const flags = 0x0200 | 0x0800 | 0x8000 | 0x80000;
  const body = Buffer.concat([
    Buffer.from('\x0a8.4.6\0\x01\0\0\x00', 'latin1'),
    Buffer.from('abcdefgh\0'),
    Buffer.from([flags & 0xff, (flags >> 8) & 0xff, 45, 2, 0, (flags >> 16) & 0xff, flags >>> 24, 21]),
    Buffer.alloc(10),
    Buffer.from('ijklmnopqrst\0'),
    plugin,
  ]);
  return Buffer.concat([Buffer.from([body.length, 0, 0, 0]), body]);
}

interface StandIn {
  readonly port: number;
  /** What came over TLS: the account's name, if the server was trusted. */
  readonly heard: Promise<string>;
  close(): void;
}

async function standIn(certificate: string, key: string): Promise<StandIn> {
  let tell: (heard: string) => void = () => {};
  const heard = new Promise<string>((resolve) => {
    tell = resolve;
  });
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.write(greeting());
    socket.once('data', (request: Buffer) => {
      socket.pause();
      if (request.length > 36) socket.unshift(request.subarray(36));
      const secured = new tls.TLSSocket(socket, {
        isServer: true,
        cert: readFileSync(certificate),
        key: readFileSync(key),
      });
      let text = '';
      secured.on('error', () => tell(text));
      secured.on('close', () => tell(text));
      secured.on('data', (chunk) => {
        text += chunk.toString('latin1');
        secured.destroy();
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { port, heard, close: () => server.close() };
}

async function tryWith(
  server: StandIn,
  sslMode: 'require' | 'verify-ca' | 'verify-full',
  host: string,
  root: string | null,
) {
  const source = new MysqlCatalogSource({
    host,
    port: server.port,
    database: null,
    user: 'catalog_reader',
    password: 'secret',
    tls: upstreamTls({ host, sslMode, sslRootCert: root }),
    tlsOptional: false,
    serverKey: { key: 'refused' },
  });
  const failure = await source.read().then(
    () => null,
    (error: unknown) => String(error),
  );
  await source.close();
  server.close();
  return { failure, heard: await server.heard };
}

const own = () => standIn(certificates.certificate, certificates.key);
const others = () => standIn(certificates.otherCertificate, certificates.otherKey);

test('promise 11: credentials go to the server whose certificate names the host, by name and by address', async () => {
  for (const host of ['localhost', '127.0.0.1']) {
    const { heard } = await tryWith(await own(), 'verify-full', host, certificates.authority);
    assert.match(heard, /catalog_reader/, host);
  }
});

test('promise 11: a certificate for another name, or of a stranger, gets nothing', async () => {
  for (const host of ['localhost', '127.0.0.1']) {
    const { failure, heard } = await tryWith(await others(), 'verify-full', host, certificates.authority);
    assert.match(failure ?? '', /altnames|does not match/i, host);
    assert.equal(heard, '');
  }
  const stranger = await tryWith(await own(), 'verify-ca', '127.0.0.1', certificates.strangerAuthority);
  assert.match(stranger.failure ?? '', /certificate/);
  assert.equal(stranger.heard, '');
  const anyName = await tryWith(await others(), 'verify-ca', '127.0.0.1', certificates.authority);
  assert.match(anyName.heard, /catalog_reader/);
});
