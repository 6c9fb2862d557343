/** Promise 2 and BYPASSES 13 to 25 at the facts: what an attacker may write is refused, or denied by the built-in baseline. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeStatement } from '../../../../src/engine/judge-statement.ts';
import { loadPolicy } from '../../../../src/policy/policy.ts';
import { type ReadIn, readMysql } from '../../../support/mysql-facts.ts';

const POLICY = `
default: allow
rules:
  - { name: no-secrets, when: { tables: [shop.secrets] }, then: deny }
  - { name: no-destruction, when: { effects: [destroy] }, then: deny }
  - { name: bounded, when: { unbounded: true }, then: deny }
`;
const { policy } = loadPolicy('policy.yaml', POLICY);
const context = policy.contextFor(
  { principal: { name: 'agent', groups: [] }, listener: 'shop', clientAddress: '127.0.0.1' },
  Date.UTC(2026, 2, 4),
);

/** The rule that denies the text; null where it passes. */
function ruleAgainst(sql: string, how: ReadIn = {}): string | null {
  const read = readMysql(sql, how);
  if (read.outcome === 'denied') return read.denial.rule;
  if (read.outcome !== 'entry') return read.outcome;
  for (const facts of read.entry.statements) {
    const { denial } = judgeStatement(policy, context, facts, read.entry.statements.length);
    if (denial !== null) return denial.rule;
  }
  return null;
}

function check(rows: readonly (readonly [sql: string, rule: string | null])[], how: ReadIn = {}): void {
  for (const [sql, rule] of rows) assert.equal(ruleAgainst(sql, how), rule, sql);
}

test('verbs in disguise: the statement that runs is the one that is judged', () => {
  check([
    ['ANALYZE DELETE FROM orders', 'no-destruction'],
    ["EXECUTE IMMEDIATE 'DROP TABLE orders'", 'no-destruction'],
    ["EXECUTE IMMEDIATE 'SELECT value FROM secrets LIMIT 1'", 'no-secrets'],
    ["EXECUTE IMMEDIATE 'EXECUTE IMMEDIATE ''DROP TABLE orders'''", 'no-destruction'],
    ["EXECUTE IMMEDIATE 'SELECT 1; DROP TABLE orders'", 'sluice/unreadable'],
    ["PREPARE s FROM 'DROP TABLE orders'", 'no-destruction'],
    ['PREPARE s FROM @v', 'baseline/dynamic-sql'],
    ['EXECUTE IMMEDIATE @v', 'baseline/dynamic-sql'],
    ['SET STATEMENT max_statement_time = 1 FOR DROP TABLE orders', 'no-destruction'],
    ['SET STATEMENT max_statement_time = 1 FOR DELETE FROM orders', 'no-destruction'],
    ['CREATE PROCEDURE p() DELETE FROM orders', 'baseline/dynamic-sql'],
    ['CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW DELETE FROM orders', 'baseline/dynamic-sql'],
    ['CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM orders', 'baseline/dynamic-sql'],
    ["CALL sys.execute_prepared_stmt('SELECT 1')", 'baseline/dynamic-sql'],
    ['/*!50000 DROP TABLE orders */', 'no-destruction'],
    ['/*M! DROP TABLE orders */', 'no-destruction'],
    ['SELECT 1 /*!,(SELECT value FROM secrets LIMIT 1) */', 'no-secrets'],
    ["BINLOG 'x'", 'baseline/dynamic-sql'],
  ]);
});

test('destruction by other names', () => {
  for (const sql of [
    'TRUNCATE orders',
    'ALTER TABLE orders DROP COLUMN note',
    'ALTER TABLE orders DROP PARTITION p0',
    'ALTER TABLE orders TRUNCATE PARTITION p0',
    'ALTER TABLE orders MODIFY note varchar(1)',
    'ALTER TABLE orders CHANGE note remark text',
    'ALTER TABLE orders RENAME TO gone',
    'ALTER TABLE orders RENAME COLUMN note TO remark',
    'RENAME TABLE orders TO gone',
    'CREATE OR REPLACE TABLE orders (id int)',
    'DROP DATABASE archive',
    'DELETE FROM orders WHERE 1',
    'DELETE FROM orders WHERE id = id LIMIT 100',
    "DELETE FROM orders WHERE 'a' OR 1",
  ])
    assert.equal(ruleAgainst(sql), 'no-destruction', sql);
});

test('export, files, other servers', () => {
  check([
    ["SELECT id FROM orders LIMIT 1 INTO OUTFILE '/tmp/x'", 'baseline/server-files'],
    ["SELECT id FROM orders LIMIT 1 INTO DUMPFILE '/tmp/x'", 'baseline/server-files'],
    ["(SELECT 1 INTO OUTFILE '/tmp/x')", 'baseline/server-files'],
    ["SELECT LOAD_FILE('/etc/passwd')", 'baseline/server-files'],
    ["LOAD DATA INFILE '/etc/passwd' INTO TABLE orders", 'baseline/server-files'],
    ["CREATE TABLE t (a int) DATA DIRECTORY = '/tmp'", 'baseline/server-files'],
    [
      "CREATE TABLE t (a int) ENGINE = CONNECT TABLE_TYPE = DOS FILE_NAME = '/etc/passwd'",
      'baseline/server-files',
    ],
    ["CREATE TABLE t (a int) ENGINE = FEDERATED CONNECTION = 'mysql://h/d/t'", 'baseline/server-files'],
    ["CREATE FUNCTION sys_eval RETURNS string SONAME 'lib.so'", 'baseline/server-files'],
    ["CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'h')", 'baseline/server-administration'],
    ['HANDLER secrets OPEN', 'no-secrets'],
    ['HANDLER secrets READ FIRST', 'no-secrets'],
    ['HANDLER secrets OPEN AS orders', 'sluice/unparsable'],
    ['SHOW CREATE TABLE secrets', 'no-secrets'],
    ['SHOW BINLOG EVENTS', 'baseline/replication'],
    ['TABLE secrets', 'sluice/unparsable'],
  ]);
  check([['TABLE secrets', 'no-secrets']], { flavour: 'mysql' });
});

test('catalogs and statements that show data or statements of others', () => {
  for (const sql of [
    'SHOW PROCESSLIST',
    'SHOW FULL PROCESSLIST',
    'SELECT info FROM information_schema.processlist LIMIT 1',
    'SELECT info FROM INFORMATION_SCHEMA.Processlist LIMIT 1',
    'SHOW GRANTS FOR root',
    'SHOW CREATE USER root',
    'SELECT authentication_string FROM mysql.user LIMIT 1',
    'SELECT * FROM mysql.global_priv LIMIT 1',
    'SELECT * FROM mysql.column_stats LIMIT 1',
    'SELECT * FROM mysql.general_log LIMIT 1',
    'SELECT * FROM information_schema.COLUMN_STATISTICS LIMIT 1',
    'SELECT * FROM information_schema.OPTIMIZER_TRACE LIMIT 1',
    'SELECT * FROM information_schema.innodb_ft_index_table LIMIT 1',
    'SELECT sql_text FROM performance_schema.events_statements_history LIMIT 1',
    'SELECT * FROM performance_schema.events_statements_summary_by_digest LIMIT 1',
    'SELECT * FROM performance_schema.data_locks LIMIT 1',
    'SELECT * FROM performance_schema.user_variables_by_thread LIMIT 1',
    'SELECT * FROM sys.x$processlist LIMIT 1',
    'SHOW ENGINE INNODB STATUS',
    'SHOW EXPLAIN FOR 5',
    'SHOW SLAVE STATUS',
    'GET DIAGNOSTICS CONDITION 1 @m = MESSAGE_TEXT',
  ])
    assert.equal(ruleAgainst(sql), 'baseline/leak-catalogs', sql);
  assert.equal(ruleAgainst('EXPLAIN FOR CONNECTION 5', { flavour: 'mysql' }), 'baseline/leak-catalogs');
});

test('becoming someone else, others and the server itself', () => {
  check([
    ['SET ROLE admin', 'baseline/session-identity'],
    ["SET PASSWORD = 'x'", 'baseline/session-identity'],
    ['SET DEFAULT ROLE admin FOR agent', 'baseline/session-identity'],
    ['KILL USER root', 'baseline/other-sessions'],
    ['KILL 5', null],
    ['SET GLOBAL general_log = 1', 'baseline/server-administration'],
    ['SET @@global.general_log = 1', 'baseline/server-administration'],
    ['SET autocommit = 1, GLOBAL general_log = 1', 'baseline/server-administration'],
    ['SHUTDOWN', 'baseline/server-administration'],
    ['RESET MASTER', 'baseline/server-administration'],
    ["INSTALL PLUGIN p SONAME 'x'", 'baseline/server-files'],
    ["CHANGE MASTER TO MASTER_HOST = 'h'", 'baseline/replication'],
    ["INSERT INTO mysql.user (User) VALUES ('x')", 'baseline/server-administration'],
    ["INSERT INTO mysql.func (name) VALUES ('x')", 'baseline/server-administration'],
    ['USE archive', null],
  ]);
});

test('settings under which text or results would be read otherwise are refused, whoever sets them', () => {
  for (const sql of [
    "SET sql_mode = 'ORACLE'",
    "SET sql_mode = 'ansi,MSSQL'",
    'SET sql_mode = 1048576',
    'SET sql_mode = 0x04',
    'SET NAMES gbk',
    'SET CHARACTER SET sjis',
    "SET character_set_client = 'latin1'",
    'SET character_set_results = ucs2',
    'SET session_track_schema = OFF',
    "SET session_track_system_variables = ''",
    "SET STATEMENT sql_mode = 'ANSI_QUOTES' FOR EXECUTE IMMEDIATE 'SELECT 1'",
  ])
    assert.match(ruleAgainst(sql) ?? '', /^sluice\//, sql);
  for (const sql of ["SELECT /*+ SET_VAR(sql_mode='ANSI_QUOTES') */ 1", 'SET resultset_metadata = NONE'])
    assert.match(ruleAgainst(sql, { flavour: 'mysql' }) ?? '', /^sluice\//, sql);
  check([
    ["SET sql_mode = 'ANSI_QUOTES,STRICT_ALL_TABLES'", null],
    ["SET sql_mode = CONCAT(@@sql_mode, ',STRICT_TRANS_TABLES')", null],
    ['SET sql_mode = @old', null],
    ['SET sql_mode = DEFAULT', null],
    ["SET sql_mode = ''", null],
    ['SET NAMES utf8mb4 COLLATE utf8mb4_bin', null],
    ["SET character_set_results = 'binary'", null],
    ["SET session_track_system_variables = CONCAT(@@session_track_system_variables, ',tx_isolation')", null],
  ]);
});

test('batches: the whole text is judged, and nothing behind what may change how it is read', () => {
  check([
    ['SELECT 1; DROP TABLE orders', 'no-destruction'],
    ["SET sql_mode = 'ANSI_QUOTES'; SELECT 1", 'sluice/unreadable'],
    ['SET sql_mode = @old; SELECT 1', 'sluice/unreadable'],
    ['EXECUTE s; SELECT 1', 'sluice/unreadable'],
    ['CALL settle(1); SELECT 1', 'sluice/unreadable'],
    ['USE archive; SELECT id FROM orders LIMIT 1; USE shop; SELECT value FROM secrets LIMIT 1', 'no-secrets'],
    ['SET autocommit = 0; SELECT 1', null],
  ]);
});

test('prepared statements are known by names that the server compares alike', () => {
  const act = (sql: string) => {
    const read = readMysql(sql);
    return read.outcome === 'entry' ? read.entry.statements[0]?.act : null;
  };
  assert.deepEqual(act('EXECUTE `Stmt` USING 5, NULL, @a'), {
    act: 'execute',
    name: 'stmt',
    args: [5, null, 'other'],
  });
  assert.deepEqual(act('DEALLOCATE PREPARE STMT'), { act: 'deallocate', name: 'stmt' });
  check([
    ["PREPARE `é` FROM 'SELECT 1'", 'sluice/unreadable'],
    ["PREPARE `e ` FROM 'SELECT 1'", 'sluice/unreadable'],
  ]);
});

test('nothing is hidden behind what is passed over', () => {
  for (const sql of [
    'SET ROLE NONE, @a = (SELECT value FROM secrets)',
    'SET ROLE NONE, NAMES gbk',
    "SET PASSWORD = PASSWORD('x'), @a = (SELECT value FROM secrets)",
    'SET DEFAULT ROLE NONE FOR agent, @a = (SELECT value FROM secrets)',
    'KILL (SELECT value FROM secrets)',
  ])
    assert.equal(ruleAgainst(sql), 'sluice/unparsable', sql);
});
