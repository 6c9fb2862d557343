/** The connection phase against real clients and real servers, with nothing of the command phase between them. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { CAPABILITY as C } from '../../protocols/mysql/capabilities.ts';
import type { HandshakeSettings } from '../../protocols/mysql/handshake.ts';
import type { UpstreamReady } from '../../protocols/mysql/upstream-login.ts';
import { ProxyError } from '../../src/core/errors.ts';
import type { UpstreamAccount } from '../../src/core/session.ts';
import { cachingSha2Verifier, nativeVerifier } from '../../src/identity/mysql-password.ts';
import { PasswordKey } from '../../src/identity/password-key.ts';
import { formatVerifier, makeVerifier } from '../../src/identity/scram.ts';
import { readStoredPassword } from '../../src/identity/stored-password.ts';
import { UpstreamPassword } from '../../src/identity/upstream-password.ts';
import { ListenerIdentity } from '../../src/identity/users.ts';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { type MysqlRelay, startRelay, upstream } from '../support/mysql-relay.ts';
import {
  adminConnection,
  clientCommand,
  FLAVOURS,
  type MysqlPair,
  startMysqlPair,
} from '../support/mysql-servers.ts';

const PASSWORD = 'p@ss wörd';
const STORED: Readonly<Record<string, string>> = {
  plain: PASSWORD,
  native: nativeVerifier(PASSWORD),
  sha2: cachingSha2Verifier(PASSWORD),
  scram: formatVerifier(makeVerifier(PASSWORD)),
};
const USERS = new Map(
  Object.entries(STORED).map(([name, stored]) => [name, { name, groups: [], ...readStoredPassword(stored) }]),
);

let pair: MysqlPair;
let certificates: Certificates;
let key: PasswordKey;

before(async () => {
  certificates = makeCertificates();
  [pair, key] = await Promise.all([startMysqlPair({ shop: false }), PasswordKey.make()]);
  const mysql = await adminConnection(pair.mysql);
  const mariadb = await adminConnection(pair.mariadb);
  await mysql.query(
    `CREATE DATABASE own; CREATE USER sha2 IDENTIFIED BY '${PASSWORD}'; CREATE USER none; CREATE USER old IDENTIFIED WITH sha256_password BY 'x'; GRANT ALL ON own.* TO sha2`,
  );
  await mariadb.query(
    `CREATE DATABASE own; CREATE USER native IDENTIFIED BY '${PASSWORD}'; GRANT ALL ON own.* TO native`,
  );
  await Promise.all([mysql.end(), mariadb.end()]);
});

after(async () => {
  await pair?.stop();
  certificates?.remove();
});

function account(
  user: string,
  password: string | null,
  tls: UpstreamAccount['tls'],
  options: readonly (readonly [string, string])[] = [],
): UpstreamAccount {
  return {
    user,
    database: '',
    tls,
    options: new Map(options),
    credential: new UpstreamPassword(user, password),
  };
}

const LOGIN = {
  capabilities: C.DEPRECATE_EOF | C.MULTI_RESULTS | C.FOUND_ROWS,
  collation: 45,
  database: null,
};

async function logIn(
  flavour: 'mysql' | 'mariadb',
  by: UpstreamAccount,
  login: Partial<{ capabilities: number; collation: number; database: string | null }> = {},
): Promise<UpstreamReady> {
  const server = { host: '127.0.0.1', port: pair[flavour].port };
  const done = await upstream({ account: by, server }, { ...LOGIN, ...login });
  done.server.destroy();
  return done.ready;
}

const KEY: readonly (readonly [string, string])[] = [['get-server-public-key', 'true']];

test('into MySQL: in full under RSA only where the connection string allows it, in full over TLS, then fast', async () => {
  const refused = logIn('mysql', account('sha2', PASSWORD, 'disable'));
  await assert.rejects(
    refused,
    (error) => error instanceof ProxyError && /get-server-public-key=true/.test(error.detail ?? ''),
  );
  assert.equal((await logIn('mysql', account('sha2', PASSWORD, 'disable', KEY))).version.flavour, 'mysql');
  // The server knows the password by now.
  await logIn('mysql', account('sha2', PASSWORD, 'disable'));
  const admin = await adminConnection(pair.mysql);
  await admin.query('FLUSH PRIVILEGES');
  await admin.end();
  await logIn('mysql', account('sha2', PASSWORD, 'require'));
  await logIn('mysql', account('none', null, 'prefer'));
});

test('into MariaDB by mysql_native_password', async () => {
  const ready = await logIn('mariadb', account('native', PASSWORD, 'prefer'));
  const { version } = pair.mariadb;
  assert.equal(ready.version.flavour, 'mariadb');
  assert.equal(ready.version.major, Number.parseInt(version, 10));
  // Before 11.0, MariaDB's greeting has a version before its own, for clients that know no 10.
  const greeted = ready.serverVersion.replace(/ from Debian$/, '');
  assert.equal(greeted, `${ready.version.major < 11 ? '5.5.5-' : ''}${version}`);
});

test('the session is one whose reading is known: settings are reported as they stand, schema and character set are set', async () => {
  for (const [flavour, user] of [
    ['mysql', 'sha2'],
    ['mariadb', 'native'],
  ] as const) {
    const ready = await logIn(flavour, account(user, PASSWORD, 'prefer'), {
      database: 'own',
      collation: 255,
    });
    const { schema, variables } = ready.session;
    assert.equal(schema, 'own');
    assert.match(variables.get('sql_mode') ?? '', /STRICT_TRANS_TABLES/);
    assert.equal(variables.get('character_set_client'), 'utf8mb4');
    assert.equal(variables.get('autocommit'), 'ON');
    // MariaDB 11 tells of the character set instead, which is the same setting to it.
    const literals = variables.get('collation_connection') ?? variables.get('character_set_connection') ?? '';
    assert.match(literals, flavour === 'mysql' ? /^utf8mb4_0900_ai_ci$/ : /^utf8mb4(?:_general_ci)?$/);
    assert.notEqual(ready.capabilities & C.SESSION_TRACK, 0);
    assert.ok(ready.connectionId > 0);
  }
});

test('promise 11: what the server says of Sluice’s own account is not told to the client', async () => {
  const mistakes: readonly (readonly ['mysql' | 'mariadb', UpstreamAccount, string | null, RegExp])[] = [
    ['mysql', account('sha2', 'wrong', 'require'), null, /^error 1045$/],
    ['mariadb', account('native', 'wrong', 'disable'), null, /^error 1045$/],
    ['mysql', account('sha2', PASSWORD, 'require'), 'missing', /^"missing" is not there/],
    ['mysql', account('old', 'x', 'require'), null, /the plugin sha256_password/],
    ['mariadb', account('native', PASSWORD, 'require'), null, /does not offer TLS/],
  ];
  for (const [flavour, by, database, detail] of mistakes) {
    await assert.rejects(logIn(flavour, by, { database }), (error) => {
      assert.ok(error instanceof ProxyError);
      assert.match(error.detail ?? '', detail);
      assert.doesNotMatch(`${error.message} ${error.detail}`, /p@ss|127\.0\.0\.1/);
      return true;
    });
  }
});

function relay(flavour: 'mysql' | 'mariadb', tls: HandshakeSettings['tls']): Promise<MysqlRelay> {
  const settings = {
    tls,
    databases: ['own', 'alias'],
    flavour,
    multiStatements: false,
    serverVersion: () => null,
  };
  return startRelay({
    settings,
    identity: new ListenerIdentity(USERS, ['password'], key),
    account: account('root', 'rootpw', 'disable', KEY),
    server: { host: '127.0.0.1', port: pair[flavour].port },
    certificate: { cert: readFileSync(certificates.certificate), key: readFileSync(certificates.key) },
  });
}

function run(client: 'mysql' | 'mariadb', port: number, user: string, tls: boolean): Promise<string> {
  const { file, args } = clientCommand(pair[client], client, { port, user, password: PASSWORD });
  const secure =
    client === 'mysql'
      ? tls
        ? ['--ssl-mode=REQUIRED']
        : ['--ssl-mode=DISABLED', '--get-server-public-key']
      : tls
        ? ['--ssl', '--skip-ssl-verify-server-cert']
        : ['--skip-ssl'];
  // Where the package has put the plugins of MariaDB's client.
  const plugins = join(pair.mariadb.programs.base, 'lib/x86_64-linux-gnu/libmariadb3/plugin');
  const more = client === 'mariadb' ? [`--plugin-dir=${plugins}`] : [];
  const question = ['-N', '-e', 'SELECT 1 + 1, DATABASE()', 'alias'];
  return new Promise((resolve, reject) => {
    execFile(file, [...args, ...secure, ...more, ...question], (error, out, err) => {
      if (error === null) resolve(out.trim());
      else reject(new Error(err));
    });
  });
}

for (const flavour of FLAVOURS) {
  for (const tls of ['off', 'offered'] as const) {
    test(`clients log in whatever is stored of their password: ${flavour} behind, TLS ${tls}`, async () => {
      const here = await relay(flavour, tls);
      try {
        for (const user of USERS.keys()) {
          const ssl = tls === 'off' ? {} : { ssl: { rejectUnauthorized: false } };
          const options = { host: '127.0.0.1', port: here.port, user, password: PASSWORD, ...ssl };
          const connection = await createConnection(options);
          const [rows] = await connection.query<RowDataPacket[]>('SELECT 1 + 1 AS two');
          assert.equal(rows[0]?.['two'], 2, user);
          await connection.end();
          assert.equal(await run('mysql', here.port, user, tls !== 'off'), '2\town');
          assert.equal(await run('mariadb', here.port, user, tls !== 'off'), '2\town');
        }
        await assert.rejects(
          run('mysql', here.port, 'nobody', tls !== 'off'),
          /ERROR 1045 \(28000\).*nobody/s,
        );
        assert.deepEqual(
          new Set(here.logins.map(({ identity }) => identity.principal.name)),
          new Set(USERS.keys()),
        );
      } finally {
        here.close();
      }
    });
  }
}
