/** Catalogs of real servers: what is read of them, over which connections, and that a dump says the same. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import type { MysqlServer } from '../../src/demo/mysql-server.ts';
import type { MysqlCatalog } from '../../src/sql/mysql/catalog.ts';
import { catalogFromMysqlSchemaFile } from '../../src/sql/mysql/schema-file.ts';
import { type MysqlCatalogAccount, MysqlCatalogSource } from '../../src/transport/mysql-catalog-source.ts';
import { upstreamTls } from '../../src/transport/upstream-tls.ts';
import {
  adminConnection,
  clientCommand,
  FLAVOURS,
  type MysqlPair,
  startMysqlPair,
} from '../support/mysql-servers.ts';

let pair: MysqlPair;

/** What schema files and catalogs have to agree on. */
const DEFINITIONS = `
  CREATE TABLE things (
    id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
    code varchar(20) NOT NULL DEFAULT 'a,(b' COMMENT 'UNIQUE, NOT NULL',
    kind enum('A','b,c') NULL,
    secret varchar(30) INVISIBLE,
    doubled varchar(80) GENERATED ALWAYS AS (concat(code, 'it''s', kind)) VIRTUAL,
    \`odd\`\`name\` decimal(8, 2),
    UNIQUE KEY both_of (code, kind),
    UNIQUE KEY beginning (code(4)),
    KEY plain (kind)
  );
  CREATE TABLE log_of (id int, thing int, note text);
  CREATE VIEW seen AS SELECT id, code AS c, secret FROM things WHERE kind <> 'x;y';
  CREATE VIEW seen_again (a, b) AS SELECT s.id, count(*) FROM seen s GROUP BY s.id;
  CREATE TRIGGER keep_log AFTER UPDATE ON things FOR EACH ROW BEGIN
    INSERT INTO log_of (thing) VALUES (NEW.id);
    INSERT INTO log_of (thing) VALUES (OLD.id);
  END;
  CREATE FUNCTION plus_one(n int) RETURNS int DETERMINISTIC NO SQL RETURN n + 1;
  CREATE PROCEDURE wipe_log() MODIFIES SQL DATA BEGIN DELETE FROM log_of; SELECT 1; END;`;

before(async () => {
  pair = await startMysqlPair({ shop: false, settings: { 'log-bin-trust-function-creators': '1' } });
  for (const flavour of FLAVOURS) {
    const admin = await adminConnection(pair[flavour]);
    await admin.query('CREATE DATABASE shop; USE shop');
    await admin.query(DEFINITIONS);
    await admin.query("GRANT ALL ON shop.* TO app@'%'");
    await admin.end();
  }
});

after(async () => {
  await pair?.stop();
});

function accountOf(server: MysqlServer, more: Partial<MysqlCatalogAccount> = {}): MysqlCatalogAccount {
  return {
    host: '127.0.0.1',
    port: server.port,
    database: 'shop',
    user: 'root',
    password: 'rootpw',
    tls: null,
    tlsOptional: false,
    serverKey: { key: 'asked' },
    ...more,
  };
}

async function catalogOf(account: MysqlCatalogAccount): Promise<MysqlCatalog> {
  const source = new MysqlCatalogSource(account);
  try {
    return (await source.read()).make(1);
  } finally {
    await source.close();
  }
}

/** As far as a dump can say it: without the spelling of types and expressions. */
function summaryOf(catalog: MysqlCatalog): unknown {
  const own = catalog.objects.tables.filter(({ schema }) => schema === 'shop');
  return {
    tables: own
      .map(({ name, kind, columns, definition, uniqueKeys, triggers }) => ({
        name,
        kind,
        columns: columns.map(({ name: column, number, generation, invisible }) => [
          column,
          number,
          generation !== null,
          invisible,
        ]),
        nullable: kind === 'table' ? columns.map(({ nullable }) => nullable) : null,
        isView: definition !== null,
        uniqueKeys: uniqueKeys.toSorted(),
        triggers: triggers.map(({ event }) => event).toSorted(),
      }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    routines: catalog.objects.routines
      .filter(({ schema }) => schema === 'shop')
      .map(({ name, kind, access, deterministic }) => [name, kind, access, deterministic])
      .toSorted(),
  };
}

for (const flavour of FLAVOURS) {
  test(`${flavour}: tables, views, keys, triggers and routines`, async () => {
    const server = pair[flavour];
    const catalog = await catalogOf(accountOf(server));
    assert.equal(catalog.traits.flavour, flavour);
    assert.equal(catalog.traits.banner?.startsWith(server.version.split('-')[0] ?? 'x'), true);
    const things = catalog.table('shop', 'things');
    assert.deepEqual(
      things?.columns.map(({ name }) => name),
      ['id', 'code', 'kind', 'secret', 'doubled', 'odd`name'],
    );
    assert.deepEqual(things?.uniqueKeys.toSorted(), [['code', 'kind'], ['id']]);
    assert.deepEqual(
      things?.triggers.map(({ event }) => event),
      ['update'],
    );
    assert.match(things?.columns[4]?.generation ?? '', /concat\(`code`,.*'it\\?'+s'/);
    assert.match(catalog.table('shop', 'seen')?.definition ?? '', /`shop`\.`things`/);
    assert.deepEqual(
      catalog.table('shop', 'seen_again')?.columns.map(({ name }) => name),
      ['a', 'b'],
    );
    assert.equal(catalog.routine('function', 'shop', 'PLUS_ONE')?.deterministic, true);
    assert.ok((catalog.table('information_schema', 'columns')?.columns.length ?? 0) > 10);
  });

  test(`${flavour}: a dump read as a schema file makes the same catalog`, async () => {
    const server = pair[flavour];
    const account = { port: server.port, user: 'root', password: 'rootpw' };
    const program = flavour === 'mysql' ? 'mysqldump' : 'mariadb-dump';
    const { file, args } = clientCommand(server, program, account);
    const dumped = await promisify(execFile)(file, [
      ...args,
      '--no-data',
      '--routines',
      '--databases',
      'shop',
    ]);
    const live = await catalogOf(accountOf(server));
    const read = catalogFromMysqlSchemaFile(dumped.stdout, live.traits, 'other');
    assert.deepEqual(summaryOf(read), summaryOf(live));
    const seen = read.table('shop', 'seen')?.columns.map(({ name }) => name);
    assert.deepEqual(seen, ['id', 'c', 'secret']);
  });

  test(`${flavour}: an account sees what it may, and no more breaks its catalog`, async () => {
    const server = pair[flavour];
    const admin = await adminConnection(server, 'shop');
    await admin.query("CREATE USER little@'%' IDENTIFIED BY 'littlepw'");
    await admin.query("GRANT SELECT ON shop.things TO little@'%'; GRANT SELECT ON shop.seen TO little@'%'");
    await admin.end();
    const catalog = await catalogOf(accountOf(server, { user: 'little', password: 'littlepw' }));
    assert.equal(catalog.table('shop', 'things')?.columns.length, 6);
    assert.equal(catalog.table('shop', 'seen')?.definition, null, 'it may not see what the view is made of');
    assert.equal(catalog.table('shop', 'log_of'), null);
  });

  test(`${flavour}: readings of the same have the same fingerprint; definitions change it`, async () => {
    const server = pair[flavour];
    const source = new MysqlCatalogSource(accountOf(server));
    const admin = await adminConnection(server, 'shop');
    try {
      const first = await source.read();
      assert.equal((await source.read()).fingerprint, first.fingerprint);
      await admin.query('CREATE TABLE fresh (id int)');
      const second = await source.read();
      assert.notEqual(second.fingerprint, first.fingerprint);
      assert.equal(second.make(2).table('shop', 'fresh')?.columns.length, 1);
      await admin.query('DROP TABLE fresh');
      // A connection that was killed is made anew by the reading after.
      const [rows] = await admin.query(
        "SELECT id FROM information_schema.PROCESSLIST WHERE id <> CONNECTION_ID() AND user = 'root'",
      );
      for (const row of Array.isArray(rows) ? rows : []) await admin.query(`KILL ${Object.values(row)[0]}`);
      const again = await source.read().catch(() => source.read());
      assert.equal(again.fingerprint, first.fingerprint);
    } finally {
      await admin.end();
      await source.close();
    }
  });

  test(`${flavour}: a wrong password is an error that says so`, async () => {
    await assert.rejects(catalogOf(accountOf(pair[flavour], { password: 'wrong' })), /Access denied/);
  });
}

/** The server has to forget the password's digest, so that it asks for the password itself. */
async function newAccount(server: MysqlServer, user: string): Promise<void> {
  const admin = await adminConnection(server);
  await admin.query(`CREATE USER ${user}@'%' IDENTIFIED WITH caching_sha2_password BY 'a long password'`);
  await admin.end();
}

test('promise 11: without TLS the password goes under a key that is pinned or expressly asked for, else not at all', async () => {
  const server = pair.mysql;
  const of = (user: string, key: MysqlCatalogAccount['serverKey']) =>
    accountOf(server, { user, password: 'a long password', database: null, serverKey: key });
  await newAccount(server, 'keyed');
  await assert.rejects(catalogOf(of('keyed', { key: 'refused' })), /a key of its own/);
  const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
  await assert.rejects(catalogOf(of('keyed', { key: stranger })), /denied|decrypt/i);
  const pinned = readFileSync(join(server.directory, 'data', 'public_key.pem'));
  assert.ok((await catalogOf(of('keyed', { key: createPublicKey(pinned) }))).hasSchema('mysql'));
  await newAccount(server, 'asking');
  assert.ok((await catalogOf(of('asking', { key: 'asked' }))).hasSchema('mysql'));
  // From then on the server knows the password's digest, and asks for no more than a proof.
  assert.ok((await catalogOf(of('asking', { key: 'refused' }))).hasSchema('mysql'));
});

test('over TLS there is no need of a key, where the server goes without TLS it is told by the mode', async () => {
  const server = pair.mysql;
  await newAccount(server, 'secured');
  const account = accountOf(server, {
    user: 'secured',
    password: 'a long password',
    database: null,
    serverKey: { key: 'refused' },
    tls: upstreamTls({ host: '127.0.0.1', sslMode: 'require', sslRootCert: null }),
  });
  assert.ok((await catalogOf(account)).objects.tables.length > 0);
  const plain = accountOf(pair.mariadb, { tls: account.tls });
  await assert.rejects(catalogOf(plain), /secure connection/);
  assert.ok((await catalogOf({ ...plain, tlsOptional: true })).objects.tables.length > 0);
});
