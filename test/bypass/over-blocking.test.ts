/** The other side of the corpus: what people, drivers, ORMs and tools really send passes the built-in baseline. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { bind, describe, parse, query, sync } from '../support/frontend.ts';
import { errorAmong, WireClient } from '../support/wire-client.ts';
import { Arena } from './arena.ts';
import { bypassFile } from './corpus.ts';

interface Captured {
  readonly sql: string;
  /** The tool that sent it. */
  readonly file: string;
}

const captured: readonly Captured[] = JSON.parse(
  readFileSync(new URL('../../fixtures/captures/pg_captured.json', import.meta.url), 'utf8'),
);

/** What those tools send and the baseline is there to refuse: said aloud, so that nothing joins it unseen. */
const REFUSED: readonly RegExp[] = [
  // Code of other languages than SQL, and extensions.
  /^CREATE FUNCTION app\.f/,
  /^CREATE OR REPLACE FUNCTION pg_temp\.testfunc/,
  /\bDO 'BEGIN CREATE TYPE/,
  /^CREATE EXTENSION/,
  // A setting whose name comes from a table: pg_dump needs `baseline: { dynamic-sql: off }`.
  /^SELECT set_config\(name, 'view, foreign-table', false\) FROM pg_settings/,
  // Passwords, and the tables that hold them or samples of everything.
  /\bpg_authid\b/,
  /\bs\.subconninfo\b/,
  /^VACUUM \(ANALYZE\) pg_catalog\.(pg_statistic|pg_statistic_ext_data|pg_user_mapping|pg_largeobject);/,
];

let arena: Arena;
before(async () => {
  arena = await Arena.open(18);
});
after(() => arena?.close());

test('what drivers, ORMs, psql and dump tools send is not denied', async () => {
  const { port } = await arena.sluice('baseline');
  const client = await WireClient.connect(port);
  const denied: string[] = [];
  for (const { sql, file } of captured) {
    // Parse alone has it judged and planned, and runs nothing. A text of several statements goes by Query, to be undone.
    const error = errorAmong(await client.ask(parse('', sql), describe('S', ''), sync()));
    if (error?.['C'] === '42501' && !REFUSED.some((pattern) => pattern.test(sql)))
      denied.push(`${file}: ${sql.slice(0, 200)}\n    ${error['M']}`);
  }
  client.end();
  assert.deepEqual(denied, []);
});

test('ordinary statements run', async () => {
  const { port } = await arena.sluice('baseline');
  const client = await WireClient.connect(port);
  const failed: string[] = [];
  const statements = bypassFile('over-blocking.txt')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  for (const sql of statements) {
    const error = errorAmong(await client.ask(query(sql)));
    if (error !== null) failed.push(`${sql}\n    ${error['C']} ${error['M']}`);
  }
  assert.deepEqual(failed, []);
  const bound = await client.ask(
    parse('', 'SELECT id FROM shop.orders WHERE id = $1'),
    bind('', '', ['1']),
    sync(),
  );
  assert.equal(errorAmong(bound), null);
  client.end();
  assert.deepEqual(await arena.changes(), []);
});
