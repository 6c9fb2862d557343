/** Masks do not get in the way of ordinary reporting on MySQL and MariaDB: what queries give beside a direct connection. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { MysqlFlavour } from '../../src/demo/mysql-programs.ts';
import { maskingFile } from '../support/masking-twins.ts';
import { adminConnection, FLAVOURS, type MysqlPair, startMysqlPair } from '../support/mysql-servers.ts';
import { failureAmong, type MysqlPacket, MysqlWireClient, textRows } from '../support/mysql-wire-client.ts';
import { startSluice } from '../support/sluice.ts';

const DENIED_MAX = 0.02;
/** Of those without masks, which take their time. */
const PREPARED_EVERY = 5;
const MASKED_COLUMNS = ['customers.ssn', 'customers.email', 'customers.phone', 'payments.card_number'];

interface Report {
  readonly sql: string;
  /** Places of masked columns, from 0. */
  readonly masked: readonly number[];
}

function reportsFor(flavour: MysqlFlavour): readonly Report[] {
  return maskingFile('mysql-reports.txt')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .flatMap((line) => {
      const [, only, places, sql = ''] = /^(?:(mariadb|mysql)\| )?(?:([\d,]+)\| )?(.*)$/.exec(line) ?? [];
      if (only !== undefined && only !== flavour) return [];
      return [{ sql, masked: (places?.split(',') ?? []).map((place) => Number(place) - 1) }];
    });
}

let pair: MysqlPair;

before(async () => {
  pair = await startMysqlPair();
});
after(() => pair?.stop());

for (const flavour of FLAVOURS) {
  test(`promise 4: of 300 reporting queries to ${flavour} under 2 % are denied, and unmasked columns are as on a direct connection`, async (t) => {
    const reports = reportsFor(flavour);
    assert.equal(reports.length, 300);
    const server = pair[flavour];
    const secrets = await secretsOf(flavour);
    const sluice = await startSluice({
      upstream: server.url('shop'),
      policy: maskingFile('policy-reports.yaml'),
    });
    t.after(() => sluice.stop());
    const client = await MysqlWireClient.connect(sluice.port, { database: 'shop' });
    t.after(() => client.end());
    const direct = await MysqlWireClient.connect(server.port, { user: 'reader', database: 'shop' });
    t.after(() => direct.end());
    const denied: string[] = [];
    for (const [nth, { sql, masked }] of reports.entries()) {
      const whole = await direct.query(sql);
      assert.equal(failureAmong(whole), null, sql);
      const answer = await client.query(sql);
      const failure = failureAmong(answer);
      if (failure !== null) {
        assert.match(failure.message, /denied by rule/, sql);
        denied.push(`${sql}: ${failure.message}`);
        continue;
      }
      holdAgainst(sql, masked, answer, whole);
      const isPrepared = masked.length > 0 || nth % PREPARED_EVERY === 0;
      const prepared = isPrepared ? await runPrepared(client, sql) : [];
      if (isPrepared && masked.length === 0)
        assert.deepEqual(rowsIn(prepared), rowsIn(await runPrepared(direct, sql)), `${sql}, prepared`);
      const sent = Buffer.concat([...answer, ...prepared].map(({ body }) => body)).toString('latin1');
      assert.equal(
        secrets.find((secret) => sent.includes(secret) && !sql.includes(secret)),
        undefined,
        sql,
      );
    }
    t.diagnostic(`${denied.length} of ${reports.length} denied`);
    for (const one of denied) t.diagnostic(one);
    assert.ok(denied.length / reports.length < DENIED_MAX, denied.join('\n'));
  });
}

/** Every masked value; and an account that reads past Sluice. */
async function secretsOf(flavour: MysqlFlavour): Promise<readonly string[]> {
  const admin = await adminConnection(pair[flavour], 'shop');
  await admin.query("CREATE USER reader@'%'");
  await admin.query("GRANT ALL ON shop.* TO reader@'%'");
  const secrets: string[] = [];
  for (const column of MASKED_COLUMNS) {
    const [table, name] = column.split('.');
    const [rows] = await admin.query({ sql: `SELECT ${name} FROM ${table}`, rowsAsArray: true });
    assert.ok(Array.isArray(rows) && rows.length > 0);
    for (const row of rows) if (Array.isArray(row) && row[0] !== null) secrets.push(String(row[0]));
  }
  await admin.end();
  return secrets;
}

function holdAgainst(
  sql: string,
  masked: readonly number[],
  answer: readonly MysqlPacket[],
  whole: readonly MysqlPacket[],
): void {
  const wanted = textRows(whole);
  const rows = textRows(answer);
  assert.equal(rows.length, wanted.length, sql);
  rows.forEach((row, n) => {
    row.forEach((cell, place) => {
      const own = wanted[n]?.[place];
      if (!masked.includes(place)) assert.equal(cell, own, `${sql}: column ${place + 1}`);
      else if (own !== null) assert.notEqual(cell, own, `${sql}: column ${place + 1} is not masked`);
    });
  });
}

async function runPrepared(client: MysqlWireClient, sql: string): Promise<readonly MysqlPacket[]> {
  const { packets, id } = await client.prepare(sql);
  assert.ok(id !== null, `${sql}: ${failureAmong(packets)?.message}`);
  const answer = await client.execute(id);
  assert.equal(failureAmong(answer), null, sql);
  client.closeStatement(id);
  return [...packets, ...answer];
}

function rowsIn(packets: readonly MysqlPacket[]): readonly string[] {
  return packets.filter(({ kind }) => kind === 'binary row').map(({ body }) => body.toString('hex'));
}
