/** The servers that the other tests stand on: real, apart from each other, and gone in the end. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import type { RowDataPacket } from 'mysql2/promise';
import { startMysql } from '../../src/demo/mysql-server.ts';
import {
  adminConnection,
  clientCommand,
  FLAVOURS,
  type MysqlPair,
  startMysqlPair,
} from '../support/mysql-servers.ts';

let pair: MysqlPair;

before(async () => {
  pair = await startMysqlPair();
});

after(async () => {
  await pair?.stop();
});

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

for (const flavour of FLAVOURS) {
  test(`${flavour}: the server is of its kind and has the shop`, async () => {
    const server = pair[flavour];
    const admin = await adminConnection(server, 'shop');
    const [rows] = await admin.query<RowDataPacket[]>(
      `SELECT version() AS version, @@local_infile AS local, (SELECT count(*) FROM customers) AS customers,
              (SELECT count(*) FROM orders) AS orders, (SELECT count(*) FROM events) AS events`,
    );
    await admin.end();
    const { version, ...counts }: Record<string, unknown> = rows[0] ?? {};
    assert.deepEqual(counts, { local: 1, customers: 3000, orders: 8000, events: 10_000 });
    // Newer builds of Debian's say where they are from as well.
    assert.equal(String(version).replace(/ from Debian$/, ''), server.version);
    assert.equal(/mariadb/i.test(server.version), flavour === 'mariadb');
  });

  test(`${flavour}: its own command line connects, as the account of an application`, async () => {
    const server = pair[flavour];
    const { file, args } = clientCommand(server, flavour, {
      port: server.port,
      user: 'app',
      password: 'apppw',
    });
    const { stdout } = await promisify(execFile)(file, [
      ...args,
      '-N',
      '-e',
      'SELECT max(id) FROM shop.orders',
    ]);
    assert.equal(stdout, '8000\n');
  });

  test(`${flavour}: a stopped server leaves nothing behind`, async () => {
    const server = await startMysql({ flavour, settings: { 'sql-mode': 'ANSI_QUOTES' } });
    const admin = await adminConnection(server);
    const [rows] = await admin.query<RowDataPacket[]>('SELECT @@sql_mode AS mode');
    assert.deepEqual(rows, [{ mode: 'ANSI_QUOTES' }]);
    await admin.end();
    await server.stop();
    assert.equal(existsSync(server.directory), false);
    assert.equal(await isListening(server.port), false);
  });
}
