/** Statements of MySQL and MariaDB beside queries: changes, settings, definitions, administration (promise 2). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DefinitionStatement, Statement } from '../../../../src/sql/mysql/ast.ts';
import { UnreadableSyntax } from '../../../../src/sql/mysql/parser/index.ts';
import { parseOne, parseText, type Reading, written, writtenFrom } from '../../../support/mysql-parse.ts';

const MYSQL: Reading = { flavour: 'mysql' };

function as<K extends Statement['is']>(kind: K, text: string, reading: Reading = {}) {
  const statement = parseOne(text, reading);
  const isKind = (s: Statement): s is Extract<Statement, { is: K }> => s.is === kind;
  return isKind(statement) ? statement : assert.fail(`${text}: ${statement.is}`);
}

function definition(text: string, reading: Reading = {}): DefinitionStatement {
  return as('definition', text, reading);
}

test('INSERT keeps the rows that hold more than literals, and counts the others', () => {
  const insert = as(
    'insert',
    "insert into s.t (a, t.b) values (1, 'x'), (-2, default), (?, now()), (null, 0x00) returning a, b c",
  );
  assert.deepEqual(insert.columns?.map(written), ['a', 't.b']);
  assert.ok('rows' in insert.source && insert.source.plain === 3);
  assert.deepEqual(
    insert.source.rows.map((row) => row.map(written)),
    [['?', 'now()']],
  );
  assert.equal(insert.returning?.length, 2);
  assert.equal(parseText('insert into t values (?, 1), (?, ?)')[0]?.parameters, 3);
  const alias = as('insert', 'insert t values (1) as new (m) on duplicate key update a = new.m', MYSQL);
  assert.deepEqual([alias.rowAlias, alias.onDuplicate.length], [{ name: 'new', columns: ['m'] }, 1]);
  const set = as('insert', 'replace low_priority into t set a = 1, b = default');
  assert.deepEqual([set.verb, set.options, set.columns?.length], ['REPLACE', ['LOW_PRIORITY'], 2]);
  for (const text of [
    'insert into t select 1',
    'insert into t (a) (select 1)',
    'insert into t ((select 1) union select 2)',
    'insert into t with c as (select 1) select * from c',
  ]) {
    assert.ok('query' in as('insert', text).source, text);
  }
});

test('UPDATE and DELETE of one table and of several', () => {
  const update = as('update', 'update a join b on a.i = b.i set a.x = 1, b.y = default where z limit 3');
  assert.deepEqual(
    [writtenFrom(update.from), update.assignments.length, update.limit !== null],
    ['(a inner b on (a.i = b.i))', 2, true],
  );
  assert.ok(as('update', 'with c as (select 1) update t set a = 1', MYSQL).with !== null);
  assert.equal(as('delete', 'delete from t where a order by b limit 2 returning *').targets, null);
  for (const text of [
    'delete a, s.b from a join b',
    'delete a.*, s.b.* from a join b',
    'delete from a, s.b using a join b',
    'delete from a.*, s.b.* using a, b',
  ]) {
    assert.deepEqual(
      as('delete', text).targets?.map(({ schema, name }) => [schema, name]),
      [
        [null, 'a'],
        ['s', 'b'],
      ],
      text,
    );
  }
  assert.equal(as('delete', 'delete history from t before system_time now()').from.is, 'table');
});

test('SET in all its forms', () => {
  const set = as(
    'set',
    "set @a = 1, @@global.b = 2, session c = default, d := on, names utf8mb4 collate x, sql_mode = ansi, @@e = 'f', hot.key_buffer_size = 1",
  );
  assert.deepEqual(
    set.assignments.map(({ target, value }) => [
      target.is === 'user-variable' ? '@' : (target.scope ?? ''),
      target.name,
      value === null ? null : written(value),
    ]),
    [
      ['@', 'a', '1'],
      ['global', 'b', '2'],
      ['session', 'c', null],
      ['', 'd', "'on'"],
      ['', 'names', "'utf8mb4'"],
      ['', 'collation_connection', "'x'"],
      ['', 'sql_mode', "'ansi'"],
      ['', 'e', "'f'"],
      ['', 'hot.key_buffer_size', '1'],
    ],
  );
  const names = (text: string, reading: Reading = {}) =>
    as('set', text, reading).assignments.map(({ target }) => target.name);
  assert.deepEqual(names('set character set latin1'), ['character_set']);
  assert.deepEqual(names("set password for u@h = 'x'"), ['password']);
  assert.deepEqual(names('set role all except a, b', MYSQL), ['role']);
  assert.deepEqual(names('set default role a to u', MYSQL), ['default_role']);
  assert.deepEqual(names('set global transaction read only'), ['transaction_isolation']);
  assert.ok(as('transaction', 'set session transaction isolation level read committed, read only').readOnly);
  assert.equal(
    as('set-statement', 'set statement max_statement_time = 1 for delete from t').statement.is,
    'delete',
  );
  assert.equal(as('set', 'set persist a = 1', MYSQL).assignments[0]?.target.is, 'system-variable');
});

test('sessions, transactions and prepared statements', () => {
  const kinds: readonly (readonly [text: string, is: Statement['is']])[] = [
    ['begin work', 'transaction'],
    ['start transaction with consistent snapshot, read only', 'transaction'],
    ['commit and chain no release', 'transaction'],
    ['rollback to savepoint a', 'transaction'],
    ["xa start 'x', 'y', 3", 'transaction'],
    ['use app', 'use'],
    ['do 1, sleep(2)', 'do'],
    ['call app.p(1, @a)', 'call'],
    ["prepare s from 'select 1'", 'prepare'],
    ['execute s using @a, @b', 'execute'],
    ["execute immediate 'select ?' using 1 + 1", 'execute-immediate'],
    ['drop prepare s', 'deallocate'],
    ['lock tables a read local, b as c low_priority write', 'lock-tables'],
    ['unlock tables', 'unlock-tables'],
    ['handler t read i >= (1, 2) where a limit 3', 'handler'],
    [
      "load data local infile 'x' into table t fields terminated by ',' ignore 1 lines (a, @b) set c = @b",
      'load',
    ],
    ["load xml infile 'x' into table t rows identified by '<r>'", 'load'],
    ['truncate t', 'truncate'],
    ['get diagnostics condition 1 @a = message_text', 'diagnostics'],
    ["signal sqlstate '45000' set message_text = 'x'", 'signal'],
    ['describe t a', 'describe'],
    ['explain for connection 5', 'explain-connection'],
    ['analyze table t persistent for all', 'maintenance'],
    ['check table t for upgrade', 'maintenance'],
    ['cache index t in hot', 'maintenance'],
  ];
  for (const [text, is] of kinds) assert.equal(parseOne(text).is, is, text);
  assert.deepEqual(as('kill', 'kill soft query 7'), { is: 'kill', query: true, id: 7 });
  assert.deepEqual(as('kill', 'kill query id 7'), { is: 'kill', query: true, id: null });
  assert.deepEqual(as('kill', 'kill user app').id, null);
  assert.throws(() => parseText('handler t open as u'), UnreadableSyntax);
});

test('EXPLAIN says what it explains, and whether that runs', () => {
  const parts = (text: string, reading: Reading = {}) => {
    const { statement, runs, format, into } = as('explain', text, reading);
    return [statement.is, runs, format, into];
  };
  assert.deepEqual(parts('explain format=json select 1'), ['select', false, 'json', null]);
  assert.deepEqual(parts('analyze format=json delete from t'), ['delete', true, 'json', null]);
  assert.deepEqual(parts('explain analyze format=tree delete from t', MYSQL), ['delete', true, 'tree', null]);
  assert.deepEqual(parts('explain format=json into @v select 1', MYSQL), ['select', false, 'json', 'v']);
  assert.deepEqual(parts('desc extended (select 1)'), ['select', false, null, null]);
});

test('SHOW by its words', () => {
  const rows: readonly (readonly [text: string, what: string])[] = [
    ["show full tables from app like 'x'", 'FULL TABLES'],
    ['show create table app.t', 'CREATE TABLE'],
    ['show full columns from t from app where field = 1', 'FULL COLUMNS'],
    ['show keys in t', 'KEYS'],
    ['show global variables where a', 'GLOBAL VARIABLES'],
    ['show engine innodb status', 'ENGINE STATUS'],
    ['show count(*) warnings', 'COUNT(*) WARNINGS'],
    ["show grants for 'a'@'b'", 'GRANTS'],
    ['show warnings limit 1, 2', 'WARNINGS'],
    ['show slave status', 'SLAVE STATUS'],
    ["show charset like 'x'", 'CHARACTER SET'],
    ['show full processlist', 'FULL PROCESSLIST'],
  ];
  for (const [text, what] of rows) assert.equal(as('show', text).what, what, text);
  assert.deepEqual(as('show', 'show columns from t from app').table?.schema, 'app');
  assert.throws(() => parseText('show everything'), UnreadableSyntax);
});

test('definitions name what they make, read and destroy', () => {
  const table = definition(
    "create or replace temporary table s.t (id int unsigned not null auto_increment primary key, v varchar(20) character set latin1 default (lower('X')) comment 'c', g int as (id + 1) stored, constraint fk foreign key (v) references p (a) on delete cascade, key k (v(3), (id + 2)), check (id > 0)) engine=innodb data directory '/x' partition by hash (id) partitions 4",
  );
  assert.deepEqual(table.columns, [
    { name: 'id', type: 'int' },
    { name: 'v', type: 'varchar(20)' },
    { name: 'g', type: 'int' },
  ]);
  assert.deepEqual(
    [table.temporary, table.orReplace, table.destroys, table.files, table.engine],
    [true, true, true, true, 'innodb'],
  );
  assert.deepEqual(
    table.refers.map(({ name }) => name),
    ['p'],
  );
  assert.deepEqual(table.stores.map(written), ["lower('X')", '(id + 1)']);
  assert.deepEqual(table.compares.map(written), ['v', 'p.a', 'v', '(id + 2)', '(id > 0)', 'id']);
  assert.ok(definition('create table t (a int) as select 1 a').query !== null);
  assert.ok(definition('create table t select 1').query !== null);
  assert.ok(definition('create table t (select 1)').query !== null);
  assert.deepEqual(definition('create table t like s.u').refers[0]?.name, 'u');
  assert.deepEqual(definition('create view v (a) as select 1 with check option').kind, 'CREATE VIEW');
  assert.deepEqual(definition("create function f returns string soname 'x.so'").files, true);
  assert.deepEqual(definition('create database if not exists d default character set utf8mb4').object, 'd');
});

test('ALTER TABLE destroys where a column, a partition or a name goes', () => {
  const destroys = (action: string) => definition(`alter table t ${action}`).destroys;
  for (const action of [
    'drop a',
    'drop column if exists a',
    'add b int, drop partition p',
    'modify a int',
    'change a b int',
    'rename to u',
    'rename column a to b',
    'truncate partition p',
    'exchange partition p with table u',
  ]) {
    assert.ok(destroys(action), action);
  }
  for (const action of [
    'add a int first',
    'add (a int, b int)',
    'add unique (a)',
    'drop primary key',
    'drop index i',
    'drop foreign key f',
    'alter a set default 1',
    "engine=innodb, comment='x'",
    'convert to character set utf8mb4',
    'add index (a), algorithm=inplace, lock=none',
    'order by a',
    'disable keys',
  ]) {
    assert.ok(!destroys(action), action);
  }
  assert.deepEqual(definition('rename table a to b, s.c to d').tables.length, 4);
  assert.deepEqual(definition('drop table if exists a, s.b cascade').tables.length, 2);
});

test('promise 3: a body hides no statement behind it', () => {
  const kinds = (text: string) =>
    parseText(text).map(({ statement }) => (statement.is === 'definition' ? statement.kind : statement.is));
  assert.deepEqual(kinds('create procedure p (a int) begin select 1; select 2; end'), ['CREATE PROCEDURE']);
  assert.deepEqual(kinds('create procedure p () select 1; drop table t'), ['CREATE PROCEDURE', 'DROP TABLE']);
  assert.deepEqual(kinds('create procedure p () begin select 1; end; drop table t'), [
    'CREATE PROCEDURE',
    'DROP TABLE',
  ]);
  assert.deepEqual(
    kinds('create trigger g before insert on t for each row begin if new.a then set new.a = 1; end if; end'),
    ['CREATE TRIGGER'],
  );
  assert.deepEqual(kinds('create event e on schedule every 1 day do delete from t'), ['CREATE EVENT']);
  // Names that look like blocks: the body ends where the server ends it, or before.
  const hidden = [
    'begin select begin; end',
    'begin select case when 1 then begin end; end',
    'begin select not found begin; end',
  ];
  for (const body of hidden) {
    const text = `create procedure p () ${body}; drop table t; select 1 as end`;
    let read: readonly string[] = [];
    try {
      read = kinds(text);
    } catch (error) {
      assert.ok(error instanceof UnreadableSyntax);
      continue;
    }
    assert.ok(read.includes('DROP TABLE'), text);
  }
});

test('administration is known by its first words; anything else is refused', () => {
  const kind = (text: string, reading: Reading = {}) => as('administration', text, reading).kind;
  assert.equal(kind("grant select on app.t to 'u'@'%'"), 'GRANT');
  assert.equal(kind('create user u identified by "x"'), 'CREATE USER');
  assert.equal(kind('flush tables a with read lock'), 'FLUSH');
  assert.equal(kind("change replication source to source_host = 'x'", MYSQL), 'CHANGE REPLICATION SOURCE');
  assert.equal(kind("install plugin x soname 'y'"), 'INSTALL PLUGIN');
  assert.equal(kind('shutdown'), 'SHUTDOWN');
  for (const text of [
    'begin not atomic select 1; end',
    'if 1 then select 1; end if',
    'loop select 1; end loop',
    'declare a int',
    'return 1',
    'vacuum',
    'select 1 2',
    '',
    ';',
  ].filter((t) => t !== '')) {
    assert.throws(() => parseText(text), UnreadableSyntax, text);
  }
});
