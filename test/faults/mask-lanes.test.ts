/** A worker thread that fails, in the middle of a large result: over the wire, as a client sees it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { PostgresServer } from '../../src/demo/postgres-server.ts';
import { query, sync } from '../support/frontend.ts';
import { extended, type Lanes, NOTES_ROWS, shows, startLanes, startNotes } from '../support/mask-lanes.ts';
import { commandsOf, errorAmong, rowsOf, tagsOf, WireClient } from '../support/wire-client.ts';

const ENTRY = new URL('../support/faulty-mask-worker.ts', import.meta.url);
const SQL = 'SELECT id, email, note, ssn FROM notes ORDER BY id';

let postgres: PostgresServer;
let lanes: Lanes;

before(async () => {
  postgres = await startNotes();
  lanes = await startLanes(postgres.url(), { deadlineMs: 400, entry: ENTRY });
});

after(async () => {
  await lanes?.sluice.stop();
  await postgres?.stop();
});

/** The large result, with what makes a worker fail in the row before the last tenth. */
function faulty(fault: string): string {
  return `SELECT id, CASE WHEN id = ${NOTES_ROWS * 0.9} THEN '${fault}' ELSE email END, note, ssn FROM notes ORDER BY id`;
}

for (const fault of ['throw', 'hang', 'die', 'give back junk'] as const) {
  test(`promise 4: a worker told to "${fault}" ends that result with 58000; nothing unmasked, and the session goes on`, async () => {
    const client = await WireClient.connect(lanes.sluice.port);
    const neighbour = await WireClient.connect(lanes.sluice.port);
    neighbour.send(query(SQL));
    const answer = await client.ask(query(faulty(fault)));
    assert.match(tagsOf(answer), /^TD*EZ$/);
    assert.equal(errorAmong(answer)?.['C'], '58000');
    assert.ok(!shows(answer));
    const rows = rowsOf(answer);
    assert.deepEqual(
      rows.map(([id]) => Number(id)),
      rows.map((_row, n) => n + 1),
      'rows from the first on, without a gap',
    );
    assert.ok(rows.length < NOTES_ROWS * 0.9);
    assert.deepEqual(rowsOf(await client.ask(query('SELECT 1'))), [['1']]);
    const again = await client.ask(query(SQL));
    assert.equal(rowsOf(again).length, NOTES_ROWS, 'the pool has recovered');
    assert.ok(!shows(again));
    assert.equal(rowsOf(await neighbour.until('Z')).length, NOTES_ROWS);
    client.end();
    neighbour.end();
  });
}

test('promise 6: in a pipeline the error stands where the result would end, and behind Sync all goes on', async () => {
  const client = await WireClient.connect(lanes.sluice.port);
  client.send(extended(faulty('throw'), 0), extended(SQL, 0), sync(), extended('SELECT 7', 0), sync());
  const failed = await client.until('Z');
  assert.equal(errorAmong(failed)?.['C'], '58000');
  assert.ok(!shows(failed));
  // The server may have been through with it, and have run what stood behind it: then that is told as well.
  assert.match(tagsOf(failed), /^12T?D*E(12T?D*C)?Z$/);
  const next = await client.until('Z');
  assert.deepEqual(rowsOf(next), [['7']]);
  client.end();
});

test('a transaction in which a result failed is a failed one', async () => {
  const client = await WireClient.connect(lanes.sluice.port);
  await client.ask(query('BEGIN'));
  const failed = await client.ask(query(faulty('die')));
  assert.equal(errorAmong(failed)?.['C'], '58000');
  const status = failed.at(-1)?.body.toString('latin1');
  const next = await client.ask(query('SELECT 1'));
  // Either the server has failed it as well, or it goes on: what the client was told is what is so.
  assert.equal(errorAmong(next)?.['C'] ?? null, status === 'E' ? '25P02' : null);
  const ended = await client.ask(query('ROLLBACK'));
  assert.deepEqual(commandsOf(ended), ['ROLLBACK']);
  client.end();
});
