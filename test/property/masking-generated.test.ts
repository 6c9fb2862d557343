/**
 * Random queries through Sluice to two databases that differ in masked values alone: the same bytes come back, or the
 * statement is denied. SLUICE_MASKING_QUERIES and SLUICE_MASKING_SEED set how many and which.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { bind, describe, execute, parse, query, sync } from '../support/frontend.ts';
import { count, newTally } from '../support/masking-attacks.ts';
import { QueryGenerator } from '../support/masking-generator.ts';
import { startTwins, TwinSession, type Twins } from '../support/masking-twins.ts';

const QUERIES = Number(process.env['SLUICE_MASKING_QUERIES'] ?? 900);
const SEED = Number(process.env['SLUICE_MASKING_SEED'] ?? 20_261_121);

let twins: Twins;
before(async () => {
  twins = await startTwins();
});
after(() => twins?.stop());

const WAYS: readonly ((sql: string) => readonly Buffer[])[] = [
  (sql) => [query(sql)],
  (sql) => [parse('', sql), bind('', ''), execute(), sync()],
  (sql) => [
    parse('', sql),
    bind('p', '', [], { results: [1] }),
    describe('P', 'p'),
    execute('p', 3),
    execute('p'),
    sync(),
  ],
  (sql) => [query(`COPY (${sql}) TO STDOUT`)],
  (sql) => [query(`COPY (${sql}) TO STDOUT (FORMAT csv, HEADER)`)],
  (sql) => [query(`COPY (${sql}) TO STDOUT (FORMAT binary)`)],
  (sql) => [query(`BEGIN; DECLARE z CURSOR FOR ${sql}; FETCH 5 FROM z; COMMIT`)],
  (sql) => [query(`SELECT zz, zz::text FROM (${sql}) AS zz`)],
];

test('promise 4: random queries give nothing that depends on a masked value', async (t) => {
  const generator = new QueryGenerator(SEED, { daring: 0.06, functions: true });
  const session = await TwinSession.open(twins);
  const tally = newTally();
  for (let n = 0; n < QUERIES; n++) {
    const { sql } = generator.next();
    const way = WAYS[n % WAYS.length];
    if (way === undefined) throw new Error('no way');
    const answer = await session.ask(...way(sql));
    if (answer.sqlstate !== null) await session.ask(query('ROLLBACK'));
    count(tally, `query ${n}, way ${n % WAYS.length}: ${sql}`, answer);
  }
  session.end();
  t.diagnostic(
    `seed ${SEED}: ${tally.asked} asked, ${tally.denied} denied, ${tally.failed} failed, ${tally.told.length} told something`,
  );
  assert.equal(tally.told.length, 0, tally.told.slice(0, 5).join('\n'));
  assert.ok(tally.denied + tally.failed < tally.asked * 0.75, 'too few of them ran');
});
