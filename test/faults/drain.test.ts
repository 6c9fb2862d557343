/** SIGTERM while clients are at work: what runs may finish within the drain time, and the journal is closed. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { query } from '../support/frontend.ts';
import { startSluiceProcess } from '../support/sluice-process.ts';
import { until } from '../support/until.ts';
import { commandsOf, errorAmong, errorOf, rowsOf, WireClient } from '../support/wire-client.ts';

let postgres: PostgresServer;

before(async () => {
  postgres = await startPostgres();
});

after(async () => {
  await postgres?.stop();
});

/** A session in which a statement runs. */
async function running(port: number, sql: string): Promise<WireClient> {
  const client = await WireClient.connect(port);
  client.send(query(sql));
  const watcher = await WireClient.connect(postgres.port, { user: 'postgres', database: 'postgres' });
  await until(async () => {
    const rows = rowsOf(
      await watcher.ask(query("SELECT query FROM pg_stat_activity WHERE state = 'active'")),
    );
    return rows.some(([text]) => text === sql);
  }, 'the statement to run');
  watcher.end();
  return client;
}

test('SIGTERM: running statements finish, idle sessions are told, the exit code is 0 and the journal sealed', async (context) => {
  const sluice = await startSluiceProcess({ upstream: postgres.url(), drain: '10s' });
  context.after(() => sluice.remove());
  const idle = await WireClient.connect(sluice.port);
  const busy = await running(sluice.port, 'SELECT pg_sleep(0.7), 1');
  const inTransaction = await WireClient.connect(sluice.port);
  await inTransaction.ask(query('BEGIN'));
  sluice.child.kill('SIGTERM');
  const told = await idle.toEnd();
  assert.equal(errorAmong(told)?.['C'], '57P01');
  assert.match(errorAmong(told)?.['M'] ?? '', /shutting down/);
  await assert.rejects(WireClient.dial(sluice.port), /ECONNREFUSED/, 'no new connections');
  // A transaction that is open may be finished.
  assert.deepEqual(commandsOf(await inTransaction.ask(query('COMMIT'))), ['COMMIT']);
  const answer = await busy.toEnd();
  assert.deepEqual(commandsOf(answer), ['SELECT 1']);
  assert.equal(errorOf(answer.at(-1))['C'], '57P01');
  assert.equal(await sluice.exited, 0);
  const report = sluice.verify();
  assert.deepEqual(report.problems, []);
  assert.equal(report.unsealed, 0);
  const results = sluice.records().filter(({ type }) => type === 'result');
  assert.ok(
    results.some(({ tag }) => tag === 'SELECT 1'),
    'the result of what was running is recorded',
  );
  const ends = sluice.records().filter(({ type }) => type === 'session-end');
  assert.deepEqual([...new Set(ends.map(({ reason }) => reason))], ['draining']);
  assert.equal(ends.length, 3);
});

test('what runs longer than the drain time is cancelled at the server, and the exit code is 0', async (context) => {
  const sluice = await startSluiceProcess({ upstream: postgres.url(), drain: '300ms' });
  context.after(() => sluice.remove());
  const busy = await running(sluice.port, 'SELECT pg_sleep(61)');
  const begun = performance.now();
  sluice.child.kill('SIGTERM');
  assert.equal(errorAmong(await busy.toEnd())?.['C'], '57P01');
  assert.equal(await sluice.exited, 0);
  assert.ok(performance.now() - begun < 5_000);
  assert.deepEqual(sluice.verify().problems, []);
  await assertNothingRuns('SELECT pg_sleep(61)');
});

test('a second SIGTERM ends at once what the first has waited for', async (context) => {
  const sluice = await startSluiceProcess({ upstream: postgres.url(), drain: '60s' });
  context.after(() => sluice.remove());
  const busy = await running(sluice.port, 'SELECT pg_sleep(62)');
  sluice.child.kill('SIGTERM');
  await until(() => sluice.log().includes('stopping'), 'the first signal');
  const begun = performance.now();
  sluice.child.kill('SIGTERM');
  assert.equal(errorAmong(await busy.toEnd())?.['C'], '57P01');
  assert.equal(await sluice.exited, 0);
  assert.ok(performance.now() - begun < 5_000);
  assert.deepEqual(sluice.verify().problems, []);
  await assertNothingRuns('SELECT pg_sleep(62)');
});

test('a client that reads nothing does not keep the process', async (context) => {
  const sluice = await startSluiceProcess({ upstream: postgres.url(), drain: '200ms' });
  context.after(() => sluice.remove());
  const client = await WireClient.connect(sluice.port);
  client.socket.pause();
  client.send(query("SELECT repeat('x', 1000) FROM generate_series(1, 200000)"));
  const watcher = await WireClient.connect(postgres.port, { user: 'postgres', database: 'postgres' });
  await until(async () => {
    const rows = rowsOf(
      await watcher.ask(query("SELECT wait_event FROM pg_stat_activity WHERE query LIKE 'SELECT repeat%'")),
    );
    return rows.some(([event]) => event === 'ClientWrite');
  }, 'the server to be held back');
  watcher.end();
  const begun = performance.now();
  sluice.child.kill('SIGTERM');
  assert.equal(await sluice.exited, 0);
  assert.ok(performance.now() - begun < 6_000, `${performance.now() - begun} ms`);
  assert.deepEqual(sluice.verify().problems, []);
  client.end();
});

test('SIGTERM under load: every statement is answered or its session told, none is half recorded', async (context) => {
  const sluice = await startSluiceProcess({ upstream: postgres.url(), drain: '10s' });
  context.after(() => sluice.remove());
  const loads = Array.from({ length: 8 }, async () => {
    const client = await WireClient.connect(sluice.port);
    for (let n = 1; ; n++) {
      const answer = await client.ask(query(`SELECT ${n}`));
      const error = errorAmong(answer);
      if (error !== null || answer.length === 0) return { n, error };
    }
  });
  await until(() => sluice.records().filter(({ type }) => type === 'statement').length > 500, 'some load');
  sluice.child.kill('SIGTERM');
  for (const { error } of await Promise.all(loads)) assert.equal(error?.['C'], '57P01');
  assert.equal(await sluice.exited, 0);
  assert.deepEqual(sluice.verify().problems, []);
  const records = sluice.records();
  const statements = records.filter(({ type }) => type === 'statement').length;
  assert.equal(records.filter(({ type }) => type === 'result').length, statements);
});

async function assertNothingRuns(sql: string): Promise<void> {
  const watcher = await WireClient.connect(postgres.port, { user: 'postgres', database: 'postgres' });
  await until(async () => {
    const rows = rowsOf(
      await watcher.ask(query("SELECT query FROM pg_stat_activity WHERE state = 'active'")),
    );
    return !rows.some(([text]) => text === sql);
  }, 'the server to stop');
  watcher.end();
}
