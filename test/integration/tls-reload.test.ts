/** Certificates that change while Sluice serves: sessions go on, who comes gets the new one, and a wrong one is not used. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect } from 'node:tls';
import pg from 'pg';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { startRawUpstream } from '../support/http-upstream.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { until } from '../support/until.ts';

let certificates: Certificates;
let postgres: PostgresServer;
let proxy: Sluice;
let directory: string;

const put = (cert: string, key: string) => {
  copyFileSync(cert, join(directory, 'tls.crt'));
  copyFileSync(key, join(directory, 'tls.key'));
};

before(async () => {
  certificates = makeCertificates();
  directory = mkdtempSync(join(tmpdir(), 'sluice-reload-'));
  put(certificates.certificate, certificates.key);
  postgres = await startPostgres();
  await createShop((database) => postgres.url(database));
  const tls = `tls: { cert: ${directory}/tls.crt, key: ${directory}/tls.key }`;
  proxy = await startSluice({
    upstream: postgres.url('shop'),
    listener: tls,
    users: '[ { name: agent, groups: [agents], password: x } ]',
    config: `admin: { listen: "127.0.0.1:0", ${tls}, roles: { viewer: [agents] } }`,
  });
});

after(async () => {
  await proxy?.stop();
  await postgres?.stop();
  certificates?.remove();
  rmSync(directory, { recursive: true, force: true });
});

async function logIn(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: proxy.url(), ssl: { rejectUnauthorized: false } });
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** The common name that a listener shows: by direct TLS, and by HTTPS. */
function shownBy(port: number, alpn: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(
      { port, host: '127.0.0.1', ALPNProtocols: [alpn], rejectUnauthorized: false },
      () => {
        const { CN } = socket.getPeerCertificate().subject;
        socket.destroy();
        resolve(String(CN));
      },
    );
    socket.on('error', reject);
  });
}
const shown = async () => [
  await shownBy(proxy.port, 'postgresql'),
  await shownBy(Number(new URL(proxy.server.adminUrl ?? '').port), 'http/1.1'),
];

test('a new certificate serves whoever comes, and nobody is dropped for it', async () => {
  const client = await logIn();
  const busy = client.query('SELECT pg_sleep(1), 7 AS n');
  assert.deepEqual(await shown(), ['localhost', 'localhost']);
  put(certificates.otherCertificate, certificates.otherKey);
  await until(async () => (await shown()).every((name) => name === 'elsewhere'), 'the new certificate');
  assert.equal((await busy).rows[0].n, 7);
  assert.equal((await client.query('SELECT 1 AS n')).rows[0].n, 1);
  await client.end();
  await (await logIn()).end();
});

test('a wrong one is logged and not used, also on request', async () => {
  const complaints = () => proxy.log().split('cannot be used; those in force stay').length - 1;
  writeFileSync(join(directory, 'tls.crt'), 'no certificate');
  await until(() => complaints() >= 2, 'the complaints');
  // A certificate whose key is another one's.
  copyFileSync(certificates.certificate, join(directory, 'tls.crt'));
  await until(() => complaints() >= 4, 'more complaints');
  rmSync(join(directory, 'tls.key'));
  proxy.server.reloadTls();
  assert.ok(complaints() >= 6);
  assert.deepEqual(await shown(), ['elsewhere', 'elsewhere']);
  await (await logIn()).end();
  assert.ok(!proxy.log().includes('PRIVATE KEY'));
});

test('files behind links that are swapped, as Kubernetes does it', async () => {
  const version = mkdtempSync(join(directory, 'version-'));
  copyFileSync(certificates.certificate, join(version, 'tls.crt'));
  copyFileSync(certificates.key, join(version, 'tls.key'));
  for (const file of ['tls.crt', 'tls.key']) {
    symlinkSync(join(version, file), join(directory, `new-${file}`));
    renameSync(join(directory, `new-${file}`), join(directory, file));
  }
  await until(
    async () => (await shown()).every((name) => name === 'localhost'),
    'the certificate behind the links',
  );
});

test('listeners of HTTP get it too: who is there goes on, and one that fits no key is not used', async () => {
  const upstream = await startRawUpstream();
  put(certificates.certificate, certificates.key);
  const site = await startSluice({
    upstream: `http://127.0.0.1:${upstream.port}`,
    listener: `tls: { cert: ${directory}/tls.crt, key: ${directory}/tls.key }`,
  });
  try {
    const open = connect({ port: site.port, host: '127.0.0.1', rejectUnauthorized: false });
    let answered = '';
    open.on('data', (chunk) => {
      answered += String(chunk);
    });
    open.write('GET /1 HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(() => answered.includes('hello'), 'the first answer');
    put(certificates.otherCertificate, certificates.otherKey);
    await until(async () => (await shownBy(site.port, 'http/1.1')) === 'elsewhere', 'the new certificate');
    copyFileSync(certificates.certificate, join(directory, 'tls.crt'));
    site.server.reloadTls();
    assert.ok(site.log().includes('cannot be used; those in force stay'));
    assert.equal(await shownBy(site.port, 'http/1.1'), 'elsewhere');
    answered = '';
    open.write('GET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(() => answered.includes('hello'), 'an answer over the connection of before');
    open.destroy();
  } finally {
    await site.stop();
    await upstream.close();
  }
});
