/** A policy file that changes while sessions are open: in force with the next statement, or not at all. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { Client } from 'pg';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { bind, execute, flush, parse, query, sync } from '../support/frontend.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { startSluiceProcess } from '../support/sluice-process.ts';
import { until } from '../support/until.ts';
import { errorAmong, rowsOf, tagsOf, WireClient } from '../support/wire-client.ts';

const OPEN = 'default: allow\n';
const CLOSED = 'default: allow\nrules: [ { name: closed, when: { tables: [public.t] }, then: deny } ]\n';
const TIGHT =
  'default: allow\nrules: [ { name: tight, when: { tables: [public.t] }, then: { limit: { rows: 3 } } } ]\n';

let postgres: PostgresServer;

before(async () => {
  postgres = await startPostgres();
  const direct = new Client({ connectionString: postgres.url() });
  await direct.connect();
  await direct.query('CREATE TABLE public.t AS SELECT g AS id FROM generate_series(1, 100) AS g');
  await direct.end();
});

after(async () => {
  await postgres?.stop();
});

async function started(context: TestContext, policy = OPEN): Promise<Sluice> {
  const sluice = await startSluice({ upstream: postgres.url(), policy });
  context.after(() => sluice.stop());
  return sluice;
}

/** Waits until another policy is in force. */
async function changed(sluice: Sluice, change: () => void): Promise<void> {
  const { version } = sluice.server.policy.current;
  change();
  await until(() => sluice.server.policy.current.version !== version, 'the new policy');
}

async function codeOf(client: WireClient, sql: string): Promise<string | undefined> {
  return errorAmong(await client.ask(query(sql)))?.['C'];
}

test('a changed file is in force for the next statement of sessions that are open, and is recorded', async (context) => {
  const sluice = await started(context);
  const client = await WireClient.connect(sluice.port);
  await client.ask(parse('s', 'SELECT id FROM t LIMIT 1'), sync());
  assert.equal(tagsOf(await client.ask(bind('', 's'), execute(), sync())), '2DCZ');
  await client.ask(query('PREPARE q AS SELECT id FROM t LIMIT 1'));
  await changed(sluice, () => writeFileSync(sluice.policyFile, CLOSED));
  assert.equal(await codeOf(client, 'SELECT id FROM t LIMIT 1'), '42501');
  assert.equal(
    errorAmong(await client.ask(bind('', 's'), execute(), sync()))?.['C'],
    '42501',
    'prepared before',
  );
  assert.equal(await codeOf(client, 'EXECUTE q'), '42501', 'prepared by SQL before');
  assert.equal(await codeOf(client, 'SELECT 1'), undefined);
  await changed(sluice, () => writeFileSync(sluice.policyFile, OPEN));
  assert.equal(tagsOf(await client.ask(bind('', 's'), execute(), sync())), '2DCZ');
  const policies = sluice.records().filter(({ type }) => type === 'policy');
  assert.equal(policies.length, 3);
  assert.equal(policies[0]?.['version'], policies[2]?.['version']);
});

test('portals and cursors that are open are judged by the new policy, and counted by its limits', async (context) => {
  const sluice = await started(context);
  const client = await WireClient.connect(sluice.port);
  await client.ask(query('BEGIN'));
  await client.ask(query('DECLARE c CURSOR FOR SELECT id FROM t'));
  await client.ask(query('FETCH 2 FROM c'));
  client.send(parse('', 'SELECT id FROM t'), bind('p', ''), execute('p', 2), flush());
  assert.equal(tagsOf(await client.until('s')), '12DDs');
  await client.ask(sync());
  await changed(sluice, () => writeFileSync(sluice.policyFile, TIGHT));
  const more = await client.ask(query('FETCH 5 FROM c'));
  assert.equal(errorAmong(more)?.['C'], '54000');
  assert.equal(rowsOf(more).length, 1, 'two of three had been sent before');
  await client.ask(query('ROLLBACK; BEGIN; DECLARE c CURSOR FOR SELECT id FROM t'));
  client.send(parse('', 'SELECT id FROM t'), bind('p', ''), execute('p', 2), flush());
  await client.until('s');
  await changed(sluice, () => writeFileSync(sluice.policyFile, CLOSED));
  assert.equal(errorAmong(await client.ask(execute('p', 2), sync()))?.['C'], '42501');
  await client.ask(query('ROLLBACK'));
  assert.equal(await codeOf(client, 'SELECT 1'), undefined);
});

test('a file with mistakes is told of with its place, and the policy in force stays', async (context) => {
  const sluice = await started(context, CLOSED);
  const client = await WireClient.connect(sluice.port);
  for (const [text, told] of [
    ['default: allow\nrulez: []\n', /policy\.yaml:2:1: rulez: unknown key/],
    [
      'default: allow\nrules: [ { name: a, when: { tables: [public.nowhere] }, then: deny } ]\n',
      /policy\.yaml:2:\d+: .*no table matches/,
    ],
    ['', /policy\.yaml:1:1: the file is empty/],
    [`default: allow\nrules: ${'['.repeat(20_000)}\n`, /policy\.yaml:\d+:\d+: /],
  ] as const) {
    writeFileSync(sluice.policyFile, text);
    await until(() => told.test(sluice.log()), `the log to say ${told}`);
    assert.equal(await codeOf(client, 'SELECT id FROM t'), '42501');
  }
  assert.match(sluice.log(), /the policy in force stays/);
  rmSync(sluice.policyFile);
  await until(
    () => /policy\.yaml:1:1: there is no such file/.test(sluice.log()),
    'the log to tell of the missing file',
  );
  assert.equal(await codeOf(client, 'SELECT id FROM t'), '42501');
  await changed(sluice, () => writeFileSync(sluice.policyFile, OPEN));
  assert.equal(await codeOf(client, 'SELECT id FROM t'), undefined);
});

test('editors save by renaming, in several writes, or through a link: the whole file counts', async (context) => {
  const sluice = await started(context);
  const beside = `${sluice.policyFile}.tmp`;
  await changed(sluice, () => {
    writeFileSync(beside, CLOSED);
    renameSync(beside, sluice.policyFile);
  });
  const client = await WireClient.connect(sluice.port);
  assert.equal(await codeOf(client, 'SELECT id FROM t'), '42501');
  // A file that grows is not read before it is left alone: its first half would allow everything.
  const half = CLOSED.indexOf('rules');
  const seen = new Set<string>();
  await changed(sluice, () => writeFileSync(sluice.policyFile, TIGHT));
  writeFileSync(sluice.policyFile, CLOSED.slice(0, half));
  for (const letter of CLOSED.slice(half)) {
    seen.add(sluice.server.policy.current.version);
    appendFileSync(sluice.policyFile, letter);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { version } = sluice.server.policy.current;
  await until(() => sluice.server.policy.current.version !== version, 'the whole file');
  assert.equal(seen.size, 1);
  assert.equal(await codeOf(client, 'SELECT id FROM t'), '42501');
  // As Kubernetes mounts a ConfigMap: the file is a link through a directory that is swapped.
  for (const [name, text] of [
    ['one', CLOSED],
    ['two', TIGHT],
  ] as const) {
    mkdirSync(join(sluice.directory, `..${name}`));
    writeFileSync(join(sluice.directory, `..${name}`, 'policy.yaml'), text);
  }
  symlinkSync('..one', join(sluice.directory, '..data'));
  rmSync(sluice.policyFile);
  symlinkSync(join('..data', 'policy.yaml'), sluice.policyFile);
  await changed(sluice, () => {
    symlinkSync('..two', join(sluice.directory, '..data_tmp'));
    renameSync(join(sluice.directory, '..data_tmp'), join(sluice.directory, '..data'));
  });
  assert.equal(await codeOf(client, 'SELECT id FROM t'), '54000');
});

test('SIGHUP reads the file again', async (context) => {
  const sluice = await startSluiceProcess({ upstream: postgres.url(), policy: OPEN });
  context.after(() => sluice.remove());
  const client = await WireClient.connect(sluice.port);
  assert.equal(await codeOf(client, 'SELECT id FROM t'), undefined);
  writeFileSync(sluice.policyFile, CLOSED);
  sluice.child.kill('SIGHUP');
  await until(async () => (await codeOf(client, 'SELECT id FROM t')) === '42501', 'the new policy');
  writeFileSync(sluice.policyFile, 'default: sometimes\n');
  sluice.child.kill('SIGHUP');
  await until(() => /policy\.yaml:1:10: default/.test(sluice.log()), 'the mistake');
  assert.equal(await codeOf(client, 'SELECT id FROM t'), '42501');
});

test('a policy that changes while a statement waits for its answer judges that statement', async (context) => {
  const sluice = await started(context);
  const client = await WireClient.connect(sluice.port);
  // Long enough to be parsed by a thread: the answer is pending meanwhile.
  const long = `SELECT id FROM t WHERE id IN (${Array.from({ length: 2_500 }, (_, n) => n).join(', ')})`;
  for (let round = 0; round < 6; round++) {
    const text = round % 2 === 0 ? CLOSED : OPEN;
    client.send(query(`${long} AND ${round} = ${round}`));
    writeFileSync(sluice.policyFile, text);
    sluice.server.reloadPolicy();
    const code = errorAmong(await client.until('Z'))?.['C'];
    assert.equal(code, round % 2 === 0 ? '42501' : undefined, `round ${round}`);
  }
});
