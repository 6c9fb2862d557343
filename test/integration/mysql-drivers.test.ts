/** mysql2 in its own ways, through Sluice and directly: what it sees is the same. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import callbackMysql, { type ConnectionOptions } from 'mysql2';
import mysql, { type Connection } from 'mysql2/promise';
import {
  type Account,
  type BothWays,
  FLAVOURS,
  failure,
  KINDS,
  ROWS,
  startBothWays,
} from '../support/mysql-both-ways.ts';
import { until } from '../support/until.ts';

let both: BothWays;

before(async () => {
  both = await startBothWays({ listener: 'multi_statements: true' });
});

after(async () => {
  await both?.stop();
});

function optionsOf({ port, user, password }: Account): ConnectionOptions {
  return { host: '127.0.0.1', port, user, password, database: 'shop' };
}

/** Runs the same thing both ways, in an empty database each time. */
async function alike(
  flavour: 'mariadb' | 'mysql',
  use: (connection: Connection, account: Account) => Promise<unknown>,
  options: ConnectionOptions = {},
): Promise<void> {
  const { direct, through } = both.accounts(flavour);
  const seen = [];
  for (const account of [direct, through]) {
    const connection = await mysql.createConnection({ ...optionsOf(account), ...options });
    try {
      seen.push(await use(connection, account));
    } finally {
      connection.destroy();
    }
  }
  assert.deepEqual(seen[1], seen[0]);
}

function fields(columns: readonly mysql.FieldPacket[]): unknown {
  return columns.map(
    ({ name, columnType, columnLength, flags, characterSet, decimals, orgName, orgTable }) => [
      name,
      columnType,
      columnLength,
      flags,
      characterSet,
      decimals,
      orgName,
      orgTable,
    ],
  );
}

for (const flavour of FLAVOURS) {
  test(`${flavour}, mysql2: every type in text and binary, with its metadata`, async () => {
    // MariaDB tells clients of JSON by an extension that Sluice does not offer, and describes columns by the
    // character set's own collation whatever the client has asked for.
    const charset = flavour === 'mariadb' ? 'UTF8MB4_GENERAL_CI' : 'UTF8MB4_UNICODE_CI';
    for (const typing of [
      { dateStrings: true, supportBigNumbers: true, bigNumberStrings: true },
      { supportBigNumbers: true, timezone: 'Z', rowsAsArray: true },
    ]) {
      await alike(
        flavour,
        async (connection) => {
          await connection.query("SET sql_mode = '', time_zone = '+03:00'");
          await connection.query(`DROP TABLE IF EXISTS kinds`);
          await connection.query(KINDS);
          const [inserted] = await connection.query(ROWS);
          const [text, described] = await connection.query('SELECT * FROM kinds ORDER BY id');
          const [binary, prepared] = await connection.execute('SELECT * FROM kinds ORDER BY id');
          return { inserted, text, binary, described: fields(described), prepared: fields(prepared) };
        },
        { ...typing, charset, jsonStrings: true },
      );
    }
  });

  test(`${flavour}, mysql2: parameters of every type go in and come back`, async () => {
    await alike(
      flavour,
      async (connection) => {
        await connection.query('CREATE OR REPLACE VIEW one AS SELECT 1 AS n');
        const values = [
          'emoji 😀',
          Buffer.from([0, 255, 39, 92]),
          7,
          -1.5,
          9007199254740991n,
          true,
          null,
          new Date(Date.UTC(2024, 1, 29, 12, 30, 15, 250)),
          { a: [1] },
        ]; // prettier-ignore
        const marks = values.map(() => '?').join(', ');
        const [executed] = await connection.execute(`SELECT ${marks} FROM one`, values);
        const [quoted] = await connection.query(`SELECT ${marks} FROM one`, values.slice(0, 8).concat(['x']));
        const named = await connection.execute('SELECT :b AS b, :a AS a', { a: 1, b: 'two' });
        const statement = await connection.prepare('SELECT ? + 1 AS n');
        const again = [];
        for (const n of [1, 2, 3]) again.push((await statement.execute([n]))[0]);
        await statement.close();
        return { executed, quoted, named: named[0], again };
      },
      { namedPlaceholders: true, timezone: 'Z' },
    );
  });

  test(`${flavour}, mysql2: affected rows, insert ids, warnings, errors and transactions`, async () => {
    await alike(flavour, async (connection) => {
      await connection.query('DROP TABLE IF EXISTS child, parent');
      await connection.query(
        'CREATE TABLE parent (id int AUTO_INCREMENT PRIMARY KEY, n int UNIQUE, v varchar(5)) ENGINE=InnoDB',
      );
      await connection.query(
        'CREATE TABLE child (p int, CONSTRAINT c FOREIGN KEY (p) REFERENCES parent (id)) ENGINE=InnoDB',
      );
      const seen: unknown[] = [];
      const changes = [
        "INSERT INTO parent (n, v) VALUES (1, 'a'), (2, 'b'), (3, 'c')",
        "UPDATE parent SET v = 'b'",
        "INSERT INTO parent (n) VALUES (1), (9) ON DUPLICATE KEY UPDATE v = 'x'",
        'REPLACE INTO parent VALUES (2, 2, NULL)',
        "INSERT IGNORE INTO parent (n, v) VALUES (5, 'far too long')",
        'DELETE FROM parent WHERE id > 3',
      ];
      for (const sql of changes) seen.push((await connection.query(sql))[0]);
      for (const sql of changes.slice(0, 2)) seen.push(await failure(connection.execute(sql)));
      const wrong = [
        'INSERT INTO child VALUES (77)',
        'INSERT INTO parent (id) VALUES (1)',
        "INSERT INTO parent (v) VALUES ('far too long')",
        'SELECT nope',
        'SELECT * FROM nowhere',
        'SELECT 1 FROM parent WHERE',
        "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'ü', MYSQL_ERRNO = 4711",
      ];
      for (const sql of wrong) seen.push(await failure(connection.query(sql)));
      for (const sql of wrong.slice(0, 5)) seen.push(await failure(connection.execute(sql)));
      seen.push((await connection.query("SELECT CAST('x' AS signed), 1"))[0]);
      seen.push((await connection.query('SHOW WARNINGS'))[0]);
      await connection.beginTransaction();
      await connection.execute('DELETE FROM parent');
      await connection.rollback();
      await connection.beginTransaction();
      await connection.execute('UPDATE parent SET n = n + 100');
      seen.push(await failure(connection.query('SELECT nope')));
      await connection.commit();
      seen.push((await connection.query('SELECT * FROM parent ORDER BY id'))[0]);
      return seen;
    });
  });

  test(`${flavour}, mysql2: several statements, several results, and procedures`, async () => {
    await alike(
      flavour,
      async (connection) => {
        // Through Sluice, the baseline has code in the database made by others.
        const admin = await mysql.createConnection({ uri: both.pair[flavour].url('shop') });
        await admin.query('DROP PROCEDURE IF EXISTS two');
        await admin.query(
          'CREATE PROCEDURE two (a int, OUT b int) BEGIN SELECT a; SELECT 2, 3; SET b = a; END',
        );
        await admin.end();
        const [several] = await connection.query('SELECT 1 AS a; DO 1; SELECT 2 AS b; SELECT 3 AS c LIMIT 0');
        const [called] = await connection.query('CALL two(7, @b)');
        const [prepared] = await connection.execute('CALL two(?, @b)', [8]);
        const [out] = await connection.query('SELECT @b');
        const broken = await failure(connection.query('SELECT 1; SELECT nope; SELECT 3'));
        const [goesOn] = await connection.query('SELECT 5 AS n');
        return { several, called, prepared, out, broken, goesOn };
      },
      { multipleStatements: true },
    );
  });

  test(`${flavour}, mysql2: large values, streams, and a result that is left`, async () => {
    await alike(flavour, async (connection, account) => {
      await connection.query('DROP TABLE IF EXISTS large');
      await connection.query('CREATE TABLE large (id int AUTO_INCREMENT PRIMARY KEY, b longblob)');
      // What is above 16 MB goes in two packets; the server's own limit is 16 MB for one packet that it receives.
      const bytes = createHash('sha512').update('seed').digest().subarray(0, 50);
      const blob = Buffer.concat(Array.from({ length: 200_000 }, () => bytes));
      await connection.execute('INSERT INTO large (b) VALUES (?)', [blob]);
      await connection.query('INSERT INTO large (b) VALUES (?)', [blob.subarray(0, 100_000)]);
      const [rows] = await connection.execute<mysql.RowDataPacket[]>('SELECT b FROM large ORDER BY id');
      const sizes = rows.map((row) => createHash('md5').update(row['b']).digest('hex'));
      const [twice] = await connection.query<mysql.RowDataPacket[]>(
        'SELECT length(concat(b, b)) AS n FROM large',
      );
      const core = callbackMysql.createConnection(optionsOf(account));
      const stream = core
        .query(
          'WITH RECURSIVE s AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM s WHERE n < 900) SELECT a.n, b.n AS m FROM s a, s b LIMIT 50000',
        )
        .stream({ highWaterMark: 3 });
      let streamed = 0;
      for await (const row of stream) streamed += row.n > 0 ? 1 : 0;
      core.destroy();
      core.destroy();
      return { sizes, twice, streamed };
    });
  });

  test(`${flavour}, mysql2: ping, reset, another user, another database, pools, and the end`, async () => {
    await alike(flavour, async (connection, account) => {
      const seen: unknown[] = [];
      await connection.ping();
      await connection.query('SET @a = 5');
      await connection.query('CREATE TEMPORARY TABLE t (n int)');
      await connection.reset();
      seen.push(
        (await connection.query('SELECT @a AS a'))[0],
        await failure(connection.query('SELECT * FROM t')),
      );
      await connection.query('SET @a = 6');
      await connection.changeUser({ user: account.user, password: account.password, database: 'shop' });
      seen.push((await connection.query('SELECT @a AS a, DATABASE() AS d, @@collation_connection AS c'))[0]);
      seen.push((await connection.execute('SELECT 1 AS n'))[0]);
      const pool = mysql.createPool({
        ...optionsOf(account),
        connectionLimit: 4,
        charset: 'utf8mb4_unicode_ci',
      });
      const several = await Promise.all(
        Array.from({ length: 40 }, async (_, n) => (await pool.execute('SELECT ? AS n', [n]))[0]),
      );
      await pool.end();
      await connection.end();
      return [...seen, several];
    });
  });

  test(`${flavour}, mysql2: callbacks in a row, and a query that another session cancels`, async () => {
    const { through } = both.accounts(flavour);
    const connection = callbackMysql.createConnection(optionsOf(through));
    const answers: unknown[] = [];
    for (let n = 0; n < 50; n++) {
      connection.query('SELECT ? AS n', [n], (error, rows) => answers.push(error ?? rows));
    }
    const slow = new Promise<unknown>((resolve) => {
      const sql = 'SELECT SLEEP(30) AS slept';
      connection.query(sql, (error, rows) => resolve(error === null ? rows : error.errno));
    });
    if (connection.threadId === null || connection.threadId === undefined) await once(connection, 'connect');
    const other = await mysql.createConnection(optionsOf(through));
    const admin = await mysql.createConnection({ uri: both.pair[flavour].url() });
    const sleeps = async () => {
      const sql =
        "SELECT COUNT(*) AS n FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT SLEEP(30)%'";
      const [rows] = await admin.query<mysql.RowDataPacket[]>(sql);
      return rows[0]?.['n'] > 0;
    };

    await until(sleeps, 'the query to run');
    await other.query(`KILL QUERY ${connection.threadId}`);
    const cancelled = await slow;
    assert.ok(cancelled === 1317 || JSON.stringify(cancelled) === '[{"slept":1}]', String(cancelled));
    assert.deepEqual(
      answers,
      Array.from({ length: 50 }, (_, n) => [{ n }]),
    );
    connection.end();
    await other.end();
    await admin.end();
  });
}
