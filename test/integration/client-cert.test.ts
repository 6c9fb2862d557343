/** Client certificates as logins, on both protocols: who they let in, whom they do not, and until when. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createConnection } from 'mysql2/promise';
import pg from 'pg';
import { type MysqlServer, startMysql } from '../../src/demo/mysql-server.ts';
import { createMysqlShop } from '../../src/demo/mysql-shop.ts';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { sluice as command } from '../support/command-line.ts';
import { type Sluice, type SluiceOptions, startSluice } from '../support/sluice.ts';
import { until } from '../support/until.ts';

const USERS = '[ { name: agent, groups: [agents], password: agent-pass }, { name: bot, groups: [bots] } ]';

let certificates: Certificates;
let postgres: PostgresServer;
let proxy: Sluice;

interface Shown {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** A client's certificate by the authority of the tests, or by one that nobody trusts; `lastsS` from now. */
function issue(name: string, subject: string, { san = '', lastsS = 3_600, by = 'authority' } = {}): Shown {
  const directory = join(certificates.authority, '..');
  const at = (end: string) => join(directory, `client-${name}.${end}`);
  const openssl = (...args: readonly string[]) =>
    execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
  const time = (ms: number) => new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc'];
  openssl('req', '-new', ...key, '-keyout', at('key'), '-out', at('csr'), '-subj', subject);
  writeFileSync(at('ext'), san === '' ? 'basicConstraints=CA:FALSE\n' : `subjectAltName=${san}\n`);
  const dates = ['-startdate', time(Date.now() - 60_000), '-enddate', time(Date.now() + lastsS * 1000)];
  writeFileSync(at('txt'), '');
  writeFileSync(
    at('cnf'),
    `[ca]\ndefault_ca=one\n[one]\ndatabase=${at('txt')}\nnew_certs_dir=.\ndefault_md=sha256\npolicy=any\nrand_serial=yes\n[any]\ncommonName=optional\norganizationName=optional\n`,
  );
  const ca = ['-cert', `${by}.crt`, '-keyfile', `${by}.key`, '-extfile', at('ext')];
  const files = ['-config', at('cnf'), '-in', at('csr'), '-out', at('crt')];
  openssl('ca', '-batch', '-notext', '-preserveDN', ...files, ...ca, ...dates);
  return { cert: readFileSync(at('crt')), key: readFileSync(at('key')) };
}

const tls = (more = '') =>
  `tls: { cert: ${certificates.certificate}, key: ${certificates.key}, client_ca: ${certificates.authority}${more} }`;

const options = (more: Partial<SluiceOptions> = {}): SluiceOptions => ({
  upstream: postgres.url('shop'),
  auth: ['certificate'],
  listener: tls(),
  users: USERS,
  ...more,
});

before(async () => {
  certificates = makeCertificates();
  postgres = await startPostgres();
  await createShop((database) => postgres.url(database));
  proxy = await startSluice(options());
});

after(async () => {
  await proxy?.stop();
  await postgres?.stop();
  certificates?.remove();
});

async function logIn(
  one: Sluice,
  user: string,
  shown: Partial<Shown>,
  password?: string,
): Promise<pg.Client> {
  const client = new pg.Client({
    ...{ host: '127.0.0.1', port: one.port, user, database: 'shop' },
    ...(password === undefined ? {} : { password }),
    ssl: { ca: readFileSync(certificates.authority), ...shown },
  });
  client.on('error', () => {});
  await client.connect();
  return client;
}

async function refusal(one: Sluice, user: string, shown: Partial<Shown>): Promise<string> {
  try {
    await (await logIn(one, user, shown)).end();
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    return `${error.code} ${error.message} ${error.detail ?? ''}`;
  }
  return 'let in';
}

const lastStart = (one: Sluice) => one.records().findLast(({ type }) => type === 'session-start');

test('a certificate lets in the user whose name it has, and nobody else', async () => {
  const shown = issue('bot', '/O=Example/CN=bot');
  await (await logIn(proxy, 'bot', shown)).end();
  const start = lastStart(proxy);
  assert.equal(start?.['via'], 'certificate');
  assert.deepEqual(start?.['groups'], ['bots']);
  assert.match(String(start?.['subject']), /CN=bot/);
  assert.match(String(start?.['issuer']), /CN=authority/);
  assert.match(String(start?.['credential']), /^[0-9a-f]{64}$/);
  assert.match(await refusal(proxy, 'agent', shown), /^28000 .*not for "agent"/);
  assert.match(await refusal(proxy, 'stranger', issue('stranger', '/CN=stranger')), /no user "stranger"/);
  assert.match(await refusal(proxy, 'bot', {}), /^28000 .*asks for a client certificate/);
});

test('one by another authority, one that has expired and one that only looks right are refused in words', async () => {
  const foreign = issue('foreign', '/CN=bot', { by: 'stranger' });
  assert.match(await refusal(proxy, 'bot', foreign), /^28000 .*not accepted: /);
  assert.match(await refusal(proxy, 'bot', issue('old', '/CN=bot', { lastsS: -10 })), /^28000 .*(expired)/);
  // A common name inside of another part of the subject, and in a name that the listener does not look at.
  assert.match(await refusal(proxy, 'bot', issue('inside', '/O=x\\/CN=bot/CN=agent')), /not for "bot"/);
  assert.match(await refusal(proxy, 'bot', issue('san', '/CN=agent', { san: 'DNS:bot' })), /not for "bot"/);
});

test('other names of a certificate, where the listener says so', async () => {
  const one = await startSluice(
    options({
      listener: tls(', client_name: uri'),
      users: '[ { name: "spiffe://example/bot", groups: [bots] } ]',
    }),
  );
  try {
    const shown = issue('uri', '/CN=agent', { san: 'URI:spiffe://example/bot' });
    await (await logIn(one, 'spiffe://example/bot', shown)).end();
    const forged = issue('forged', '/CN=agent', { san: 'DNS:x.example, email:"URI:spiffe://example/bot"@x' });
    assert.match(await refusal(one, 'spiffe://example/bot', forged), /not for/);
  } finally {
    await one.stop();
  }
});

test('beside passwords, whoever has no certificate of use is asked for one', async () => {
  const one = await startSluice(options({ auth: ['certificate', 'password'] }));
  try {
    await (await logIn(one, 'agent', issue('agent', '/CN=agent'))).end();
    assert.equal(lastStart(one)?.['via'], 'certificate');
    await (await logIn(one, 'agent', {}, 'agent-pass')).end();
    assert.equal(lastStart(one)?.['via'], 'password');
    const foreign = issue('foreign2', '/CN=agent', { by: 'stranger' });
    await (await logIn(one, 'agent', foreign, 'agent-pass')).end();
    assert.equal(lastStart(one)?.['via'], 'password');
    await assert.rejects(logIn(one, 'agent', foreign, 'wrong'), /password authentication failed/);
  } finally {
    await one.stop();
  }
});

test('promise 12: a session ends with the certificate, and when the certificate is revoked', async () => {
  const client = await logIn(proxy, 'bot', issue('short', '/CN=bot', { lastsS: 3 }));
  const failure: unknown = await client.query('SELECT generate_series(1, 1000000), pg_sleep(0.05)').then(
    () => null,
    (error: unknown) => error,
  );
  assert.ok(failure instanceof Error);
  const ends = () => proxy.records().filter(({ type }) => type === 'session-end');
  await until(() => ends().at(-1)?.['reason'] === 'login-expired', 'the record of its end');
  const [gone, kept] = [issue('gone', '/CN=bot'), issue('kept', '/CN=bot')];
  const [cut, other] = [await logIn(proxy, 'bot', gone), await logIn(proxy, 'bot', kept)];
  const ended = new Promise((resolve) => cut.once('end', resolve));
  const starts = proxy.records().filter(({ type }) => type === 'session-start');
  const id = String(starts.at(-2)?.['credential']);
  await command(['revoke', '--config', proxy.configFile, '--credential', id], { input: '' });
  await ended;
  assert.match(await refusal(proxy, 'bot', gone), /^28000 access has been revoked of this credential/);
  assert.equal((await other.query('SELECT 1 AS n')).rows[0].n, 1);
  await other.end();
});

describe('over MySQL', () => {
  let mariadb: MysqlServer;
  let one: Sluice;
  before(async () => {
    mariadb = await startMysql({ flavour: 'mariadb' });
    await createMysqlShop((database) => mariadb.url(database));
    one = await startSluice(options({ upstream: mariadb.url('shop') }));
  });
  after(async () => {
    await one?.stop();
    await mariadb?.stop();
  });

  test('promise 12: the same, with errors of MySQL, and the session ends with the certificate', async () => {
    const account = { host: '127.0.0.1', port: one.port, database: 'shop' };
    const connect = (user: string, shown: Partial<Shown>) =>
      createConnection({ ...account, user, ssl: { ca: readFileSync(certificates.authority), ...shown } });
    const client = await connect('bot', issue('mysql', '/CN=bot', { lastsS: 3 }));
    const errors: unknown[] = [];
    client.on('error', (error) => errors.push(error));
    await client.query('SELECT 1');
    assert.equal(lastStart(one)?.['via'], 'certificate');
    await assert.rejects(connect('agent', issue('mysql2', '/CN=bot')), /not for "agent"/);
    await assert.rejects(connect('bot', {}), /asks for a client certificate/);
    await assert.rejects(connect('bot', issue('mysql3', '/CN=bot', { by: 'stranger' })), /not accepted/);
    await assert.rejects(createConnection({ ...account, user: 'bot' }), /asks for a client certificate/);
    await until(() => errors.length > 0, 'the end of the certificate');
    client.destroy();
  });
});
