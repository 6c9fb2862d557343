/** Promise 5: rows and bytes of a result are counted on the wire and cut exactly at the limit, on every path. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from 'pg';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { bind, close, describe, execute, flush, parse, query, sync } from '../support/frontend.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { until } from '../support/until.ts';
import {
  commandsOf,
  errorAmong,
  rowsOf,
  tagsOf,
  WireClient,
  type WireMessage,
} from '../support/wire-client.ts';

const POLICY = `
default: allow
rules:
  - { name: ten-rows, when: { tables: [public.t] }, then: { limit: { rows: 10 } } }
  - { name: few-bytes, when: { tables: [public.b] }, then: { limit: { bytes: 1000B } } }
  - { name: loose, when: { tables: [public.c] }, then: { limit: { rows: 50, bytes: 1MiB } } }
  - { name: tight, when: { tables: [public.c], users: [agent] }, then: { limit: { rows: 5 } } }
  - { name: tight-bytes, when: { tables: [public.c], statements: [copy] }, then: { limit: { bytes: 20B } } }
  - { name: watched, when: { tables: [public.o] }, then: { limit: { rows: 3 } }, mode: observe }
`;

let postgres: PostgresServer;
let sluice: Sluice;
let direct: Client;

before(async () => {
  postgres = await startPostgres({ settings: { log_statement: 'none' } });
  direct = new Client({ connectionString: postgres.url() });
  await direct.connect();
  for (const name of ['t', 'b', 'c', 'o']) {
    await direct.query(
      `CREATE TABLE public.${name} AS SELECT g AS id, 'row ' || g AS v FROM generate_series(1, 100) AS g`,
    );
  }
  await direct.query('CREATE TABLE public.big AS SELECT 1 AS x');
  sluice = await startSluice({ upstream: postgres.url(), policy: POLICY });
});

after(async () => {
  await direct?.end();
  await sluice?.stop();
  await postgres?.stop();
});

function assertCut(answer: readonly WireMessage[], rule: string, rows: number): void {
  const error = errorAmong(answer);
  assert.equal(error?.['C'], '54000', JSON.stringify(error));
  assert.match(error['M'] ?? '', new RegExp(`result truncated by rule "${rule}"`));
  assert.equal(answer.filter(({ tag }) => tag === 'D').length, rows);
}

async function assertInSync(client: WireClient): Promise<void> {
  assert.deepEqual(rowsOf(await client.ask(query("SELECT 'in sync'"))), [['in sync']]);
  const extended = await client.ask(parse('', "SELECT 'again'"), bind('', ''), execute(), sync());
  assert.equal(tagsOf(extended), '12DCZ');
}

/** The last result that the journal has. */
async function lastResult(match: (text: string) => boolean): Promise<Readonly<Record<string, unknown>>> {
  let found: Readonly<Record<string, unknown>> | undefined;
  await until(() => {
    const records = sluice.records();
    const statement = records.findLast(
      (record) => record['type'] === 'statement' && match(String(record['text'])),
    );
    found = records.findLast(
      (record) =>
        record['type'] === 'result' &&
        record['session'] === statement?.['session'] &&
        record['number'] === statement?.['number'],
    );
    return found !== undefined;
  }, 'the result in the journal');
  return found ?? {};
}

test('promise 5: a simple query is cut at the row, recorded as cut, and the session goes on', async () => {
  const client = await WireClient.connect(sluice.port);
  const answer = await client.ask(query('SELECT id, v FROM t ORDER BY id /* simple */'));
  assert.equal(tagsOf(answer), 'TDDDDDDDDDDEZ');
  assertCut(answer, 'ten-rows', 10);
  assert.deepEqual(rowsOf(answer).at(-1), ['10', 'row 10']);
  await assertInSync(client);
  const result = await lastResult((text) => text.includes('/* simple */'));
  assert.equal(result['truncatedBy'], 'ten-rows');
  assert.equal(result['rows'], 10);
  const sent = answer.filter(({ tag }) => tag === 'D').reduce((sum, { body }) => sum + body.length + 5, 0);
  assert.equal(result['bytes'], sent);
  client.end();
});

test('exactly as many rows as are allowed are no cut', async () => {
  const client = await WireClient.connect(sluice.port);
  const answer = await client.ask(query('SELECT id FROM t ORDER BY id LIMIT 10'));
  assert.deepEqual(commandsOf(answer), ['SELECT 10']);
  assert.equal(errorAmong(answer), null);
  assert.equal((await lastResult((text) => text.includes('LIMIT 10')))['truncatedBy'], undefined);
  client.end();
});

test('extended: cut, then skipped to Sync, the same statement can be run again', async () => {
  const client = await WireClient.connect(sluice.port);
  const answer = await client.ask(
    parse('s', 'SELECT id FROM t ORDER BY id'),
    bind('', 's'),
    describe('P', ''),
    execute(),
    parse('', 'SELECT 1'),
    bind('', ''),
    execute(),
    sync(),
  );
  assert.equal(tagsOf(answer), '12TDDDDDDDDDDEZ');
  assertCut(answer, 'ten-rows', 10);
  assertCut(await client.ask(bind('', 's'), execute(), sync()), 'ten-rows', 10);
  await assertInSync(client);
  client.end();
});

test('promise 5: Execute with a row count, again and again, counts as one result', async () => {
  const client = await WireClient.connect(sluice.port);
  await client.ask(query('BEGIN'));
  client.send(parse('', 'SELECT id FROM t ORDER BY id'), bind('p', ''), execute('p', 4), flush());
  assert.equal(tagsOf(await client.until('s')), '12DDDDs');
  client.send(execute('p', 4), flush());
  assert.equal(tagsOf(await client.until('s')), 'DDDDs');
  const last = await client.ask(execute('p', 4), sync());
  assertCut(last, 'ten-rows', 2);
  // Cancelled in time or not, the client is told what the transaction is.
  const status = last.at(-1)?.body.toString();
  const next = await client.ask(query('SELECT 1'));
  assert.equal(errorAmong(next)?.['C'], status === 'T' ? undefined : '25P02');
  assert.equal((await client.ask(query('ROLLBACK'))).at(-1)?.body.toString(), 'I');
  await assertInSync(client);
  client.end();
});

test('promise 5: a cursor that is fetched from, by SQL and by other names of the same, counts as one result', async () => {
  const client = await WireClient.connect(sluice.port);
  await client.ask(query('BEGIN'));
  await client.ask(query('DECLARE c SCROLL CURSOR FOR SELECT id FROM t ORDER BY id'));
  assert.equal(rowsOf(await client.ask(query('FETCH 6 FROM c'))).length, 6);
  await client.ask(query('SAVEPOINT before'));
  assertCut(await client.ask(query('FETCH 6 FROM c')), 'ten-rows', 4);
  await client.ask(query('ROLLBACK TO before'));
  for (const sql of [
    'FETCH ALL FROM c',
    'FETCH FIRST FROM c',
    'FETCH BACKWARD 3 FROM c',
    'FETCH ABSOLUTE 2 FROM c',
  ]) {
    await client.ask(query('MOVE ABSOLUTE 50 IN c'));
    assertCut(await client.ask(query(sql)), 'ten-rows', 0);
    await client.ask(query('ROLLBACK TO before'));
  }
  await client.ask(query('MOVE ABSOLUTE 50 IN c'));
  // Read by Execute on the portal of that name.
  const answer = await client.ask(execute('c', 5), sync());
  assertCut(answer, 'ten-rows', 0);
  await client.ask(query('ROLLBACK'));
  await assertInSync(client);
  client.end();
});

test('several statements in one text: the client is told whether those around the cut one stand', async () => {
  const client = await WireClient.connect(sluice.port);
  for (const sql of [
    'INSERT INTO big VALUES (77); SELECT id FROM t',
    "INSERT INTO big VALUES (77); SELECT id FROM t; SELECT 'not shown'",
    'SELECT id FROM t; INSERT INTO big VALUES (77)',
    'INSERT INTO big VALUES (77); SELECT a.id FROM t a, t b, t c, t d',
    'INSERT INTO big VALUES (77); SELECT id FROM t; SELECT 1 / 0',
  ]) {
    await direct.query('DELETE FROM big WHERE x = 77');
    const answer = await client.ask(query(sql));
    assertCut(answer, 'ten-rows', 10);
    assert.equal(tagsOf(answer).slice(-2), 'EZ');
    const stands = (errorAmong(answer)?.['D'] ?? '').includes('its changes stand');
    assert.equal((await direct.query('SELECT 1 FROM big WHERE x = 77')).rowCount, stands ? 1 : 0, sql);
    if (sql.includes('1 / 0') || sql.includes('t d')) assert.ok(!stands);
  }
  await assertInSync(client);
  client.end();
});

test('promise 5: COPY TO STDOUT is cut by rows and by bytes, between two rows', async () => {
  const client = await WireClient.connect(sluice.port);
  for (const [sql, rule] of [
    ['COPY t TO STDOUT', 'ten-rows'],
    ['COPY (SELECT id FROM t) TO STDOUT', 'ten-rows'],
    ['COPY b TO STDOUT', 'few-bytes'],
  ] as const) {
    const answer = await client.ask(query(sql));
    const rows = answer.filter(({ tag }) => tag === 'd');
    assert.equal(errorAmong(answer)?.['C'], '54000');
    assert.match(errorAmong(answer)?.['M'] ?? '', new RegExp(rule));
    if (rule === 'ten-rows') assert.equal(rows.length, 10);
    else {
      const bytes = rows.reduce((sum, { body }) => sum + body.length + 5, 0);
      assert.ok(bytes <= 1000 && bytes > 950, String(bytes));
    }
    for (const { body } of rows) assert.equal(body.at(-1), 0x0a, 'a row is whole');
    assert.ok(!tagsOf(answer).includes('c'), 'and its end does not look like the end of all');
    await assertInSync(client);
  }
  client.end();
});

test('bytes: cut before the row that would go over', async () => {
  const client = await WireClient.connect(sluice.port);
  const answer = await client.ask(query('SELECT id, v FROM b ORDER BY id'));
  const bytes = answer.filter(({ tag }) => tag === 'D').reduce((sum, { body }) => sum + body.length + 5, 0);
  assert.equal(errorAmong(answer)?.['C'], '54000');
  assert.match(errorAmong(answer)?.['M'] ?? '', /few-bytes.*limited to 1000 bytes/);
  assert.ok(bytes <= 1000 && bytes > 950, String(bytes));
  // One value that is larger than all that may pass does not pass in part either.
  const one = await client.ask(query("SELECT repeat('x', 5000) FROM b LIMIT 1"));
  assert.equal(tagsOf(one), 'TEZ');
  await assertInSync(client);
  client.end();
});

test('RETURNING: the rows are cut, and what the client is told of the change is true', async () => {
  const client = await WireClient.connect(sluice.port);
  const answer = await client.ask(query("UPDATE t SET v = 'changed' RETURNING id"));
  assertCut(answer, 'ten-rows', 10);
  const { rowCount } = await direct.query("SELECT 1 FROM t WHERE v = 'changed'");
  const stands = /its changes stand/.test(errorAmong(answer)?.['D'] ?? '');
  assert.equal(rowCount, stands ? 100 : 0);
  assert.equal(answer.at(-1)?.body.toString(), 'I');
  // Inside a transaction the client can undo it.
  await client.ask(query('BEGIN'));
  const inside = await client.ask(query('DELETE FROM t RETURNING id'));
  assertCut(inside, 'ten-rows', 10);
  await client.ask(query('ROLLBACK'));
  assert.equal((await direct.query('SELECT 1 FROM t')).rowCount, 100);
  await assertInSync(client);
  client.end();
});

test('several limits combine to the tightest of each kind', async () => {
  const agent = await WireClient.connect(sluice.port);
  assertCut(await agent.ask(query('SELECT id FROM c')), 'tight', 5);
  const copied = await agent.ask(query('COPY c TO STDOUT'));
  assert.match(errorAmong(copied)?.['M'] ?? '', /tight-bytes/);
  const dba = await WireClient.connect(sluice.port, { user: 'dba' });
  assertCut(await dba.ask(query('SELECT id FROM c')), 'loose', 50);
  agent.end();
  dba.end();
});

test('mode: observe lets the whole result pass, and records the rule', async () => {
  const client = await WireClient.connect(sluice.port);
  const answer = await client.ask(query('SELECT id FROM o'));
  assert.deepEqual(commandsOf(answer), ['SELECT 100']);
  const statement = sluice
    .records()
    .findLast(({ type, text }) => type === 'statement' && text === 'SELECT id FROM o');
  assert.deepEqual(statement?.['observed'], ['watched']);
  client.end();
});

test('promise 5: the work behind a cut result is cancelled at the server, and nothing that follows is hit', async () => {
  const client = await WireClient.connect(sluice.port);
  for (let n = 0; n < 20; n++) {
    const before = performance.now();
    assertCut(await client.ask(query('SELECT a.id FROM t a, t b, t c, t d, t e')), 'ten-rows', 10);
    assert.ok(performance.now() - before < 3_000, 'ten thousand million rows are not waited for');
    assert.deepEqual(rowsOf(await client.ask(query('SELECT 1'))), [['1']]);
  }
  assert.match(postgres.log(), /canceling statement due to user request/);
  const { rows } = await direct.query(
    "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%a.id%' AND pid <> pg_backend_pid()",
  );
  assert.equal(rows.length, 0);
  client.end();
});

test('a pipeline behind a result that may be cut runs only when it was not', async () => {
  const client = await WireClient.connect(sluice.port);
  await client.ask(query('TRUNCATE big'));
  client.send(
    query('SELECT id FROM t'),
    query('INSERT INTO big VALUES (1)'),
    query('SELECT count(*) FROM big'),
  );
  const answers = await client.until('Z', 3);
  assertCut(
    answers.slice(
      0,
      answers.findIndex(({ tag }) => tag === 'Z'),
    ),
    'ten-rows',
    10,
  );
  assert.deepEqual(rowsOf(answers).at(-1), ['1'], 'separate queries are separate');
  const extended = await client.ask(
    parse('', 'SELECT id FROM t'),
    bind('', ''),
    execute(),
    parse('', 'INSERT INTO big VALUES (2)'),
    bind('', ''),
    execute(),
    close('S', 'x'),
    sync(),
  );
  assertCut(extended, 'ten-rows', 10);
  assert.equal((await direct.query('SELECT 1 FROM big WHERE x = 2')).rowCount, 0);
  await assertInSync(client);
  client.end();
});

test('rows that arrive in chunks of every size are counted the same', async () => {
  const client = await WireClient.connect(sluice.port);
  for (const width of [1, 500, 8_180, 65_536, 200_000]) {
    const answer = await client.ask(query(`SELECT repeat('x', ${width}) FROM t`));
    assertCut(answer, 'ten-rows', 10);
    for (const [cell] of rowsOf(answer)) assert.equal(cell?.length, width);
  }
  await assertInSync(client);
  client.end();
});
