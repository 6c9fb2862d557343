/** Who the client is to Sluice, and who Sluice is to the server: passwords on both sides, and none of them told. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import pg from 'pg';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { formatVerifier, makeVerifier } from '../../src/identity/scram.ts';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { frame, query, startup } from '../support/frontend.ts';
import { type Sluice, type SluiceOptions, startSluice } from '../support/sluice.ts';
import { errorOf, rowsOf, tagsOf, WireClient, type WireMessage } from '../support/wire-client.ts';

const SECRET = 'upstream-secret-7f3a9c';
const AGENT_PASSWORD = 'agent pass wörd';
let certificates: Certificates;
let postgres: PostgresServer;

before(async () => {
  certificates = makeCertificates();
  postgres = await startPostgres({
    hba: [
      'hostssl all onlytls 127.0.0.1/32 scram-sha-256',
      'hostnossl all onlytls 127.0.0.1/32 reject',
      'host all byscram 127.0.0.1/32 scram-sha-256',
      'host all bymd5 127.0.0.1/32 md5',
      'host all bycleartext 127.0.0.1/32 password',
    ],
  });
  const admin = new pg.Client({ connectionString: postgres.url() });
  await admin.connect();
  await admin.query('CREATE DATABASE shop');
  for (const user of ['onlytls', 'byscram', 'bycleartext'])
    await admin.query(`CREATE USER ${user} PASSWORD '${SECRET}'`);
  await admin.query("SET password_encryption = 'md5'");
  await admin.query(`CREATE USER bymd5 PASSWORD '${SECRET}'`);
  // TLS is turned on in the running server, with files of its own.
  const data = join(postgres.directory, 'data');
  for (const [from, to] of [
    [certificates.certificate, 'server.crt'],
    [certificates.key, 'server.key'],
  ] as const) {
    copyFileSync(from, join(data, to));
    chmodSync(join(data, to), 0o600);
    if (process.getuid?.() === 0) chownSync(join(data, to), 65_534, 65_534);
  }
  await admin.query('ALTER SYSTEM SET ssl = on');
  await admin.query('SELECT pg_reload_conf()');
  await admin.end();
  await tlsIsOn();
});

after(async () => {
  await postgres?.stop();
  certificates?.remove();
});

async function tlsIsOn(): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const client = new pg.Client({ connectionString: postgres.url(), ssl: { rejectUnauthorized: false } });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}

async function withSluice(options: SluiceOptions, use: (sluice: Sluice) => Promise<void>): Promise<void> {
  const sluice = await startSluice(options);
  try {
    await use(sluice);
  } finally {
    await sluice.stop();
  }
}

/** Everything that a start-up gets, as far as it goes. */
async function begin(port: number, user = 'agent'): Promise<readonly WireMessage[]> {
  const client = await WireClient.dial(port);
  client.send(startup({ user, database: 'shop' }));
  const messages = await client.until('Z');
  client.end();
  return messages;
}

const upstream = (user: string, rest = '', password = SECRET, database = 'shop') =>
  `postgres://${user}:${password}@127.0.0.1:${postgres.port}/${database}${rest}`;

test('clients prove themselves by SCRAM-SHA-256 against a stored verifier: pg and psql, right and wrong', async () => {
  const verifier = formatVerifier(makeVerifier(AGENT_PASSWORD));
  const users = `[ { name: agent, groups: [agents], password: "${verifier}" }, { name: nopass } ]`;
  await withSluice({ upstream: postgres.url('shop'), auth: ['password'], users }, async (sluice) => {
    const client = new pg.Client({ connectionString: sluice.url('agent', AGENT_PASSWORD) });
    await client.connect();
    assert.deepEqual((await client.query('SELECT 1 AS one')).rows, [{ one: 1 }]);
    await client.end();
    const psql = await promisify(execFile)('psql', [sluice.url(), '-Atc', 'SELECT 2'], {
      env: { ...process.env, PGPASSWORD: AGENT_PASSWORD },
    });
    assert.equal(psql.stdout, '2\n');
    const failures: string[] = [];
    for (const [user, password] of [
      ['agent', 'wrong'],
      ['nobody', 'wrong'],
      ['nopass', 'wrong'],
    ] as const) {
      const refused = new pg.Client({ connectionString: sluice.url(user, password) });
      const error: unknown = await refused.connect().then(
        () => null,
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof pg.DatabaseError, String(error));
      failures.push(`${error.code} ${error.severity} ${error.message} ${error.detail?.replace(user, '…')}`);
    }
    assert.equal(new Set(failures).size, 1, failures.join('\n'));
    assert.match(failures[0] ?? '', /^28P01 FATAL/);
    assert.ok(!sluice.log().includes('wrong'));
  });
});

test('guessing names tells nothing: the challenge of an unknown user is like that of a known one, and constant', async () => {
  const verifier = formatVerifier(makeVerifier(AGENT_PASSWORD));
  const users = `[ { name: agent, password: "${verifier}" } ]`;
  await withSluice({ upstream: postgres.url('shop'), auth: ['password'], users }, async (sluice) => {
    const challenge = async (user: string) => {
      const client = await WireClient.dial(sluice.port);
      client.send(startup({ user, database: 'shop' }));
      const offer = await client.next();
      assert.equal(offer.body.toString('latin1', 4), 'SCRAM-SHA-256\0\0');
      const first = Buffer.from('n,,n=,r=abcdefghijkl');
      const length = Buffer.alloc(4);
      length.writeInt32BE(first.length);
      client.send(frame('p', Buffer.from('SCRAM-SHA-256\0'), length, first));
      const text = (await client.next()).body.toString('latin1', 4);
      client.end();
      const match = /^r=abcdefghijkl([^,]+),s=([^,]+),i=(\d+)$/.exec(text);
      assert.ok(match, text);
      return { nonce: match[1]?.length, salt: match[2], iterations: match[3] };
    };
    const [known, unknown, again, other] = [
      await challenge('agent'),
      await challenge('ghost'),
      await challenge('ghost'),
      await challenge('spectre'),
    ];
    assert.deepEqual({ ...known, salt: known.salt?.length }, { ...unknown, salt: unknown.salt?.length });
    assert.equal(unknown.salt, again.salt);
    assert.notEqual(unknown.salt, other.salt);
  });
});

test('SASL messages that are wrong end the session natively', async () => {
  const users = '[ { name: agent, password: secret } ]';
  await withSluice({ upstream: postgres.url('shop'), auth: ['password'], users }, async (sluice) => {
    const size = (length: number) => {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32BE(length);
      return bytes;
    };
    const name = Buffer.from('SCRAM-SHA-256\0');
    const cases = [
      query('SELECT 1'),
      frame('p', Buffer.from('secret\0')),
      frame('p', Buffer.from('SCRAM-SHA-256-PLUS\0'), size(0)),
      frame('p', name, size(1000), Buffer.from('n,,')),
      frame('p', name, size(-5)),
      frame('p', name, size(3), Buffer.from('n,,rest')),
      frame('p', name, size(20), Buffer.from('p=tls-unique,,n=,r=a')),
      frame('p', name, size(0)),
      Buffer.from([0x70, 0x7f, 0xff, 0xff, 0xff]),
      Buffer.from([0x70, 0, 0, 0, 0]),
    ];
    for (const bytes of cases) {
      const client = await WireClient.dial(sluice.port);
      client.send(startup({ user: 'agent', database: 'shop' }), bytes);
      const answer = await client.toEnd();
      assert.equal(tagsOf(answer), 'RE', bytes.toString('latin1'));
      assert.match(errorOf(answer[1])['C'] ?? '', /^(08P01|28P01)$/);
    }
  });
});

test('Sluice proves itself to the server: SCRAM, MD5, and clear text over TLS only', async () => {
  const works: readonly string[] = [
    upstream('byscram', '?sslmode=disable'),
    upstream('byscram'),
    upstream('bymd5', '?sslmode=disable'),
    upstream('bymd5', '?sslmode=require'),
    upstream('bycleartext', '?sslmode=require'),
    upstream('onlytls', '?sslmode=prefer'),
    upstream('onlytls', `?sslmode=verify-ca&sslrootcert=${certificates.authority}`),
    upstream('onlytls', `?sslmode=verify-full&sslrootcert=${certificates.authority}`),
  ];
  for (const url of works) {
    await withSluice({ upstream: url }, async (sluice) => {
      const client = await WireClient.connect(sluice.port);
      const answer = await client.ask(
        query('SELECT user, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'),
      );
      assert.equal(rowsOf(answer)[0]?.[1], url.includes('disable') ? 'f' : 't', url);
      client.end();
    });
  }
});

test('promise 11: what goes wrong upstream is a native error without the secret, in bytes, log and journal', async () => {
  const fails: readonly (readonly [string, RegExp])[] = [
    [upstream('byscram', '?sslmode=disable', `${SECRET}-wrong`), /^08004$/],
    [upstream('bycleartext', '?sslmode=disable'), /^08004$/],
    [upstream('byscram', '?sslmode=disable', SECRET, 'shopp'), /^(08004|3D000)$/],
    [upstream('onlytls', '?sslmode=disable'), /^08004$/],
    [upstream('onlytls', `?sslmode=verify-ca&sslrootcert=${certificates.strangerAuthority}`), /^08001$/],
    [`postgres://byscram:${SECRET}@127.0.0.1:1/shop?sslmode=disable`, /^08001$/],
  ];
  for (const [url, sqlstate] of fails) {
    // The catalog is read with an account that works, so that what is seen is the session's own.
    const listener = `catalog: { upstream: ${JSON.stringify(postgres.url('shop'))} }`;
    const database = new URL(url).pathname.slice(1);
    await withSluice({ upstream: url, listener }, async (sluice) => {
      const client = await WireClient.dial(sluice.port);
      client.send(startup({ user: 'agent', database }));
      const answer = await client.until('Z');
      assert.equal(tagsOf(answer), 'E', url);
      const error = errorOf(answer[0]);
      assert.match(error['C'] ?? '', sqlstate, `${url} ${JSON.stringify(error)}`);
      assert.equal(error['S'], 'FATAL');
      const all = `${answer.map(({ body }) => body.toString('latin1')).join()} ${sluice.log()} ${JSON.stringify(sluice.records())}`;
      assert.ok(!all.includes(SECRET), url);
      client.end();
    });
  }
});

test('promise 11: a server that asks for the password in clear, without TLS, does not get it', async () => {
  const heard: Buffer[] = [];
  const thief = await listening((socket) => {
    socket.on('data', (bytes: Buffer) => {
      heard.push(bytes);
      if (heard.length === 1)
        socket.write(bytes.length === 8 ? 'N' : Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]));
      else if (heard.length > 1) socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]));
    });
  });
  for (const mode of ['disable', 'prefer']) {
    const url = `postgres://app:${SECRET}@127.0.0.1:${thief.port}/shop?sslmode=${mode}`;
    await withSluice({ upstream: url }, async (sluice) => {
      assert.equal(tagsOf(await begin(sluice.port)), 'E');
    });
    assert.ok(heard.length > 0);
    assert.ok(!Buffer.concat(heard).includes(SECRET), mode);
    heard.length = 0;
  }
  thief.stop();
});

test('a server that accepts and says nothing is given up after the handshake timeout', async () => {
  const silent = await listening(() => {});
  const url = `postgres://app:${SECRET}@127.0.0.1:${silent.port}/shop?sslmode=disable`;
  const listener = `timeouts: { handshake: 500ms }, catalog: { upstream: ${JSON.stringify(postgres.url('shop'))} }`;
  await withSluice({ upstream: url, listener }, async (sluice) => {
    const answer = await begin(sluice.port);
    assert.equal(tagsOf(answer), 'E');
    assert.equal(errorOf(answer[0])['C'], '08001');
  });
  silent.stop();
});

interface Listening {
  readonly port: number;
  stop(): void;
}

async function listening(each: (socket: Socket) => void): Promise<Listening> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    each(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
