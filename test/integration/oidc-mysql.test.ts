/** MySQL clients that log in by a token of an issuer, as they are, and how long they stay. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, beforeEach, test } from 'node:test';
import { promisify } from 'node:util';
import mariadb from 'mariadb';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { type MysqlServer, startMysql } from '../../src/demo/mysql-server.ts';
import { createMysqlShop } from '../../src/demo/mysql-shop.ts';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { clientCommand, FLAVOURS } from '../support/mysql-servers.ts';
import { type Sluice, type SluiceOptions, startSluice } from '../support/sluice.ts';
import { AUDIENCE, TestIssuer } from '../support/test-issuer.ts';
import { until } from '../support/until.ts';

let issuer: TestIssuer;
let certificates: Certificates;
const servers = new Map<string, MysqlServer>();
const sluices = new Map<string, Sluice>();

before(async () => {
  certificates = makeCertificates();
  issuer = await TestIssuer.start();
  await Promise.all(
    FLAVOURS.map(async (flavour) => {
      const server = await startMysql({ flavour });
      servers.set(flavour, server);
      await createMysqlShop(server.url);
      const options: SluiceOptions = {
        upstream: server.url('shop').replace(/^mysql:/, `${flavour}:`),
        policy:
          'rules: [ { name: paused, when: { tables: [shop.orders] }, then: { limit: { rows: 1, over: approve, by: [dba], within: 1m } } } ]\ndefault: allow\n',
        auth: ['oidc', 'password'],
        oidc: `{ issuer: "${issuer.url}", audience: "${AUDIENCE}" }`,
        users: '[ { name: dba, groups: [dba], password: dba-pass } ]',
        listener: `tls: { cert: ${certificates.certificate}, key: ${certificates.key} }`,
      };
      sluices.set(flavour, await startSluice(options));
    }),
  );
});

beforeEach(() => {
  issuer.fault = null;
  issuer.person = { sub: 'ada', groups: ['readers'] };
});

after(async () => {
  for (const sluice of sluices.values()) await sluice.stop();
  for (const server of servers.values()) await server.stop();
  await issuer?.stop();
  certificates?.remove();
});

function at(flavour: string): Sluice {
  const sluice = sluices.get(flavour);
  assert.ok(sluice !== undefined);
  return sluice;
}

async function connect(
  flavour: string,
  password: string,
  { user = 'ada', ssl = true, clear = false } = {},
): Promise<Connection> {
  const connection = await createConnection({
    host: '127.0.0.1',
    port: at(flavour).port,
    user,
    password,
    database: 'shop',
    ...(ssl ? { ssl: { rejectUnauthorized: false } } : {}),
    ...(clear ? { enableCleartextPlugin: true } : {}),
  });
  connection.on('error', () => {});
  return connection;
}

async function answers(connection: Connection): Promise<void> {
  const [rows] = await connection.query<RowDataPacket[]>('SELECT 41 + 1 AS n');
  assert.equal(rows[0]?.['n'], 42);
}

/** The error that a login gets: number, SQLSTATE, text. */
async function refusal(
  flavour: string,
  token: string,
  login: { user?: string; ssl?: boolean; clear?: boolean } = {},
) {
  try {
    await (await connect(flavour, token, login)).end();
    return 'no refusal';
  } catch (error) {
    assert.ok(error instanceof Error && 'errno' in error && 'sqlState' in error);
    return `${String(error.errno)} ${String(error.sqlState)} ${error.message}`;
  }
}

for (const flavour of FLAVOURS) {
  test(`${flavour}: a token is the password of stock clients over TLS, and of loopback ones`, async () => {
    const over = await connect(flavour, await issuer.sign());
    await answers(over);
    await over.end();
    const start = at(flavour)
      .records()
      .findLast(({ type }) => type === 'session-start');
    assert.deepEqual([start?.['principal'], start?.['via'], start?.['issuer']], ['ada', 'oidc', issuer.url]);
    const plain = await connect(flavour, await issuer.sign(), { ssl: false, clear: true });
    await answers(plain);
    await plain.end();
    const other = await mariadb.createConnection({
      host: '127.0.0.1',
      port: at(flavour).port,
      user: 'ada',
      password: await issuer.sign(),
      database: 'shop',
      ssl: { rejectUnauthorized: false },
    });
    assert.equal(String(await other.query({ sql: 'SELECT 1 AS one', rowsAsArray: true })), '1');
    await other.end();
  });

  test(`${flavour}: its own command line takes a token`, async () => {
    const server = servers.get(flavour);
    assert.ok(server !== undefined);
    const { file, args } = clientCommand(server, flavour === 'mysql' ? 'mysql' : 'mariadb', {
      port: at(flavour).port,
      user: 'ada',
      password: await issuer.sign(),
    });
    const tls = flavour === 'mysql' ? ['--ssl-mode=REQUIRED'] : ['--ssl', '--skip-ssl-verify-server-cert'];
    const given = args.filter((arg) => arg !== '--skip-ssl');
    const { stdout } = await promisify(execFile)(file, [
      ...given,
      ...tls,
      '-N',
      '-e',
      'SELECT 40 + 2',
      'shop',
    ]);
    assert.equal(stdout.trim(), '42');
  });

  test(`promise 12: ${flavour}: what is no valid token of that user is refused, and why`, async () => {
    const expired = await issuer.sign({}, { expiresInS: -5 });
    assert.match(await refusal(flavour, expired), /^1045 28000 .*it has expired/);
    assert.match(await refusal(flavour, await issuer.sign({ aud: 'x' })), /^1045 28000 .*another audience/);
    assert.match(await refusal(flavour, await issuer.sign(), { user: 'eve' }), /^1045 28000 .*another user/);
    assert.match(await refusal(flavour, 'hunter2'), /^1045 28000 .*no JSON Web Token/);
    assert.match(await refusal(flavour, 'x'.repeat(40_000)), /^1045 28000 .*longer than 16 KiB/);
    assert.match(await refusal(flavour, ''), /^1045 28000/);
    issuer.fault = 'down';
    assert.match(
      await refusal(flavour, await issuer.sign({ aud: 'x' })),
      /^1045 28000 .*another audience/,
      'known keys serve',
    );
  });

  test(`${flavour}: whoever has a stored password proves that, and not by a token`, async () => {
    const stored = await connect(flavour, 'dba-pass', { user: 'dba', ssl: false });
    await answers(stored);
    await stored.end();
    assert.match(await refusal(flavour, await issuer.sign({ sub: 'dba' }), { user: 'dba' }), /^1045 28000/);
    assert.match(await refusal(flavour, 'wrong', { user: 'dba' }), /^1045 28000/);
  });
}

async function endsWithToken(flavour: string): Promise<void> {
  const endsAt = Math.ceil(Date.now() / 1000) + 2;
  const token = await issuer.sign({ exp: endsAt });
  const begun = ['', 'SELECT SLEEP(60)', 'SELECT * FROM orders'];
  const ends = await Promise.all(
    begun.map(async (sql) => {
      const connection = await connect(flavour, token);
      const failed = new Promise<Error>((resolve) => connection.once('error', resolve));
      if (sql === '') return failed;
      return connection.query(sql).then(
        () => new Error('it ran'),
        (error: Error) => error,
      );
    }),
  );
  const lateMs = Date.now() - endsAt * 1000;
  assert.ok(lateMs >= -20 && lateMs < 1_000, `${lateMs} ms late`);
  for (const error of ends) assert.match(error.message, /has expired/);
  const admin = await createConnection({ uri: servers.get(flavour)?.url('shop') ?? '' });
  await until(async () => {
    const sleeping = "SELECT 1 FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(60)%'";
    const [rows] = await admin.query<RowDataPacket[]>(sleeping);
    return rows.length === 0;
  }, 'nothing of theirs to run at the server');
  const [rows] = await admin.query<RowDataPacket[]>('SELECT count(*) AS n FROM orders');
  assert.ok(Number(rows[0]?.['n']) > 0);
  await admin.end();
}

/** By COM_CHANGE_USER, whose answer has to wait for the token to be checked. */
async function changedEndsWithToken(flavour: string): Promise<void> {
  const connection = await connect(flavour, 'dba-pass', { user: 'dba' });
  const endsAt = Math.ceil(Date.now() / 1000) + 1;
  await connection.changeUser({
    user: 'ada',
    password: await issuer.sign({ exp: endsAt + 1 }),
    database: 'shop',
  });
  await answers(connection);
  const start = at(flavour)
    .records()
    .findLast(({ type }) => type === 'session-start');
  assert.deepEqual([start?.['principal'], start?.['via']], ['ada', 'oidc']);
  const error = await new Promise<Error>((resolve) => connection.once('error', resolve));
  assert.match(error.message, /has expired/);
  const told = JSON.stringify(at(flavour).records()) + at(flavour).log();
  assert.ok(!/eyJ[\w-]{20}/.test(told), 'promise 11: no token is told');
}

test('promise 12: on both servers a session ends with its token, idle, busy, paused, and after COM_CHANGE_USER', async () => {
  await Promise.all(FLAVOURS.flatMap((flavour) => [endsWithToken(flavour), changedEndsWithToken(flavour)]));
});
