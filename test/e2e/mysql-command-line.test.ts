/** The command lines of MariaDB and MySQL, dumps and restores, through Sluice and directly: their output is the same. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { buffer, text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import {
  type Account,
  type BothWays,
  FLAVOURS,
  KINDS,
  ROWS,
  startBothWays,
} from '../support/mysql-both-ways.ts';
import { adminConnection, clientCommand } from '../support/mysql-servers.ts';

const PROGRAMS = {
  mariadb: { client: 'mariadb', dump: ['mariadb-dump'] },
  // What goes into a replica's log takes rights that an account of an application does not have.
  mysql: { client: 'mysql', dump: ['mysqldump', '--no-tablespaces', '--set-gtid-purged=OFF'] },
} as const;
/** What MySQL's programs say of the password, which these tests give on the command line. */
const WARNING = /^.*Using a password on the command line.*\n/m;

let both: BothWays;

before(async () => {
  both = await startBothWays();
  for (const flavour of FLAVOURS) {
    const admin = await adminConnection(both.pair[flavour], 'shop');
    await admin.query(`SET sql_mode = ''; ${KINDS}; ${ROWS}`);
    await admin.query(
      'CREATE TABLE child (k int unsigned, FOREIGN KEY (k) REFERENCES kinds (id)) ENGINE=InnoDB',
    );
    await admin.query('INSERT INTO child VALUES (1), (2); CREATE VIEW names AS SELECT id, vc FROM kinds');
    await admin.query(
      `INSERT INTO kinds (id, bl) VALUES (9, x'${[...Array(256).keys()].map((n) => n.toString(16).padStart(2, '0')).join('')}')`,
    );
    await admin.query('CREATE TABLE many (id int PRIMARY KEY, v varchar(200))');
    const rows = Array.from({ length: 20_000 }, (_, n) => `(${n}, '${'x'.repeat(100)}')`);
    await admin.query(`INSERT INTO many VALUES ${rows.join(', ')}`);
    await admin.end();
  }
});

after(async () => {
  await both?.stop();
});

async function run(
  flavour: 'mariadb' | 'mysql',
  account: Account,
  [name, ...args]: readonly [string, ...string[]],
  input: Buffer | string = '',
) {
  const command = clientCommand(both.pair[flavour], name, account);
  const child = spawn(command.file, [...command.args, '--default-character-set=utf8mb4', ...args]);
  const ended = new Promise<number | null>((resolve, reject) =>
    child.on('error', reject).on('close', resolve),
  );
  child.stdin.on('error', () => {}); // A client that has stopped at an error reads no further.
  child.stdin.end(input);
  const [out, errors] = await Promise.all([buffer(child.stdout), text(child.stderr)]);
  return { out, errors: errors.replace(WARNING, ''), code: await ended };
}

for (const flavour of FLAVOURS) {
  const { client, dump } = PROGRAMS[flavour];

  test(`${flavour}: the files of the shop load by the command line, as README.md says`, async () => {
    const admin = await adminConnection(both.pair[flavour]);
    await admin.query("CREATE DATABASE newcomer; GRANT ALL ON newcomer.* TO app@'%'");
    const { direct } = both.accounts(flavour);
    for (const file of ['mysql-schema.sql', 'mysql-data.sql']) {
      const script = readFileSync(new URL(`../../fixtures/shop/${file}`, import.meta.url));
      const { errors, code } = await run(flavour, direct, [client, 'newcomer'], script);
      assert.deepEqual({ file, errors, code }, { file, errors: '', code: 0 });
    }
    const [rows] = await admin.query(
      'SELECT (SELECT count(*) FROM newcomer.customers) AS customers, ' +
        "(SELECT count(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = 'newcomer') AS routines",
    );
    await admin.query('DROP DATABASE newcomer');
    await admin.end();
    assert.deepEqual(rows, [{ customers: 3000, routines: 4 }]);
  });

  test(`${flavour}: the command line shows the same`, async () => {
    const { direct, through } = both.accounts(flavour);
    const scripts: readonly (readonly string[])[] = [
      ['-t', '-e', 'SELECT * FROM kinds'],
      ['-B', '--binary-as-hex', '-e', 'SELECT id, bl, vb, bt FROM kinds; SELECT 2'],
      ['--column-type-info', '-e', 'SELECT * FROM kinds'],
      ['-f', '--show-warnings', '-e', "SELECT nope; SELECT CAST('x' AS signed); SELEC 1; SELECT 3"],
      [
        '-e',
        'SHOW CREATE TABLE kinds; SHOW TABLES; DESCRIBE kinds; SHOW INDEX FROM child; USE shop; SELECT DATABASE()',
      ],
      ['-e', "PREPARE p FROM 'SELECT ? + 1'; SET @a = 3; EXECUTE p USING @a; DEALLOCATE PREPARE p"],
      ['-e', 'START TRANSACTION; DELETE FROM child; SELECT ROW_COUNT(); ROLLBACK; SELECT * FROM child'],
      ['-e', 'HANDLER many OPEN; HANDLER many READ FIRST; HANDLER many CLOSE'],
      ['-q', '-N', '-e', 'SELECT * FROM many'],
    ];
    for (const args of scripts) {
      const seen = await Promise.all(
        [direct, through].map((account) => run(flavour, account, [client, ...args, 'shop'])),
      );
      assert.deepEqual(seen[1], seen[0], args.join(' '));
    }
  });

  test(`${flavour}: a dump is the same, and is restored under the baseline`, async () => {
    const { direct, through } = both.accounts(flavour);
    const [program, ...options] = dump;
    const dumped = async (account: Account, database: string) => {
      const { out, errors, code } = await run(flavour, account, [
        program,
        ...options,
        '--skip-dump-date',
        database,
      ]);
      assert.deepEqual([errors, code], ['', 0]);
      return Buffer.from(out.toString('latin1').replace(/^-- Host: .*\n/m, ''), 'latin1');
    };
    const original = await dumped(direct, 'shop');
    assert.ok(original.length > 2_000_000);
    assert.deepEqual(await dumped(through, 'shop'), original);
    const admin = await adminConnection(both.pair[flavour]);
    await admin.query('DROP DATABASE IF EXISTS again; CREATE DATABASE again CHARACTER SET utf8mb4');
    await admin.end();
    const restored = await run(flavour, through, [client, 'again'], original);
    assert.deepEqual([restored.errors, restored.code], ['', 0]);
    assert.deepEqual(await dumped(direct, 'again'), original);
  });
}
