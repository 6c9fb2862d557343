/** Drivers and tools in their own ways: pg, postgres.js, psql, pgbench, pg_dump. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import pg from 'pg';
import postgresJs from 'postgres';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';

// pg_dump sets a setting whose name it reads from a table, and reads catalogs that tell of other roles.
const POLICY = 'default: allow\nbaseline: { dynamic-sql: off, leak-catalogs: off, session-identity: off }\n';
const run = promisify(execFile);
let postgres: PostgresServer;
let sluice: Sluice;
/** A second one, in front of an empty database that a dump is restored into. */
let restored: Sluice;

before(async () => {
  // pg_dump of Debian's package is of version 15, and refuses newer servers.
  postgres = await startPostgres({ major: 15 });
  await createShop(postgres.url);
  const admin = new pg.Client({ connectionString: postgres.url() });
  await admin.connect();
  await admin.query('CREATE DATABASE again');
  await admin.end();
  sluice = await startSluice({ upstream: postgres.url('shop'), policy: POLICY });
  restored = await startSluice({ upstream: postgres.url('again'), policy: POLICY });
});

after(async () => {
  await sluice?.stop();
  await restored?.stop();
  await postgres?.stop();
});

async function withPg(use: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: sluice.url() });
  await client.connect();
  try {
    await use(client);
  } finally {
    await client.end();
  }
}

test('pg: transactions, prepared statements, binary values, errors, portals in pieces', async () => {
  await withPg(async (client) => {
    await client.query(
      'CREATE TABLE IF NOT EXISTS kinds (id int PRIMARY KEY, b bytea, j jsonb, a int[], at timestamptz)',
    );
    await client.query('BEGIN');
    const bytes = Buffer.from([0, 1, 2, 255, 0]);
    const sql = 'INSERT INTO kinds VALUES ($1, $2, $3, $4, $5) RETURNING *';
    const values = [1, bytes, { a: ['x', null] }, [1, 2, 3], new Date(0)];
    const inserted = await client.query(sql, values);
    assert.deepEqual(inserted.rows, [
      { id: 1, b: bytes, j: { a: ['x', null] }, a: [1, 2, 3], at: new Date(0) },
    ]);
    await assert.rejects(client.query(sql, values), { code: '23505', constraint: 'kinds_pkey' });
    await assert.rejects(client.query('SELECT 1'), { code: '25P02' });
    await client.query('ROLLBACK');
    for (let n = 0; n < 3; n++) {
      const named = { name: 'by-id', text: 'SELECT name FROM shop.customers WHERE id = $1', values: [n + 1] };
      assert.equal((await client.query(named)).rowCount, 1);
    }
    const inBinary: pg.QueryConfig & { binary: boolean } = {
      text: 'SELECT octet_length($1::bytea) AS size, 7::int4 AS n',
      values: [bytes],
      binary: true,
    };
    assert.deepEqual((await client.query(inBinary)).rows, [{ size: 5, n: 7 }]);
    const inPieces: pg.QueryConfig & { rows: number } = {
      text: 'SELECT id FROM shop.orders ORDER BY id',
      rows: 100,
    };
    assert.equal((await client.query(inPieces)).rows.length, 8000);
    const several = await Promise.all(
      Array.from({ length: 50 }, (_, n) => client.query('SELECT $1::int AS n', [n])),
    );
    assert.deepEqual(
      several.map(({ rows }) => rows[0]?.n),
      Array.from({ length: 50 }, (_, n) => n),
    );
    await client.query('DROP TABLE kinds');
  });
});

test('pg: LISTEN, a pool, and a cancel by another session', async () => {
  await withPg(async (client) => {
    const heard = new Promise<string | undefined>((resolve) =>
      client.once('notification', ({ payload }) => resolve(payload)),
    );
    await client.query('LISTEN drivers');
    const pool = new pg.Pool({ connectionString: sluice.url(), max: 4 });
    await pool.query("SELECT pg_notify('drivers', 'heard')");
    assert.equal(await heard, 'heard');
    const counts = await Promise.all(
      Array.from({ length: 20 }, () => pool.query('SELECT count(*)::int AS n FROM shop.customers')),
    );
    assert.equal(new Set(counts.map(({ rows }) => rows[0]?.n)).size, 1);
    await pool.end();
  });
});

test('postgres.js: pipelines, prepared statements, transactions, cursors, COPY, LISTEN, cancel', async () => {
  const sql = postgresJs(sluice.url(), { max: 3, onnotice: () => {} });
  const rows = await Promise.all(Array.from({ length: 200 }, (_, n) => sql`SELECT ${n}::int AS n`));
  assert.deepEqual(
    rows.map((row) => row[0]?.['n']),
    Array.from({ length: 200 }, (_, n) => n),
  );
  await sql`CREATE TABLE copied (id int, note text)`;
  const total = await sql.begin(async (transaction) => {
    await transaction`INSERT INTO copied ${transaction([
      { id: 1, note: 'a' },
      { id: 2, note: 'b' },
    ])}`;
    await transaction.savepoint(async (inner) => {
      await inner`INSERT INTO copied VALUES (3, 'c')`;
    });
    await transaction.savepoint((inner) => inner`SELECT 1/0`).catch(() => {});
    return transaction`SELECT count(*)::int AS n FROM copied`;
  });
  assert.equal(total[0]?.['n'], 3);
  await assert.rejects(Promise.resolve(sql`SELECT * FROM shop.nowhere`), { code: '42P01' });
  let pieces = 0;
  await sql`SELECT id FROM shop.orders ORDER BY id`.cursor(1000, () => {
    pieces++;
  });
  assert.equal(pieces, 8);
  const writable = await sql`COPY copied FROM STDIN`.writable();
  const written = new Promise((resolve, reject) => writable.once('finish', resolve).once('error', reject));
  for (let n = 10; n < 2000; n++) writable.write(`${n}\tcopied\n`);
  writable.end();
  await written;
  const readable = await sql`COPY copied TO STDOUT`.readable();
  let text = '';
  for await (const chunk of readable) text += String(chunk);
  assert.equal(text.split('\n').length - 1, 1993);
  const heard = new Promise<string>((resolve) => void sql.listen('js', resolve));
  const deadline = Date.now() + 5_000;
  for (let payload: string | null = null; payload === null; ) {
    assert.ok(Date.now() < deadline, 'nothing was heard');
    await sql.notify('js', 'told');
    payload = await Promise.race([
      heard,
      new Promise<null>((resolve) => setTimeout(() => resolve(null), 50)),
    ]);
  }
  const slow = sql`SELECT pg_sleep(20)`;
  const failed = assert.rejects(Promise.resolve(slow.execute()), { code: '57014' });
  const canceller = setInterval(() => slow.cancel(), 100);
  await failed;
  clearInterval(canceller);
  await sql`DROP TABLE copied`;
  await sql.end();
});

test('psql: describes, copies, several statements, files in one transaction', async () => {
  const psql = (...args: string[]) => run('psql', ['-X', '-v', 'ON_ERROR_STOP=1', sluice.url(), ...args]);
  assert.match((await psql('-c', '\\d shop.orders')).stdout, /Foreign-key constraints:/);
  assert.match((await psql('-c', '\\dt+ shop.*')).stdout, /customers/);
  assert.match((await psql('-c', '\\df', '-c', '\\l', '-c', '\\dn')).stdout, /shop/);
  assert.equal((await psql('-Atc', 'SELECT 1; SELECT 2', '-c', 'SELECT 3')).stdout, '1\n2\n3\n');
  const directory = mkdtempSync(join(tmpdir(), 'sluice-psql-'));
  const csv = join(directory, 'out.csv');
  await psql('-c', `\\copy (SELECT id, name FROM shop.products ORDER BY id) TO '${csv}' CSV`);
  await psql('-c', 'CREATE TABLE mine (id int, name text)', '-c', `\\copy mine FROM '${csv}' CSV`);
  const counts = await psql(
    '-Atc',
    'SELECT (SELECT count(*) FROM mine) = (SELECT count(*) FROM shop.products)',
  );
  assert.equal(counts.stdout, 't\n');
  const file = join(directory, 'fails.sql');
  writeFileSync(file, 'DELETE FROM mine WHERE id < 10;\nSELECT 1/0;\n');
  await assert.rejects(psql('-1', '-f', file), /division by zero/);
  assert.equal((await psql('-Atc', 'SELECT count(*) > 0 FROM mine WHERE id < 10')).stdout, 't\n');
  assert.equal(
    (
      await psql('-Atc', '\\set FETCH_COUNT 100', '-c', 'SELECT id FROM shop.orders ORDER BY id')
    ).stdout.split('\n').length,
    8001,
  );
  await psql('-c', 'DROP TABLE mine');
  rmSync(directory, { recursive: true });
});

test('pgbench: fills its tables by COPY, and runs in three protocols', async () => {
  const host = ['-h', '127.0.0.1', '-p', String(restored.port), '-U', 'agent'];
  await run('pgbench', [...host, '-i', '-q', 'again']);
  for (const protocol of ['simple', 'extended', 'prepared']) {
    const { stdout } = await run('pgbench', [
      ...host,
      '-M',
      protocol,
      '-c',
      '4',
      '-t',
      '50',
      '-n',
      '-b',
      'tpcb-like',
      'again',
    ]);
    assert.match(stdout, /number of transactions actually processed: 200\/200/);
    assert.match(
      (await run('pgbench', [...host, '-M', protocol, '-S', '-c', '4', '-t', '100', '-n', 'again'])).stdout,
      /400\/400/,
    );
  }
  const pipelined = join(mkdtempSync(join(tmpdir(), 'sluice-bench-')), 'pipeline.sql');
  writeFileSync(
    pipelined,
    `\\startpipeline\n${'SELECT abalance FROM pgbench_accounts WHERE aid = 7;\n'.repeat(10)}\\endpipeline\n`,
  );
  assert.match(
    (await run('pgbench', [...host, '-M', 'extended', '-f', pipelined, '-c', '2', '-t', '20', '-n', 'again']))
      .stdout,
    /40\/40/,
  );
  await run('psql', [
    '-X',
    restored.url().replace('/shop', '/again'),
    '-c',
    'DROP TABLE pgbench_accounts, pgbench_branches, pgbench_history, pgbench_tellers',
  ]);
});

test('pg_dump through Sluice, restored through Sluice, is equal', async () => {
  const dump = async (url: string, ...args: string[]) =>
    (await run('pg_dump', ['-d', url, '--no-owner', '--no-acl', ...args], { maxBuffer: 1 << 26 })).stdout;
  const through = await dump(sluice.url());
  // Newer dumps carry a random token in \restrict.
  const plain = (text: string) => text.replaceAll(/^\\(un)?restrict .*$/gm, '');
  sameLines(plain(through), plain(await dump(postgres.url('shop'))));
  const target = restored.url().replace('/shop', '/again');
  const psql = spawn('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', target], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let errors = '';
  psql.stderr.on('data', (text: Buffer) => {
    errors += text;
  });
  psql.stdin.end(through);
  assert.equal(await new Promise((resolve) => psql.once('exit', resolve)), 0, errors);
  // COPY puts rows on other pages than the statements did that made them, so their order is not the same.
  const sorted = (text: string) => plain(text).split('\n').sort().join('\n');
  sameLines(sorted(await dump(postgres.url('again'))), sorted(through));
});

/** Says which line is the first that differs: a dump is too long to be shown. */
function sameLines(actual: string, expected: string): void {
  const lines = expected.split('\n');
  for (const [n, line] of actual.split('\n').entries()) assert.equal(line, lines[n], `line ${n + 1}`);
  assert.equal(actual.length, expected.length);
}
