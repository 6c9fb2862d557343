/** What a policy denies on MySQL and MariaDB, in the words that hide it: refused in both protocols, and nothing changed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CAPABILITY } from '../../protocols/mysql/capabilities.ts';
import { startMysql } from '../../src/demo/mysql-server.ts';
import { adminConnection, FLAVOURS } from '../support/mysql-servers.ts';
import { bytesOf, mysqlBypassFile } from '../support/mysql-twins.ts';
import { failureAmong, type MysqlPacket, MysqlWireClient, textRows } from '../support/mysql-wire-client.ts';
import { startSluice } from '../support/sluice.ts';
import { guises } from './arena.ts';

const STATE = `SELECT (SELECT group_concat(id, name, value ORDER BY id) FROM secrets) AS secrets,
  (SELECT group_concat(id, ' ', total, ' ', note ORDER BY id) FROM orders) AS orders,
  (SELECT group_concat(table_name, ' ', table_type ORDER BY table_name) FROM information_schema.tables WHERE table_schema = 'bypass') AS tables,
  (SELECT group_concat(table_name, column_name, column_type ORDER BY table_name, ordinal_position) FROM information_schema.columns WHERE table_schema = 'bypass') AS columns,
  (SELECT count(*) FROM information_schema.routines WHERE routine_schema = 'bypass') AS routines,
  (SELECT group_concat(user ORDER BY user) FROM mysql.user) AS users, @@global.sql_mode AS mode, @@global.general_log AS log`;

function told(packets: readonly MysqlPacket[], sent: Buffer): boolean {
  return ['CANARY-7f3a9', 'CANARY-5b1c2'].some((secret) =>
    guises(secret).some((guise) => !sent.includes(guise) && packets.some(({ body }) => body.includes(guise))),
  );
}

for (const flavour of FLAVOURS) {
  test(`promise 1: what is denied is denied in every dress: ${flavour}`, async () => {
    const server = await startMysql({ flavour });
    const admin = await adminConnection(server);
    await admin.query('CREATE DATABASE bypass; USE bypass');
    await admin.query(mysqlBypassFile('tables.sql'));
    const sluice = await startSluice({
      upstream: server.url(),
      policy: mysqlBypassFile('policies/tables.yaml'),
      listener: 'multi_statements: true',
    });
    try {
      const [before] = await admin.query(STATE);
      const flags = CAPABILITY.MULTI_STATEMENTS;
      const client = await MysqlWireClient.connect(sluice.port, { database: 'bypass', flags });
      const wrong: string[] = [];
      for (const written of mysqlBypassFile('denied.txt').split('\n')) {
        const [, only, line = ''] = /^(?:(mariadb|mysql)\|)?(.*)$/.exec(written) ?? [];
        if (line === '' || line.startsWith('# ') || (only !== undefined && only !== flavour)) continue;
        const text = bytesOf(line);
        for (const [wire, packets] of [
          ['query', await client.query(text)],
          ['prepare', (await client.prepare(text)).packets],
        ] as const) {
          const message = failureAmong(packets)?.message ?? 'no error';
          if (told(packets, text)) wrong.push(`${line}\n    by ${wire}: a secret came out`);
          else if (!/^denied by rule/.test(message)) wrong.push(`${line}\n    by ${wire}: ${message}`);
        }
      }
      assert.deepEqual(textRows(await client.query('SELECT 6 * 7')), [['42']]);
      client.end();
      const [after] = await admin.query(STATE);
      assert.deepEqual(after, before);
      assert.equal(wrong.length, 0, `\n${wrong.join('\n')}`);
    } finally {
      await sluice.stop();
      await admin.end();
      await server.stop();
    }
  });
}
