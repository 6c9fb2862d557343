/** The admin listener with a certificate of its own: the cookie is for TLS alone, and only our own name is answered. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { after, before, test } from 'node:test';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';

let postgres: PostgresServer;
let certificates: Certificates;
let sluice: Sluice;

before(async () => {
  postgres = await startPostgres();
  certificates = makeCertificates();
  const { certificate, key } = certificates;
  sluice = await startSluice({
    upstream: postgres.url('postgres'),
    users: '[ { name: dana, groups: [dba], password: dana-secret } ]',
    config: `admin: { listen: "127.0.0.1:0", tls: { cert: ${certificate}, key: ${key} }, roles: { admin: [dba] } }`,
  });
});

after(async () => {
  await sluice?.stop();
  await postgres?.stop();
  certificates?.remove();
});

test('the cookie is Secure and bound to the host, and browsers are told to stay with TLS', async () => {
  const url = new URL('api/v1/login', sluice.server.adminUrl ?? '');
  assert.equal(url.protocol, 'https:');
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const sent = request(url, { method: 'POST', headers, ca: readFileSync(certificates.authority) }, resolve);
    sent.on('error', reject);
    sent.end(JSON.stringify({ user: 'dana', password: 'dana-secret' }));
  });
  answer.resume();
  assert.equal(answer.statusCode, 200);
  assert.match(
    String(answer.headers['set-cookie']),
    /^__Host-sluice=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Secure$/,
  );
  assert.match(String(answer.headers['strict-transport-security']), /max-age=\d+/);
});

test('a certificate that is none stops the start, and says where it is named', async () => {
  const { key } = certificates;
  await assert.rejects(
    startSluice({
      upstream: postgres.url('postgres'),
      config: `admin: { listen: "127.0.0.1:0", tls: { cert: ${key}, key: ${key} }, roles: { admin: [dba] } }`,
    }),
    /sluice\.yaml:\d+:\d+: admin: cannot be served/,
  );
});
