/** Promise 8 and 9: a journal that cannot take what is recorded of a result stops that result; nothing of it is lost. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Client } from 'pg';
import { isArray } from '../../src/core/json.ts';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { segmentsIn } from '../../src/journal/segments.ts';
import { startRawUpstream } from '../support/http-upstream.ts';
import { startSluiceProcess } from '../support/sluice-process.ts';
import { until } from '../support/until.ts';

const ROWS = 150_000;
const POLICY = 'default: allow\nrules: [{ name: all, then: { record: { responses: whole } } }]\n';

let postgres: PostgresServer;

before(async () => {
  postgres = await startPostgres();
});

after(async () => {
  await postgres?.stop();
});

test('promise 8: a disk that fills up amid a recorded result holds the result, and every row is recorded in the end', async (context) => {
  const sluice = await startSluiceProcess({ upstream: postgres.url(), policy: POLICY });
  context.after(() => sluice.remove());
  const limit = (bytes: string) =>
    execFileSync('prlimit', ['--pid', String(sluice.child.pid), `--fsize=${bytes}:unlimited`]);
  const residentMiB = () => sluice.rssBytes() / 1024 / 1024;
  const journalBytes = () => statSync(segmentsIn(sluice.journalDirectory).at(-1)?.path ?? '').size;
  const client = new Client({ host: '127.0.0.1', port: sluice.port, user: 'agent', database: 'shop' });
  await client.connect();
  await client.query('SELECT 1');
  const before = residentMiB();
  limit(String(journalBytes() + 2 * 1024 * 1024));
  let done = false;
  const result = client
    .query<{ n: number }>(`SELECT n, repeat('x', 200) AS filling FROM generate_series(1, ${ROWS}) AS n`)
    .finally(() => {
      done = true;
    });
  await until(() => sluice.log().includes('the journal cannot be written'), 'the disk to be full', 20_000);
  // As long as it takes for the rest of the result to have come, were it not held.
  const other = new Client({ connectionString: postgres.url() });
  await other.connect();
  for (let n = 0; n < 3; n++)
    await other.query(`SELECT n, repeat('x', 200) FROM generate_series(1, ${ROWS}) AS n`);
  await other.end();
  assert.equal(done, false);
  assert.ok(residentMiB() - before < 120, `${before} MiB, then ${residentMiB()} MiB`);
  limit('unlimited');
  assert.equal((await result).rows.length, ROWS);
  await client.end();
  const responses = () => sluice.records().filter(({ type, number }) => type === 'response' && number === 2);
  await until(() => responses().some(({ end }) => end === true), 'the end of the response', 20_000);
  const rows = responses().flatMap(({ rows: some }) => (some !== undefined && isArray(some) ? some : []));
  assert.deepEqual(
    rows.map((row) => (isArray(row) ? Number(row[0]) : null)),
    Array.from({ length: ROWS }, (_, n) => n + 1),
  );
  assert.deepEqual(
    responses().map(({ part }) => part),
    responses().map((_, n) => n + 1),
  );
  assert.ok(sluice.records().some(({ type }) => type === 'outage'));
  assert.deepEqual(sluice.verify().problems, []);
});

test('promise 8: a recorded answer of HTTP waits for a full disk in the same way, and is whole in the end', async (context) => {
  const upstream = await startRawUpstream();
  context.after(() => upstream.close());
  const sluice = await startSluiceProcess({ upstream: `http://127.0.0.1:${upstream.port}`, policy: POLICY });
  context.after(() => sluice.remove());
  const limit = (bytes: string) =>
    execFileSync('prlimit', ['--pid', String(sluice.child.pid), `--fsize=${bytes}:unlimited`]);
  const journalBytes = () => statSync(segmentsIn(sluice.journalDirectory).at(-1)?.path ?? '').size;
  const length = 14 * 1024 * 1024;
  const body = Buffer.alloc(length, 'row of an answer\n');
  let taken = 0;
  upstream.answer = () => (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${length}\r\n\r\n`);
    const next = () => {
      while (taken < length) {
        const piece = body.subarray(taken, taken + 65_536);
        taken += piece.length;
        if (socket.write(piece)) continue;
        socket.once('drain', next);
        return;
      }
    };
    next();
  };
  const headers = { authorization: `Basic ${Buffer.from('agent:').toString('base64')}` };
  const url = `http://127.0.0.1:${sluice.port}/answer`;
  limit(String(journalBytes() + 2 * 1024 * 1024));
  const response = await fetch(url, { headers });
  const received = response.arrayBuffer();
  await until(() => sluice.log().includes('the journal cannot be written'), 'the disk to be full', 20_000);
  assert.ok(taken < length, 'nobody reads on while nothing can be recorded');
  limit('unlimited');
  assert.ok(Buffer.from(await received).equals(body));
  const responses = () => sluice.records().filter(({ type }) => type === 'response');
  await until(() => responses().some(({ end }) => end === true), 'the end of the response', 20_000);
  assert.equal(
    responses()
      .map(({ body: part }) => String(part ?? ''))
      .join(''),
    body.toString(),
  );
  assert.deepEqual(sluice.verify().problems, []);
});
