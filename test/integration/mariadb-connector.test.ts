/** MariaDB's own connector, through Sluice and directly, on servers of both kinds: what it sees is the same. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as mariadb from 'mariadb';
import {
  type Account,
  type BothWays,
  FLAVOURS,
  failure,
  KINDS,
  ROWS,
  startBothWays,
} from '../support/mysql-both-ways.ts';

let both: BothWays;

before(async () => {
  both = await startBothWays({ listener: 'multi_statements: true' });
});

after(async () => {
  await both?.stop();
});

function optionsOf({ port, user, password }: Account): mariadb.PoolConfig {
  // Direct connections get the server's RSA key; both take JSON as text, which only one would know for JSON.
  return { host: '127.0.0.1', port, user, password, database: 'shop', allowPublicKeyRetrieval: true };
}

for (const flavour of FLAVOURS) {
  async function alike(
    use: (connection: mariadb.Connection, account: Account) => Promise<unknown>,
    options: mariadb.ConnectionConfig = {},
  ): Promise<void> {
    const { direct, through } = both.accounts(flavour);
    const seen = [];
    for (const account of [direct, through]) {
      const connection = await mariadb.createConnection({ ...optionsOf(account), ...options });
      try {
        seen.push(await use(connection, account));
      } finally {
        connection.destroy();
      }
    }
    assert.deepEqual(seen[1], seen[0]);
  }

  test(`${flavour}, mariadb connector: every type in text and binary`, async () => {
    for (const dateStrings of [true, false]) {
      await alike(
        async (connection) => {
          await connection.query("SET sql_mode = '', time_zone = '-05:00'");
          await connection.query('DROP TABLE IF EXISTS kinds');
          await connection.query(KINDS);
          const inserted = await connection.query(ROWS);
          const sql = 'SELECT * FROM kinds ORDER BY id';
          return {
            inserted,
            text: [...(await connection.query(sql))],
            binary: [...(await connection.execute(sql))],
          };
        },
        { dateStrings, autoJsonMap: false, bigIntAsNumber: false },
      );
    }
  });

  test(`${flavour}, mariadb connector: batches, streams, parameters, errors and transactions`, async () => {
    await alike(
      async (connection) => {
        const seen: unknown[] = [];
        await connection.query('CREATE OR REPLACE VIEW one AS SELECT 1 AS n');
        await connection.query('DROP TABLE IF EXISTS items');
        await connection.query(
          'CREATE TABLE items (id int AUTO_INCREMENT PRIMARY KEY, v varchar(9) UNIQUE, b blob)',
        );
        const rows = [...Array(200).keys()].map((n) => [`v${n}😀`, Buffer.from([n, 0, 39])]);
        seen.push(await connection.batch('INSERT INTO items (v, b) VALUES (?, ?)', rows));
        seen.push(await failure(connection.batch('INSERT INTO items (v) VALUES (?)', [['new'], ['v1😀']])));
        seen.push(await failure(connection.execute('SELECT nope FROM items WHERE id = ?', [1])));
        const values = [
          7,
          -1.5,
          9007199254740993n,
          true,
          null,
          'ü',
          Buffer.from([1]),
          new Date(Date.UTC(2024, 1, 29)),
        ];
        seen.push([
          ...(await connection.execute(
            `SELECT ${values.map((_, n) => `? AS v${n}`).join(', ')} FROM one`,
            values,
          )),
        ]);
        const prepared = await connection.prepare('SELECT v FROM items WHERE id = ?');
        for (const id of [1, 2, 999]) seen.push([...(await prepared.execute([id]))]);
        prepared.close();
        let streamed = 0;
        for await (const _ of connection.queryStream('SELECT a.id FROM items a, items b')) streamed++;
        await connection.beginTransaction();
        await connection.query('DELETE FROM items WHERE id < 100');
        await connection.rollback();
        seen.push(streamed, [...(await connection.query('SELECT COUNT(*) AS n FROM items'))]);
        return seen;
      },
      // Sluice does not offer bulk execution: a batch comes as many executions.
      { timezone: 'Z', bulk: false },
    );
  });

  test(`${flavour}, mariadb connector: pipelines, several statements, reset, another user, a pool`, async () => {
    await alike(
      async (connection, account) => {
        const piped = await Promise.all(
          Array.from({ length: 60 }, (_, n) =>
            n % 7 === 3 ? failure(connection.query('SELECT nope')) : connection.query('SELECT ? AS n', [n]),
          ),
        );
        const several = await connection.query('SELECT 1 AS a; SELECT 2 AS b');
        await connection.query('SET @a = 5');
        await connection.reset();
        const after = await connection.query('SELECT @a AS a');
        // With MySQL the connector refuses to.
        if (flavour === 'mariadb') {
          await connection.changeUser({ user: account.user, password: account.password, database: 'shop' });
        }
        await connection.ping();
        const pool = mariadb.createPool({ ...optionsOf(account), connectionLimit: 3 });
        const pooled = await Promise.all(
          Array.from({ length: 20 }, (_, n) => pool.execute('SELECT ? AS n', [n])),
        );
        await pool.end();
        return { piped, several, after, database: await connection.query('SELECT DATABASE() AS d'), pooled };
      },
      { multipleStatements: true },
    );
  });
}
