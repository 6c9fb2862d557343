/** The catalog cannot be read, or a parsing thread dies: clear errors, nothing unjudged, and it goes on afterwards. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { Client } from 'pg';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { freePort } from '../../src/demo/private-server.ts';
import { query } from '../support/frontend.ts';
import { type Relay, startRelay } from '../support/relay.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { until } from '../support/until.ts';
import { errorAmong, rowsOf, tagsOf, WireClient } from '../support/wire-client.ts';

let postgres: PostgresServer;
let direct: Client;

before(async () => {
  postgres = await startPostgres();
  direct = new Client({ connectionString: postgres.url() });
  await direct.connect();
});

after(async () => {
  await direct?.end();
  await postgres?.stop();
});

function sluiceWithCatalogAt(port: number, refresh = '1h'): Promise<Sluice> {
  return startSluice({
    upstream: postgres.url(),
    listener: `catalog: { upstream: "postgres://postgres@127.0.0.1:${port}/postgres", refresh: ${refresh} }`,
    policy:
      'default: allow\nrules: [ { name: no-secrets, when: { tables: [public.secret] }, then: deny } ]\n',
  });
}

test('a catalog that cannot be read at the start: statements are told so, and pass once it can be', async (context) => {
  const port = await freePort();
  // A rule about a table can only be held against a catalog; without one it stands as it is.
  const sluice = await sluiceWithCatalogAt(port);
  const relay: { current: Relay | null } = { current: null };
  context.after(async () => {
    await sluice.stop();
    relay.current?.close();
  });
  const client = await WireClient.connect(sluice.port);
  const answer = await client.ask(query('SELECT 1'));
  assert.equal(tagsOf(answer), 'EZ');
  assert.equal(errorAmong(answer)?.['C'], '57P03');
  assert.match(sluice.log(), /the catalog cannot be read/);
  relay.current = await startRelay(postgres.port, port);
  assert.deepEqual(rowsOf(await client.ask(query('SELECT 2'))), [['2']]);
  assert.equal(errorAmong(await client.ask(query('SELECT * FROM secret')))?.['C'], '42501');
});

test('a catalog that is out of date and cannot be read: data statements fail clearly, none is judged by the old one', async (context) => {
  await direct.query('CREATE TABLE public.plain (v text); CREATE TABLE public.secret (v text)');
  const relay = await startRelay(postgres.port);
  const sluice = await sluiceWithCatalogAt(relay.port);
  context.after(async () => {
    await sluice.stop();
    relay.close();
  });
  const client = await WireClient.connect(sluice.port);
  assert.equal(errorAmong(await client.ask(query('SELECT v FROM plain'))), null);
  relay.close();
  // After this the name stands for another table.
  assert.equal(errorAmong(await client.ask(query('CREATE VIEW peek AS SELECT 1 AS one'))), null);
  const begun = performance.now();
  const answer = await client.ask(query('SELECT v FROM plain'));
  assert.equal(tagsOf(answer), 'EZ');
  assert.equal(errorAmong(answer)?.['C'], '57P03');
  assert.ok(performance.now() - begun < 2_000);
  assert.equal(errorAmong(await client.ask(query('SELECT v FROM plain')))?.['C'], '57P03');
  assert.equal(
    errorAmong(await client.ask(query('BEGIN; COMMIT'))),
    null,
    'what touches no data is judged all the same',
  );
});

test('a timer that cannot read the catalog leaves the old one in force', async (context) => {
  const relay = await startRelay(postgres.port);
  const sluice = await sluiceWithCatalogAt(relay.port, '250ms');
  context.after(() => sluice.stop());
  const client = await WireClient.connect(sluice.port);
  assert.equal(errorAmong(await client.ask(query('SELECT v FROM plain'))), null);
  relay.close();
  await until(() => sluice.log().includes('the catalog cannot be read'), 'a refresh to fail');
  assert.equal(errorAmong(await client.ask(query('SELECT v FROM plain'))), null);
  assert.equal(errorAmong(await client.ask(query('SELECT v FROM secret')))?.['C'], '42501');
});

test('promise 13: a parsing thread that dies denies its statement, and the next one gets a new thread', async (context) => {
  const workers: Worker[] = [];
  const onWorker = (worker: Worker) => workers.push(worker);
  process.on('worker', onWorker);
  const sluice = await startSluice({ upstream: postgres.url() });
  context.after(async () => {
    process.removeListener('worker', onWorker);
    await sluice.stop();
  });
  const client = await WireClient.connect(sluice.port);
  const wide = (n: number) =>
    `SELECT count(*) FROM (VALUES ${Array.from({ length: 600 }, (_, k) => `(${k + n}, '${'x'.repeat(20)}')`).join(', ')}) AS v`;
  assert.equal(errorAmong(await client.ask(query(wide(0)))), null, 'a large statement passes');
  for (let round = 1; round < 4; round++) {
    client.send(query(wide(round)));
    for (const worker of workers.splice(0)) void worker.terminate();
    const answer = await client.until('Z');
    const error = errorAmong(answer);
    // Whether the thread died before, during or after: denied or judged, never let pass unjudged.
    if (error !== null) assert.equal(error['C'], '42501', JSON.stringify(error));
  }
  await until(
    async () => errorAmong(await client.ask(query(wide(99)))) === null,
    'a thread to be there again',
  );
});

test('definitions beside Sluice are known at once where an event trigger tells of them', async (context) => {
  await direct.query('CREATE TABLE public.vault (v text); CREATE TABLE public.told (id int)');
  const documented = readFileSync(new URL('../../docs/config.md', import.meta.url), 'utf8');
  await direct.query(/```sql\n(CREATE FUNCTION sluice_catalog_changed[^`]*)```/.exec(documented)?.[1] ?? '');
  const sluice = await startSluice({
    upstream: postgres.url(),
    listener: 'catalog: { refresh: 1h }',
    policy: 'default: allow\nmasks: [ { columns: ["public.*.v"], with: redact } ]\n',
  });
  context.after(async () => {
    await sluice.stop();
    await direct.query(
      'DROP EVENT TRIGGER sluice_catalog_changed; DROP EVENT TRIGGER sluice_catalog_dropped',
    );
  });
  const client = await WireClient.connect(sluice.port);
  assert.deepEqual(rowsOf(await client.ask(query('SELECT * FROM told'))), []);
  await direct.query("ALTER TABLE public.told ADD v text; INSERT INTO public.told VALUES (1, 'b')");
  // The same text, whose facts are kept for as long as the catalog stays the same.
  await until(async () => {
    const [row] = rowsOf(await client.ask(query('SELECT * FROM told')));
    // Until then the server names a column that is not known, and nothing of it is told.
    assert.notEqual(row?.[1], 'b');
    return row?.[1] === '[redacted]';
  }, 'the new column to be known');
  client.end();
});
