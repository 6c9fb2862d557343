/** Masks do not get in the way of ordinary reporting: three hundred queries, and what they give beside a direct connection. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { query } from '../support/frontend.ts';
import { maskingFile } from '../support/masking-twins.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { errorAmong, rowsOf, WireClient } from '../support/wire-client.ts';

const DENIED_MAX = 0.02;

interface Report {
  readonly sql: string;
  /** Places of masked columns, from 0. */
  readonly masked: readonly number[];
}

const REPORTS: readonly Report[] = maskingFile('reports.txt')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => {
    const [, places, sql] = /^(?:([\d,]+)\| )?(.*)$/.exec(line) ?? [];
    return { sql: sql ?? '', masked: (places?.split(',') ?? []).map((place) => Number(place) - 1) };
  });

let postgres: PostgresServer;
let sluice: Sluice;

before(async () => {
  postgres = await startPostgres();
  await createShop(postgres.url);
  sluice = await startSluice({ upstream: postgres.url('shop'), policy: maskingFile('policy-reports.yaml') });
});
after(async () => {
  await sluice?.stop();
  await postgres?.stop();
});

test('promise 4: of 300 reporting queries under 2 % are denied, and unmasked columns are as on a direct connection', async (t) => {
  assert.equal(REPORTS.length, 300);
  const client = await WireClient.connect(sluice.port);
  const direct = await WireClient.connect(postgres.port, { user: 'postgres' });
  const denied: string[] = [];
  for (const { sql, masked } of REPORTS) {
    const whole = await direct.ask(query(sql));
    assert.equal(errorAmong(whole), null, sql);
    const answer = await client.ask(query(sql));
    const error = errorAmong(answer);
    if (error !== null) {
      assert.equal(error['C'], '42501', `${sql}: ${error['M']}`);
      denied.push(`${sql}: ${error['M']}`);
      continue;
    }
    const rows = rowsOf(answer);
    const wanted = rowsOf(whole);
    assert.equal(rows.length, wanted.length, sql);
    rows.forEach((row, n) => {
      row.forEach((cell, place) => {
        const own = wanted[n]?.[place];
        if (!masked.includes(place)) assert.equal(cell, own, `${sql}: column ${place + 1}`);
        else if (own !== null) assert.notEqual(cell, own, `${sql}: column ${place + 1} is not masked`);
      });
    });
  }
  client.end();
  direct.end();
  t.diagnostic(`${denied.length} of ${REPORTS.length} denied`);
  for (const one of denied) t.diagnostic(one);
  assert.ok(denied.length / REPORTS.length < DENIED_MAX, denied.join('\n'));
});
