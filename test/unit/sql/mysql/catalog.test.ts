import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MysqlCatalog } from '../../../../src/sql/mysql/catalog.ts';
import {
  type MysqlRow,
  readMysqlCatalog,
  readServerTraits,
  versionNumber,
} from '../../../../src/sql/mysql/catalog-query.ts';
import { foldName } from '../../../../src/sql/mysql/fold-name.ts';
import { MYSQL, sketchCatalog } from '../../../support/mysql-catalog.ts';

const TABLES = { 'Shop.Person': ['id int'], 'information_schema.TABLES': ['TABLE_NAME varchar(64)'] };

function catalogWith(lowerCaseTableNames: 0 | 1 | 2): MysqlCatalog {
  return sketchCatalog({ traits: { ...MYSQL, lowerCaseTableNames }, tables: TABLES });
}

test('tables are looked up by lower_case_table_names', () => {
  const exact = catalogWith(0);
  assert.equal(exact.table('Shop', 'Person')?.name, 'Person');
  assert.equal(exact.table('shop', 'Person'), null);
  assert.equal(exact.table('Shop', 'person'), null);
  assert.equal(exact.hasSchema('shop'), false);
  assert.deepEqual(exact.tablesNamed('person'), []);
  assert.equal(exact.tablesNamed('Person').length, 1);
  for (const folding of [catalogWith(1), catalogWith(2)]) {
    assert.equal(folding.table('shop', 'PERSON')?.name, 'Person');
    assert.equal(folding.hasSchema('SHOP'), true);
    assert.equal(folding.tablesNamed('pERSON').length, 1);
    assert.equal(folding.tablesIn('SHOP').length, 1);
  }
});

test('information_schema has no case, whatever other schemas have', () => {
  const catalog = catalogWith(0);
  assert.equal(catalog.hasSchema('Information_Schema'), true);
  assert.equal(catalog.hasSchema('MySQL'), false);
  assert.equal(catalog.table('INFORMATION_SCHEMA', 'tables')?.name, 'TABLES');
  assert.equal(catalog.tablesNamed('tables').length, 1);
  assert.equal(catalog.tablesNamed('TABLES').length, 1);
  assert.deepEqual(
    [...catalog.userTables()].map(({ name }) => name),
    ['Person'],
  );
});

test('routines and loadable functions have no case; functions and procedures do not meet', () => {
  const catalog = sketchCatalog({ routines: [{ schema: 'shop', name: 'Vat' }], loadable: ['metaphon'] });
  assert.equal(catalog.routine('function', 'shop', 'VAT')?.name, 'Vat');
  assert.equal(catalog.routine('procedure', 'shop', 'vat'), null);
  assert.equal(catalog.routine('function', 'other', 'vat'), null);
  assert.equal(catalog.isLoadable('MetaPhon'), true);
  assert.equal(catalog.isLoadable('soundex'), false);
});

test('names fold one character to one, as on the servers', () => {
  assert.equal(foldName('SSN'), 'ssn');
  assert.equal(foldName('ÉTÉ'), 'été');
  assert.equal(foldName('İD'), 'id');
  assert.equal(foldName('\u212aey'), 'key');
});

/** A server that executes comments for those of its version, and says what it likes in VERSION(). */
function serverOf(version: number, isMariadb: boolean, said: string) {
  return async (sql: string): Promise<readonly MysqlRow[]> => {
    const counts = (column: string) => {
      if (/\/\*M! \+ 1 \*\//.test(column)) return isMariadb ? 1 : 0;
      const [, mark, least] = /\/\*(M?)!(\d{5,6}) \+ 1 \*\//.exec(column) ?? [];
      if (least === undefined) return column.includes('VERSION') ? said : 0;
      return (mark === '' || isMariadb) && version >= Number(least) ? 1 : 0;
    };
    return [sql.replace('SELECT ', '').split(', ').map(counts)];
  };
}

test('promise 3: the version is the one by which the server executes comments, not the one that it says', async () => {
  for (const said of ['8.4.6', '8.0.34-cloud', 'nothing of the sort']) {
    const traits = await readServerTraits(serverOf(80_406, false, said));
    assert.deepEqual([traits.flavour, traits.version, traits.banner], ['mysql', 80_406, said]);
  }
  const mariadb = await readServerTraits(serverOf(101_106, true, '5.5.5-10.11.6-MariaDB'));
  assert.deepEqual([mariadb.flavour, mariadb.version], ['mariadb', 101_106]);
  assert.equal(versionNumber('10.11.6'), 101_106);
  assert.equal(versionNumber('8.4'), 80_400);
});

const ANSWERS: readonly (readonly [view: string, rows: readonly MysqlRow[]])[] = [
  ['SCHEMATA', [['shop'], ['empty']]],
  [
    'TABLES',
    [
      ['shop', 't', 'BASE TABLE'],
      ['shop', 'v', 'VIEW'],
      ['shop', 'hidden', 'VIEW'],
      ['shop', 's', 'SEQUENCE'],
      ['shop', 'half', 'BASE TABLE'],
    ],
  ],
  [
    'COLUMNS',
    [
      [
        'shop',
        't',
        2,
        'made',
        'varchar(20)',
        'YES',
        'VIRTUAL GENERATED',
        "concat(`a`,_utf8mb4\\'x\\\\\\'y\\')",
      ],
      ['shop', 't', 1, 'a', 'int', 'NO', 'auto_increment INVISIBLE', ''],
      ['shop', 't', 3, 'later', 'datetime', 'YES', 'DEFAULT_GENERATED', ''],
      ['shop', 'v', 1, 'a', 'int', 'YES', '', ''],
      ['shop', 'hidden', 1, 'a', 'int', 'YES', '', ''],
      ['shop', 's', 1, 'next_not_cached_value', 'bigint', 'NO', '', ''],
    ],
  ],
  [
    'VIEWS',
    [
      ['shop', 'v', 'select 1'],
      ['shop', 'hidden', ''],
    ],
  ],
  [
    'STATISTICS',
    [
      ['shop', 't', 'two', 2, 'a', null],
      ['shop', 't', 'two', 1, 'later', null],
      ['shop', 't', 'prefix', 1, 'made', 4],
      ['shop', 't', 'expression', 1, null, null],
    ],
  ],
  [
    'TRIGGERS',
    [
      ['shop', 't', 'UPDATE'],
      ['shop', 't', 'UPDATE'],
    ],
  ],
  [
    'ROUTINES',
    [
      ['shop', 'f', 'FUNCTION', 'READS SQL DATA', 'YES', null],
      ['shop', 'pack', 'PACKAGE', 'CONTAINS SQL', 'NO', 'x'],
    ],
  ],
];

function answers(func: () => readonly MysqlRow[]) {
  const server = serverOf(80_406, false, '8.4.6');
  return async (sql: string): Promise<readonly MysqlRow[]> => {
    if (sql.includes('mysql.func')) return func();
    const view = /information_schema\.(\w+)/.exec(sql)?.[1];
    return view === undefined ? await server(sql) : (ANSWERS.find(([name]) => name === view)?.[1] ?? []);
  };
}

test('what the server answers becomes a catalog', async () => {
  const denied = Object.assign(new Error('SELECT command denied'), { errno: 1142 });
  const contents = await readMysqlCatalog(
    answers(() => {
      throw denied;
    }),
  );
  const catalog = contents.make(7);
  assert.equal(catalog.epoch, 7);
  const table = catalog.table('shop', 't');
  assert.deepEqual(
    table?.columns.map(({ name, nullable, generation, invisible }) => [
      name,
      nullable,
      generation,
      invisible,
    ]),
    [
      ['a', false, null, true],
      ['made', true, "concat(`a`,_utf8mb4'x\\'y')", false],
      ['later', true, null, false],
    ],
  );
  assert.deepEqual(table?.uniqueKeys, [['later', 'a']]);
  assert.deepEqual(
    table?.triggers.map(({ event }) => event),
    ['update', 'update'],
  );
  assert.equal(catalog.table('shop', 'v')?.definition, 'select 1');
  assert.equal(catalog.table('shop', 'hidden')?.definition, null);
  assert.equal(catalog.table('shop', 's')?.kind, 'sequence');
  assert.equal(
    catalog.table('shop', 'half'),
    null,
    'a table without columns is one that nothing is known of',
  );
  assert.equal(catalog.hasSchema('empty'), true);
  assert.deepEqual(
    catalog.objects.routines.map(({ name, access, deterministic, body }) => [
      name,
      access,
      deterministic,
      body,
    ]),
    [['f', 'READS SQL DATA', true, null]],
  );
});

test('equal readings have equal fingerprints, others do not', async () => {
  const first = await readMysqlCatalog(answers(() => []));
  const second = await readMysqlCatalog(answers(() => []));
  const other = await readMysqlCatalog(answers(() => [['metaphon']]));
  assert.equal(first.fingerprint, second.fingerprint);
  assert.notEqual(first.fingerprint, other.fingerprint);
  assert.equal(other.make(1).isLoadable('METAPHON'), true);
});

test('a server that fails is not taken for one that has nothing', async () => {
  const lost = Object.assign(new Error('gone'), { errno: 2013 });
  await assert.rejects(
    readMysqlCatalog(
      answers(() => {
        throw lost;
      }),
    ),
    /gone/,
  );
});
