/** A small catalog for lineage, and results in few words: `person.ssn copied`. */

import type { StatementFacts } from '../../src/core/facts.ts';
import type { MysqlReading, ServerTraits } from '../../src/sql/mysql/catalog-model.ts';
import { MARIADB, MYSQL, sketchCatalog, sketchColumn, sketchTable } from './mysql-catalog.ts';
import { mysqlFacts } from './mysql-lineage.ts';

const PERSON = 'lin.person';
const TABLES: Readonly<Record<string, readonly string[]>> = {
  [PERSON]: ['id int', 'name varchar(60)', 'ssn varchar(11)', 'doc json'],
  'lin.orders': ['id int', 'person_id int', 'note varchar(80)', 'total int'],
  'lin.guesses': ['ssn varchar(11)', 'number int'],
  'other.person': ['id int', 'nick varchar(20)'],
};

const VIEWS = {
  'lin.staff': {
    columns: ['id int', 'tax varchar(11)', 'shout varchar(60)'],
    definition:
      'select `lin`.`person`.`id` AS `id`,`lin`.`person`.`ssn` AS `tax`,upper(`lin`.`person`.`name`) AS `shout` from `lin`.`person` where `lin`.`person`.`id` > 3',
  },
  'lin.deep': {
    columns: ['a varchar(11)', 'b varchar(71)'],
    definition:
      'select `staff`.`tax` AS `x`,concat(`staff`.`shout`,`staff`.`tax`) AS `y` from `lin`.`staff` order by `staff`.`id`',
  },
  'lin.calling': {
    columns: ['v varchar(60)'],
    definition: 'select `lin`.`f`(`lin`.`person`.`name`) AS `v` from `lin`.`person`',
  },
  'lin.broken': { columns: ['v int'], definition: 'select from where' },
};

const PROCEDURES: readonly (readonly [string, string | null])[] = [
  ['plain', 'SELECT 1'],
  ['closed', null],
  ['leaving', 'SELECT ssn INTO @ssn FROM person LIMIT 1'],
  ['making', 'CREATE TEMPORARY TABLE orders AS SELECT ssn AS note FROM person'],
  ['relaying', 'BEGIN call leaving(); END'],
];

export function readingOf(traits: ServerTraits = MYSQL, changes: Partial<MysqlReading> = {}): MysqlReading {
  const generated = {
    ...sketchTable('lin.made', ['id int', 'ssn varchar(11)']),
    columns: [
      sketchColumn('id int', 1),
      sketchColumn('ssn varchar(11)', 2),
      { ...sketchColumn('tail varchar(4)', 3), generation: 'right(`ssn`,4)' },
      { ...sketchColumn('twice varchar(9)', 4), generation: 'concat(`tail`,`id`)' },
      { ...sketchColumn('odd varchar(9)', 5), generation: 'this is <> no expression' },
      { ...sketchColumn('hidden int', 6), invisible: true },
    ],
  };
  const closed = { ...sketchTable('lin.closed', ['v int']), kind: 'view' } as const;
  const catalog = sketchCatalog({
    traits,
    tables: TABLES,
    views: VIEWS,
    whole: [generated, closed],
    routines: [
      { schema: 'lin', name: 'f' },
      { schema: 'lin', name: 'g', body: 'RETURN 1' },
      ...PROCEDURES.map(([name, body]) => ({ schema: 'lin', name, kind: 'procedure' as const, body })),
    ],
  });
  return { catalog, schema: 'lin', sqlMode: new Set(), temporary: [], ...changes };
}

export const FLAVOURS_OF_READING: readonly ServerTraits[] = [MYSQL, MARIADB];

export function lineageOf(
  sql: string,
  traits: ServerTraits = MYSQL,
  changes: Partial<MysqlReading> = {},
): StatementFacts {
  return mysqlFacts(sql, readingOf(traits, changes));
}

/** By column: `person.ssn copied` and so on, sorted; null where the origin, or the columns, are not known. */
export function originsOf(
  sql: string,
  traits: ServerTraits = MYSQL,
  changes: Partial<MysqlReading> = {},
): readonly (string | null)[] | null {
  const { outputs } = lineageOf(sql, traits, changes);
  if (outputs === null) return null;
  return outputs.map(({ origins }) => {
    if (origins === null) return null;
    const words = origins.map(({ schema, table, column, how }) => {
      const name = schema === 'lin' ? table : `${schema ?? '?'}.${table}`;
      return `${name}.${column} ${how}`;
    });
    return words.sort().join(', ');
  });
}

/** The places outside of the output in which a column is used: `filter equality`. */
/** What a column is used for beside being put out, and beside what may fail by it, which tests of its own ask. */
export function usesOf(lineage: StatementFacts, column: string): readonly string[] {
  const [table, name] = column.split('.');
  return lineage.columns
    .filter((use) => use.table === table && use.column === name)
    .filter(({ place }) => place !== 'output' && place !== 'failure')
    .map(({ place, reveals }) => `${place} ${reveals}`)
    .sort();
}

/** How much of a column comes out by whether the statement fails; null: nothing. */
export function failureBy(lineage: StatementFacts, column: string): string | null {
  const [table, name] = column.split('.');
  const use = lineage.columns.find(
    (one) => one.place === 'failure' && one.table === table && one.column === name,
  );
  return use?.reveals ?? null;
}
