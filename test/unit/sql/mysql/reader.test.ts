import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { StatementFacts } from '../../../../src/core/facts.ts';
import { MYSQL_CAPS } from '../../../../src/sql/mysql/caps.ts';
import type { MysqlCatalog } from '../../../../src/sql/mysql/catalog.ts';
import { MysqlReadPool } from '../../../../src/sql/mysql/read-pool.ts';
import {
  type MysqlReadingSpace,
  MysqlReadingSpaces,
  type MysqlReadOutcome,
  MysqlStatementReader,
} from '../../../../src/sql/mysql/reader.ts';
import { MysqlDialect } from '../../../../src/sql/mysql/session-reader.ts';
import { sqlModeOf } from '../../../../src/sql/mysql/sql-mode.ts';
import type { SessionReader, SessionReading } from '../../../../src/sql/session-reader.ts';
import { MARIADB, MYSQL, sketchCatalog } from '../../../support/mysql-catalog.ts';

const TABLES = {
  'shop.person': ['id int', 'name varchar(40)', 'ssn varchar(11)'],
  'shop.orders': ['id int', 'person_id int', 'note text'],
};
const catalog = sketchCatalog({ tables: TABLES });
const reader = new MysqlStatementReader();
const pool = new MysqlReadPool();
after(() => pool.close());

function spaceOf(sqlMode: string | null, schema: string | null | undefined = 'shop'): MysqlReadingSpace {
  const mode = sqlMode === null ? null : sqlModeOf(sqlMode);
  return new MysqlReadingSpaces().of({ catalog, schema, sqlMode: mode, temporary: [] });
}

function read(space: MysqlReadingSpace, text: string | Buffer): MysqlReadOutcome {
  const bytes = Buffer.concat([Buffer.from('before'), Buffer.from(text), Buffer.from('behind')]);
  return reader.read(space, bytes, 6, bytes.length - 6);
}

function factsOf(outcome: MysqlReadOutcome | SessionReading): readonly StatementFacts[] {
  if (outcome.outcome === 'entry') return outcome.entry.statements;
  throw new Error(outcome.outcome === 'denied' ? outcome.denial.message : outcome.outcome);
}

function messageOf(outcome: MysqlReadOutcome): string {
  assert.equal(outcome.outcome, 'denied');
  return outcome.outcome === 'denied' ? outcome.denial.message : '';
}

test('a text read once is found by its bytes, and by all but the literals that no fact depends on', () => {
  const space = spaceOf('');
  const first = read(space, "SELECT name FROM person WHERE id = 1 AND name = 'a'");
  const again = read(space, "SELECT name FROM person WHERE id = 22 AND name = 'it''s'");
  assert.ok(first.outcome === 'entry' && again.outcome === 'entry');
  assert.equal(again.entry, first.entry);
  const bounded = read(space, "SELECT name FROM person WHERE id = 1 AND name = 'a' LIMIT 5");
  const other = read(space, "SELECT name FROM person WHERE id = 1 AND name = 'a' LIMIT 6");
  assert.deepEqual(factsOf(bounded)[0]?.bound, { kind: 'rows', max: 5 });
  assert.deepEqual(factsOf(other)[0]?.bound, { kind: 'rows', max: 6 });
  const { hits } = space.cache;
  read(space, 'SELECT name FROM person');
  read(space, 'SELECT name FROM person');
  assert.equal(space.cache.hits, hits + 1);
});

test('spaces are shared by sessions in the same mode, and by no others', () => {
  const spaces = new MysqlReadingSpaces();
  const base = {
    catalog,
    schema: 'shop',
    sqlMode: sqlModeOf('ANSI_QUOTES,STRICT_ALL_TABLES'),
    temporary: [],
  };
  const space = spaces.of(base);
  assert.equal(spaces.of({ ...base, sqlMode: sqlModeOf('STRICT_ALL_TABLES,ANSI_QUOTES') }), space);
  assert.notEqual(spaces.of({ ...base, sqlMode: sqlModeOf('STRICT_ALL_TABLES') }), space);
  assert.notEqual(spaces.of({ ...base, sqlMode: null }), space);
  assert.notEqual(spaces.of({ ...base, schema: null }), spaces.of({ ...base, schema: undefined }));
  assert.notEqual(spaces.of({ ...base, temporary: [{ name: 'person', columns: null }] }), space);
  assert.notEqual(spaces.of({ ...base, catalog: sketchCatalog({ tables: TABLES }) }), space);
});

test('promise 3: the same text has other facts in another mode', () => {
  const text = 'SELECT "ssn" AS x FROM person LIMIT 1';
  assert.deepEqual(factsOf(read(spaceOf(''), text))[0]?.outputs, [{ name: 'x', origins: [] }]);
  const [ansi] = factsOf(read(spaceOf('ANSI_QUOTES'), text));
  assert.equal(ansi?.outputs?.[0]?.origins?.[0]?.column, 'ssn');
});

test('promise 3: while the mode is not known, a text that the modes read in two ways is denied', () => {
  const space = spaceOf(null);
  const two = ['SELECT "ssn" FROM person LIMIT 1', "SELECT 'a\\' , ssn, ' ' FROM person"];
  for (const text of two) assert.match(messageOf(read(space, text)), /two ways/, text);
  for (const text of [
    "SELECT name FROM person WHERE id = 1 AND name = 'x'",
    'DELETE FROM orders',
    'COMMIT',
  ]) {
    assert.equal(factsOf(read(space, text)).length, 1, text);
    assert.deepEqual(factsOf(read(space, text)), factsOf(read(spaceOf(''), text)), text);
  }
});

test('promise 3: Oracle mode and the like are not read', () => {
  for (const mode of ['ORACLE', 'MSSQL', 'STRICT_ALL_TABLES,oracle'])
    assert.match(messageOf(read(spaceOf(mode), 'SELECT 1')), /sql_mode/, mode);
});

test('promise 2: a syntax error has the words of the server', () => {
  const denied = read(spaceOf(''), 'SELECT name\nFROM person\nWHERE WHERE id = 1');
  assert.ok(denied.outcome === 'denied');
  assert.equal(denied.denial.native, true);
  assert.equal(denied.denial.sqlstate, '42601');
  assert.equal(
    denied.denial.message,
    'You have an error in your SQL syntax; check the manual that corresponds to your MariaDB server version ' +
      "for the right syntax to use near 'WHERE id = 1' at line 3",
  );
  const mysql = sketchCatalog({ traits: MYSQL, tables: TABLES });
  const space = new MysqlReadingSpaces().of({
    catalog: mysql,
    schema: 'shop',
    sqlMode: sqlModeOf(''),
    temporary: [],
  });
  assert.match(messageOf(read(space, 'SELECT 1 FROM')), /your MySQL server version .* near '' at line 1$/);
  const long = messageOf(read(space, `SELECT 1 FROM WHERE ${'ü'.repeat(100)}`));
  assert.match(long, /near 'WHERE ü+' at line 1$/);
});

test('promise 2: what cannot be read is denied, and says what', () => {
  const space = spaceOf('');
  assert.match(messageOf(read(space, "SELECT 'abc")), /no end/);
  assert.match(messageOf(read(space, Buffer.from('SELECT `\xe9`', 'latin1'))), /UTF-8/);
  assert.match(messageOf(read(space, ' ;\n; ')), /^Query was empty$/);
  assert.equal(factsOf(read(space, '/* nothing */')).length, 0);
});

test('promise 13: texts that are too long, too deep or too many are refused', () => {
  const space = spaceOf('');
  const long = read(space, `SELECT '${'x'.repeat(MYSQL_CAPS.statementBytesMax)}'`);
  assert.ok(long.outcome === 'denied' && long.tooComplex);
  const deep = read(space, `SELECT ${'('.repeat(2_000)}1${')'.repeat(2_000)}`);
  assert.equal(deep.outcome, 'denied');
  const many = read(space, 'SELECT 1;'.repeat(1_500));
  assert.equal(many.outcome, 'entry');
});

test('promise 13: long texts are left to a worker, inline they are not read', () => {
  const text = `INSERT INTO orders (id) VALUES ${Array.from({ length: 5_000 }, (_, n) => `(${n})`).join(',')}`;
  assert.equal(read(spaceOf(''), text).outcome, 'large');
});

function sessionOf(current: MysqlCatalog | null): { session: SessionReader; move(to: MysqlCatalog): void } {
  const holder = { current };
  const domain = {
    catalog: holder,
    spaces: new MysqlReadingSpaces(),
    reader,
    readLarge: pool.read.bind(pool),
  };
  const session = new MysqlDialect(domain).newReader();
  session.setMode('STRICT_TRANS_TABLES');
  session.setPath(['shop']);
  return {
    session,
    move(to) {
      holder.current = to;
    },
  };
}

async function readAll(session: SessionReader, text: string): Promise<SessionReading> {
  const bytes = Buffer.from(text);
  for (;;) {
    const outcome = session.read(bytes, 0, bytes.length);
    if (outcome.outcome !== 'wait') return outcome;
    await outcome.ready;
  }
}

test('a worker reads as the event loop does, by the same catalog', async () => {
  const { session } = sessionOf(catalog);
  const padding = `/* ${'x'.repeat(MYSQL_CAPS.inlineBytesMax)} */`;
  const texts = [
    'SELECT ssn AS x FROM person WHERE id = 5 LIMIT 3',
    'DELETE FROM orders',
    'INSERT INTO orders (id, note) SELECT id, ssn FROM person',
  ];
  for (const text of texts) {
    const inline = await readAll(session, text);
    const large = await readAll(session, `${text} ${padding}`);
    assert.deepEqual(factsOf(large), factsOf(inline), text);
  }
  assert.equal((await readAll(session, `SELECT FROM WHERE ${padding}`)).outcome, 'denied');
  assert.equal((await readAll(session, 'SELECT 1')).outcome, 'entry');
});

test('promise 3: a long text that was read in one mode is read again in another', async () => {
  const { session } = sessionOf(catalog);
  const text = `SELECT "ssn" AS x FROM person LIMIT 1 /* ${'x'.repeat(MYSQL_CAPS.inlineBytesMax)} */`;
  const bytes = Buffer.from(text);
  const first = session.read(bytes, 0, bytes.length);
  assert.equal(first.outcome, 'wait');
  session.setMode('ANSI_QUOTES');
  if (first.outcome === 'wait') await first.ready;
  const [facts] = factsOf(await readAll(session, text));
  assert.equal(facts?.outputs?.[0]?.origins?.[0]?.column, 'ssn');
});

test('the stamp moves with catalog, database, mode and temporary tables; the database is what is set', async () => {
  const { session, move } = sessionOf(null);
  assert.equal((await readAll(session, 'SELECT 1')).outcome, 'no-catalog');
  const stamps = [session.stamp];
  const moves = [
    () => move(catalog),
    () => session.setPath(['other']),
    () => session.setMode('ANSI'),
    () => session.setTemporary([{ name: 'person', columns: ['id'] }]),
    () => session.setPath(null),
  ];
  for (const step of moves) {
    step();
    stamps.push(session.stamp);
  }
  assert.equal(new Set(stamps).size, moves.length + 1);
  session.setPath(null);
  assert.equal(session.stamp, stamps.at(-1));
  session.setTemporary([]);
  const name = async () => {
    const [use] = factsOf(await readAll(session, 'SELECT * FROM person LIMIT 1'))[0]?.relations ?? [];
    return `${use?.schema}.${use?.name} ${use?.known}`;
  };
  assert.equal(await name(), 'shop.person true', 'while the database is not known, any of that name');
  session.setPath(['other']);
  assert.equal(await name(), 'other.person false');
  session.setPath(['shop']);
  assert.equal(await name(), 'shop.person true');
});

test('both kinds of servers are read by their own rules', () => {
  const text = 'SELECT name FROM person FOR SYSTEM_TIME ALL LIMIT 1';
  const of = (traits: typeof MYSQL) =>
    new MysqlReadingSpaces().of({
      catalog: sketchCatalog({ traits, tables: TABLES }),
      schema: 'shop',
      sqlMode: sqlModeOf(''),
      temporary: [],
    });
  assert.equal(read(of(MARIADB), text).outcome, 'entry');
  assert.equal(read(of(MYSQL), text).outcome, 'denied');
});
