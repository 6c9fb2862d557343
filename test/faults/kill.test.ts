/** Promise 8 under kill -9: whatever is in the database is in the journal, and the journal can be taken up again. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from 'pg';
import type { JsonObject } from '../../src/core/json.ts';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { bind, execute, parse, query, sync } from '../support/frontend.ts';
import { startSluiceProcess } from '../support/sluice-process.ts';
import { until } from '../support/until.ts';
import { WireClient } from '../support/wire-client.ts';

const CONNECTIONS = 6;
const ROUNDS = 3;
let postgres: PostgresServer;
let direct: Client;

before(async () => {
  postgres = await startPostgres();
  direct = new Client({ connectionString: postgres.url() });
  await direct.connect();
  await direct.query('CREATE TABLE public.t (id text PRIMARY KEY)');
});

after(async () => {
  await direct?.end();
  await postgres?.stop();
});

/** Inserts ids of its own, several at a time, until the connection is gone; half of them by bound parameters. */
async function load(port: number, name: string): Promise<void> {
  const client = await WireClient.connect(port);
  for (let n = 0; ; n += 4) {
    const ids = [0, 1, 2, 3].map((k) => `${name}-${n + k}`);
    const [a = '', b = '', c = '', d = ''] = ids;
    client.send(
      query(`INSERT INTO public.t VALUES ('${a}')`),
      query(`INSERT INTO public.t VALUES ('${b}'); SELECT 1`),
      parse('', 'INSERT INTO public.t VALUES ($1)'),
      bind('', '', [c]),
      execute(),
      bind('', '', [d]),
      execute(),
      sync(),
    );
    const answers = await client.until('Z', 3);
    if (client.closed || answers.length === 0) return;
  }
}

/** Ids in the texts and parameters of statement records. */
function idsIn(records: readonly JsonObject[]): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const { type, text, parameters } of records) {
    if (type !== 'statement') continue;
    for (const [, id = ''] of String(text).matchAll(/'([^']+)'/g)) ids.add(id);
    if (Array.isArray(parameters)) for (const value of parameters) ids.add(String(value));
  }
  return ids;
}

for (const durability of ['written', 'synced']) {
  test(`promise 8: killed at any moment under load, nothing is in the database that the journal does not have (${durability})`, async (context) => {
    let directory: string | undefined;
    for (let round = 0; round < ROUNDS; round++) {
      const sluice = await startSluiceProcess({
        upstream: postgres.url(),
        listener: `durability: ${durability}`,
        ...(directory === undefined ? {} : { directory }),
      });
      directory = sluice.directory;
      if (round === ROUNDS - 1) context.after(() => sluice.remove());
      const loads = Array.from({ length: CONNECTIONS }, (_, n) =>
        load(sluice.port, `${durability}-${round}-${n}`),
      );
      const settled = Promise.allSettled(loads);
      const prefix = `${durability}-${round}-%`;
      const count = async () => {
        const { rows } = await direct.query<{ n: number }>(
          'SELECT count(*)::int AS n FROM public.t WHERE id LIKE $1',
          [prefix],
        );
        return rows[0]?.n ?? 0;
      };
      await until(async () => (await count()) > 300, 'some rows');
      sluice.child.kill('SIGKILL');
      assert.equal(await sluice.exited, 'SIGKILL');
      await settled;
      // The server finishes what reached it before it notices.
      await until(async () => {
        const { rows } = await direct.query(
          "SELECT 1 FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
        );
        return rows.length === 0;
      }, 'the server to notice');
      const { rows } = await direct.query<{ id: string }>('SELECT id FROM public.t WHERE id LIKE $1', [
        prefix,
      ]);
      const recorded = idsIn(sluice.records());
      const missing = rows.filter(({ id }) => !recorded.has(id));
      assert.deepEqual(missing, []);
    }
    // Taken up once more, and closed in good order.
    const last = await startSluiceProcess({
      upstream: postgres.url(),
      ...(directory === undefined ? {} : { directory }),
    });
    context.after(() => last.remove());
    last.child.kill('SIGTERM');
    assert.equal(await last.exited, 0);
    const report = last.verify();
    assert.deepEqual(report.problems, []);
    assert.equal(report.unsealed, 0);
  });
}
