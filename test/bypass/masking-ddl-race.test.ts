/** What a name means changes in one session while a statement of another, judged before, waits for its lock. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { bind, execute, parse, query, sync } from '../support/frontend.ts';
import { startTwins, type Twins } from '../support/masking-twins.ts';
import { until } from '../support/until.ts';
import { errorAmong, WireClient } from '../support/wire-client.ts';

let twins: Twins;
before(async () => {
  twins = await startTwins();
});
after(() => twins?.stop());

const RACES: readonly (readonly string[])[] = [
  ['ALTER TABLE hr.vendor RENAME TO vendor_gone', 'ALTER TABLE hr.person RENAME TO vendor'],
  ['ALTER TABLE hr.person RENAME ssn TO tmp'],
  ['DROP VIEW IF EXISTS hr.staff CASCADE', 'CREATE VIEW hr.staff AS SELECT id, ssn AS name FROM hr.person'],
  ['CREATE OR REPLACE VIEW hr.staff AS SELECT id, ssn AS name, name AS tax, pin, city FROM hr.person'],
  ['ALTER TABLE hr.vendor RENAME TO vendor_gone', 'ALTER TABLE hr.person SET SCHEMA public'],
  ['ALTER SCHEMA hr RENAME TO hr_gone'],
  ['ALTER VIEW hr.staff RENAME COLUMN tax TO x'],
  ['ALTER VIEW hr.staff RENAME TO workers'],
  ['ALTER VIEW hr.staff SET SCHEMA public'],
];

for (const race of RACES) {
  test(`promise 4: nothing of a masked value where ${race.join('; ')}`, async () => {
    const [{ sluice, direct, canaries }] = twins.all;
    const started = { user: 'agent', database: 'first' };
    const changer = await WireClient.connect(sluice.port, started);
    await changer.ask(query('BEGIN'));
    const errors: (string | undefined)[] = [];
    for (const sql of race) errors.push(errorAmong(await changer.ask(query(sql)))?.['C']);
    // The one that would show masked values under another name is the one that is denied.
    assert.equal(errors.at(-1), '42501');
    const readers = await Promise.all([0, 1].map(() => WireClient.connect(sluice.port, started)));
    const sql = "SELECT name || '' AS n FROM hr.vendor UNION ALL SELECT name || '' FROM hr.staff";
    const [first, second] = readers;
    assert.ok(first !== undefined && second !== undefined);
    const answers = [first.ask(query(sql)), second.ask(parse('', sql), bind('', ''), execute(), sync())];
    if (errors[0] === undefined) {
      await until(async () => {
        const { rows } = await direct.query<{ n: string }>(
          'SELECT count(*) AS n FROM pg_locks WHERE NOT granted',
        );
        return Number(rows[0]?.n) > 0;
      }, 'a statement to wait for a lock');
    }
    await changer.ask(query('ROLLBACK'));
    for (const answer of await Promise.all(answers)) {
      assert.equal(canaries.found(answer, Buffer.alloc(0)), null);
    }
    for (const client of [changer, ...readers]) client.end();
  });
}
