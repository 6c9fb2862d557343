/**
 * Postgres' own client with a token of an issuer: psql 18 and libpq-oauth, from Debian's packages, by the device flow
 * (RFC 8628) and SASL OAUTHBEARER (RFC 7628). Somebody at a browser agrees meanwhile.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { installDebianRoot } from '../../src/demo/debian-root.ts';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { AUDIENCE, TERMINAL, TestIssuer } from '../support/test-issuer.ts';

const ROOT = fileURLToPath(new URL('../../.servers/psql-18/', import.meta.url));
const LIBRARIES = join(ROOT, 'usr/lib/x86_64-linux-gnu');
const REDIRECTS_MAX = 12;

let issuer: TestIssuer;
let postgres: PostgresServer;
let certificates: Certificates;
let sluice: Sluice;
before(async () => {
  if (!existsSync(ROOT))
    await installDebianRoot({ root: ROOT, suite: 'sid', packages: ['postgresql-client-18', 'libpq-oauth'] });
  certificates = makeCertificates();
  issuer = await TestIssuer.start();
  postgres = await startPostgres();
  await createShop(postgres.url);
  sluice = await startSluice({
    upstream: postgres.url('shop'),
    policy:
      'default: allow\nrules: [ { name: read-only, when: { effects: [write], groups: [readers] }, then: deny } ]\n',
    auth: ['oauthbearer'],
    oidc: `{ issuer: "${issuer.url}", audience: "${AUDIENCE}" }`,
    users: '[]',
    listener: `tls: { cert: ${certificates.certificate}, key: ${certificates.key} }`,
  });
});
after(async () => {
  await sluice?.stop();
  await postgres?.stop();
  await issuer?.stop();
});

test('psql 18 logs in by the device flow, as whom the issuer says, and is held to that group', async () => {
  issuer.person = { sub: 'ada', groups: ['readers'] };
  const { code, out, told } = await psql('ada', [
    'SELECT count(*) FROM shop.orders',
    'UPDATE shop.orders SET note = note',
  ]);
  assert.equal(out.trim(), '8000');
  assert.equal(code, 1);
  assert.match(told, /denied by rule "read-only"/);
});

test("psql 18 under another name than the token's is turned away", async () => {
  issuer.person = { sub: 'ada', groups: ['readers'] };
  const { code, out, told } = await psql('bob', ['SELECT 1']);
  assert.equal(out, '');
  assert.equal(code, 2);
  assert.match(told, /FATAL/);
});

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly told: string;
}

/** Runs it as a person would who opens the page that it names. */
function psql(user: string, statements: readonly string[]): Promise<Ran> {
  const login = `oauth_issuer=${issuer.url} oauth_client_id=${TERMINAL}`;
  const place = `host=127.0.0.1 port=${sluice.port} user=${user} dbname=shop sslmode=require`;
  const child = spawn(
    join(ROOT, 'usr/lib64/ld-linux-x86-64.so.2'),
    [
      '--library-path',
      LIBRARIES,
      join(ROOT, 'usr/lib/postgresql/18/bin/psql'),
      '-qtAX',
      `${place} ${login}`,
      ...statements.flatMap((statement) => ['-c', statement]),
    ],
    // The issuer of the tests has no TLS, which libpq takes for debugging alone.
    { env: { PATH: process.env['PATH'], PGOAUTHDEBUG: 'UNSAFE', LD_LIBRARY_PATH: LIBRARIES } },
  );
  return new Promise((resolve, reject) => {
    const out: Buffer[] = [];
    let told = '';
    let agreed = false;
    child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
    child.stderr.on('data', (bytes: Buffer) => {
      told += bytes.toString();
      const [, page, userCode] = /Visit (\S+) and enter the code: (\S+)/.exec(told) ?? [];
      if (agreed || page === undefined || userCode === undefined) return;
      agreed = true;
      agree(page, userCode).catch(reject);
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out: Buffer.concat(out).toString(), told }));
  });
}

/** Enters the code on the issuer's page and confirms it. */
async function agree(page: string, userCode: string): Promise<void> {
  const cookies = new Map<string, string>();
  const open = async (url: string, form?: URLSearchParams): Promise<string> => {
    let [at, body] = [url, form];
    for (let n = 0; n < REDIRECTS_MAX; n++) {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const response = await fetch(at, {
        redirect: 'manual',
        headers: { cookie },
        ...(body === undefined ? {} : { method: 'POST', body }),
      });
      for (const set of response.headers.getSetCookie()) {
        const [, name, value] = /^([^=;]+)=([^;]*)/.exec(set) ?? [];
        if (name !== undefined && value !== undefined) cookies.set(name, value);
      }
      const location = response.headers.get('location');
      if (location === null) return response.text();
      [at, body] = [new URL(location, at).href, undefined];
    }
    throw new Error(`${url} leads nowhere`);
  };
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(await open(page))?.[1] ?? '';
  const answer = await open(page, new URLSearchParams({ xsrf, user_code: userCode, confirm: 'yes' }));
  assert.equal(answer, 'done');
}
