/** Tables and views with which lineage is held against real servers, and ways to change one column at a time. */

export const LINEAGE_SCHEMA: readonly string[] = [
  `CREATE TABLE person (
     id int PRIMARY KEY, name varchar(60) NOT NULL, city varchar(20), ssn varchar(60), pin int, born date, doc json,
     tail varchar(20) GENERATED ALWAYS AS (right(ssn, 9)) VIRTUAL,
     label varchar(130) GENERATED ALWAYS AS (concat(name, '/', city)) STORED,
     hidden varchar(60) INVISIBLE)`,
  'CREATE TABLE visit (id int PRIMARY KEY, person_id int, day date, minutes int, note varchar(80))',
  'CREATE TABLE vendor (id int PRIMARY KEY, name varchar(60), ssn varchar(60), pin int, city varchar(60))',
  `CREATE VIEW staff AS SELECT id, upper(name) AS name, ssn AS tax, pin + 1 AS pin, city FROM person`,
  `CREATE VIEW staff_deep (a, b, c, d) AS SELECT id, tax, concat(name, '-', city), concat(name, tax) FROM staff`,
  `CREATE VIEW everyone AS SELECT id, name, ssn FROM person UNION ALL SELECT id, ssn, name FROM vendor`,
  `CREATE VIEW counts AS SELECT name, count(ssn) AS known, count(*) AS heads, max(ssn) AS top FROM person GROUP BY name`,
];

export const LINEAGE_DATA: readonly string[] = [
  ...Array.from(
    { length: 40 },
    (_, n) =>
      `INSERT INTO person (id, name, city, ssn, pin, born, doc, hidden) VALUES (${n + 1}, 'N${md(n)}',
       '${['Rome', 'Oslo', 'Cork', 'Lima'][n % 4]}', ${n % 6 === 5 ? 'NULL' : `'${100 + n}-${md(n + 7)}'`}, ${1000 + n * 37},
       '19${50 + (n % 40)}-03-1${n % 9}', '{"a": "${md(n + 3)}", "n": ${n}}', 'h${md(n + 11)}')`,
  ),
  ...Array.from(
    { length: 40 },
    (_, n) =>
      `INSERT INTO visit VALUES (${n + 1}, ${1 + ((n * 7) % 40)}, '2024-0${1 + (n % 9)}-1${n % 8}', ${n * 3},
       ${n % 5 === 4 ? 'NULL' : `'note ${md(n + 5)}'`})`,
  ),
  ...Array.from(
    { length: 30 },
    (_, n) =>
      `INSERT INTO vendor VALUES (${n + 1}, 'V${md(n + 2)}', 's${md(n + 9)}', ${n % 17}, 'C${md(n)}')`,
  ),
];

/** A word of letters for a number. */
function md(n: number): string {
  return ((n + 1) * 2_654_435_761).toString(26);
}

/** By column: how every row gets another value of it; `$1` is a number that differs by round. */
export const CHANGES: Readonly<Record<string, string>> = {
  'person.name': "name = concat('N', sha2(concat(name, $1), 224))",
  'person.city': "city = elt(1 + crc32(concat(id, $1)) % 4, 'Rome', 'Oslo', 'Cork', 'X$1')",
  'person.ssn': "ssn = if(crc32(concat(id, $1)) % 5 <> 0, concat('S', sha2(concat(id, $1), 224)), NULL)",
  'person.pin': 'pin = crc32(concat(id, $1)) % 900000',
  'person.born': "born = date_add('1930-01-01', INTERVAL crc32(concat(id, $1)) % 30000 DAY)",
  'person.doc': "doc = json_object('a', sha2(concat(id, $1), 224), 'n', crc32(concat($1, id)))",
  'person.hidden': 'hidden = sha2(concat($1, id), 224)',
  'visit.person_id': 'person_id = 1 + crc32(concat(id, $1)) % 40',
  'visit.day': "day = date_add('2020-01-01', INTERVAL crc32(concat(id, $1)) % 3000 DAY)",
  'visit.minutes': 'minutes = crc32(concat(id, $1)) % 600',
  'visit.note': "note = if(crc32(concat(id, $1)) % 3 <> 0, concat('note ', sha2(concat(id, $1), 224)), NULL)",
  'vendor.name': "name = concat('V', sha2(concat(id, $1), 224))",
  'vendor.ssn': 'ssn = if(crc32(concat(id, $1)) % 3 <> 0, sha2(concat($1, id), 224), NULL)',
  'vendor.pin': 'pin = crc32(concat(id, $1)) % 50000',
  'vendor.city': "city = concat('C', sha2(concat(id, $1), 224))",
};

export type LineageType = 'int' | 'text' | 'date' | 'json';

export interface LineageColumn {
  readonly name: string;
  readonly type: LineageType;
  /** No column of a star. */
  readonly hidden?: boolean;
}

export const LINEAGE_TABLES: Readonly<Record<string, readonly LineageColumn[]>> = {
  person: [
    ...columns('id:int name:text city:text ssn:text pin:int born:date doc:json tail:text label:text'),
    { name: 'hidden', type: 'text', hidden: true },
  ],
  visit: columns('id:int person_id:int day:date minutes:int note:text'),
  vendor: columns('id:int name:text ssn:text pin:int city:text'),
  staff: columns('id:int name:text tax:text pin:int city:text'),
  staff_deep: columns('a:int b:text c:text d:text'),
  everyone: columns('id:int name:text ssn:text'),
  counts: columns('name:text known:int heads:int top:text'),
};

function columns(written: string): LineageColumn[] {
  return written.split(' ').map((one) => {
    const [name = '', type = ''] = one.split(':');
    return { name, type: type === 'int' || type === 'date' || type === 'json' ? type : 'text' };
  });
}
