/** What newer servers have that MariaDB 10.11 does not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DefinitionStatement, Statement } from '../../../../src/sql/mysql/ast.ts';
import { UnreadableSyntax } from '../../../../src/sql/mysql/parser/index.ts';
import { parseOne, type Reading } from '../../../support/mysql-parse.ts';

const MYSQL: Reading = { flavour: 'mysql' };

function as<K extends Statement['is']>(kind: K, text: string, reading: Reading = {}) {
  const statement = parseOne(text, reading);
  const isKind = (s: Statement): s is Extract<Statement, { is: K }> => s.is === kind;
  return isKind(statement) ? statement : assert.fail(`${text}: ${statement.is}`);
}

function definition(text: string, reading: Reading = {}): DefinitionStatement {
  return as('definition', text, reading);
}

test('MySQL 8.4 reserves other words than 9.7', () => {
  const aliased = (word: string, version: number) => () =>
    parseOne(`select 1 from t ${word}`, { ...MYSQL, version });
  for (const word of ['manual', 'parallel']) {
    assert.throws(aliased(word, 80400), UnreadableSyntax, word);
    assert.doesNotThrow(aliased(word, 90704), word);
  }
  for (const word of ['library', 'external']) {
    assert.doesNotThrow(aliased(word, 80400), word);
    assert.throws(aliased(word, 90704), UnreadableSyntax, word);
  }
});

test('what MariaDB has had since 10.7: row numbers of conditions, vectors, UPDATE OF, DELETE of several in an order', () => {
  const got = as('diagnostics', 'get diagnostics condition 1 @a = row_number, @b = message_text');
  assert.deepEqual(got.variables, ['a', 'b']);
  for (const text of [
    'create table t (v vector(5) not null, vector index (v) distance=cosine m=6)',
    'create table t (v vector(5) not null, vector(v))',
    'alter table t add vector key if not exists k (v)',
    'create vector index k on t (v) distance = euclidean',
  ])
    assert.equal(definition(text).is, 'definition', text);
  // A column, where no index is meant.
  assert.equal(definition('create table t (vector int)', MYSQL).is, 'definition');
  assert.equal(definition('create table t (vector int)').is, 'definition');
  const trigger = definition('create trigger r before update of a, b on t for each row set new.a = 1');
  assert.deepEqual(
    trigger.refers.map(({ name }) => name),
    ['t'],
  );
  const several = as('delete', 'delete t1.*, t2 from t1, t2 where t1.a = t2.a order by t1.a desc limit 3');
  assert.deepEqual([several.targets?.length, several.orderBy.length], [2, 1]);
  assert.ok(several.limit !== null);
  assert.throws(() => parseOne('delete t1, t2 from t1, t2 limit 3', MYSQL), UnreadableSyntax);
});
