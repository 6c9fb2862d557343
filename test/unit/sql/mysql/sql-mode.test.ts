import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sqlModeOf, unreadMode } from '../../../../src/sql/mysql/sql-mode.ts';

function unread(written: string): string | null {
  return unreadMode(sqlModeOf(written));
}

test('modes that servers report after SET sql_mode to a combination are read, but for two of them', () => {
  // As MariaDB 10.11 and MySQL 9.7 show them.
  for (const reported of [
    '',
    'IGNORE_SPACE,STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_CREATE_USER,NO_ENGINE_SUBSTITUTION',
    'REAL_AS_FLOAT,PIPES_AS_CONCAT,ANSI_QUOTES,IGNORE_SPACE,ONLY_FULL_GROUP_BY,ANSI',
    'PIPES_AS_CONCAT,ANSI_QUOTES,IGNORE_SPACE,DB2,NO_KEY_OPTIONS,NO_TABLE_OPTIONS,NO_FIELD_OPTIONS',
    'MYSQL40,HIGH_NOT_PRECEDENCE',
    'STRICT_TRANS_TABLES,STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,TRADITIONAL,NO_ENGINE_SUBSTITUTION',
  ]) {
    assert.equal(unread(reported), null, reported);
  }
  assert.equal(unread('ORACLE'), 'ORACLE');
  assert.equal(unread('PIPES_AS_CONCAT,mssql'), 'MSSQL');
  assert.equal(unread('EMPTY_STRING_IS_NULL'), 'EMPTY_STRING_IS_NULL');
});

test('a mode that Sluice does not know is not read', () => {
  assert.equal(unread('ANSI_QUOTES,QUOTES_OF_NEXT_YEAR'), 'QUOTES_OF_NEXT_YEAR');
  assert.equal(unread('4'), '4');
});

test('a combination stands for its parts', () => {
  const ansi = ['ANSI', 'REAL_AS_FLOAT', 'PIPES_AS_CONCAT', 'ANSI_QUOTES', 'IGNORE_SPACE'];
  assert.deepEqual([...sqlModeOf('ansi')].toSorted(), ansi.toSorted());
  for (const mode of ['DB2', 'MAXDB', 'POSTGRESQL', 'ORACLE', 'MSSQL']) {
    for (const part of ['PIPES_AS_CONCAT', 'ANSI_QUOTES', 'IGNORE_SPACE'])
      assert.ok(sqlModeOf(mode).has(part), mode);
  }
  for (const mode of ['MYSQL323', 'MYSQL40']) assert.ok(sqlModeOf(mode).has('HIGH_NOT_PRECEDENCE'), mode);
});
