import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import {
  type CellFormat,
  type CellType,
  type ColumnMask,
  type PostgresTypeRow,
  postgresCellType,
} from '../../src/masking/index.ts';
import { every, found, maskBytes, spec } from '../support/masking.ts';

/** Every masker, and the detectors, which give maskers another way in. */
const MASKS: readonly (readonly [name: string, mask: ColumnMask])[] = [
  ['redact', every('redact')],
  ['last4', every('last4')],
  ['first1', every('first1')],
  ['email', every('email')],
  ['hash', every('hash', { key: 'k' })],
  ['null', every('null')],
  ['fixed 7', every('fixed', 7)],
  ['fixed text', every('fixed', '2020-02-29')],
  ['year', every('year')],
  ['range', every('range', { width: 100 })],
  ['fpe', every('fpe', { key: 'k' })],
  ['fpe alnum', every('fpe', { key: 'k', alphabet: 'alnum' })],
  ['token', every('token', { key: 'k' })],
  ['detect, redact', found()],
  ['detect, last4', found(spec('last4'))],
  ['detect, null', found(spec('null'))],
  ['detect, hash', found(spec('hash', { key: 'k' }))],
];

const WORDS = [
  '',
  'a',
  'x',
  'Zoë 日本 😀',
  '123-45-6789',
  'mail anna@example.com now',
  '4111111111111111',
  'NULL',
  '{"a":"4111111111111111"}',
  'a"b\\c,d(e)',
];
const NUMBERS = ['0', '1', '-1', '42', '12345', '-32768', '32767'];
/** Values as a person types them, by the type's name. */
const SAMPLES: Readonly<Record<string, readonly string[]>> = {
  text: WORDS,
  varchar: WORDS,
  bpchar: WORDS,
  name: ['a', 'pg_catalog', '4111111111111111'],
  '"char"': ['a', 'z'],
  bool: ['t', 'f'],
  int2: NUMBERS,
  int4: [...NUMBERS, '2147483647', '-2147483648', '123456789', '1000000'],
  int8: [...NUMBERS, '9223372036854775807', '-9223372036854775808', '4111111111111111'],
  numeric: [
    ...NUMBERS,
    '0.00',
    '-0.5',
    '12345.6789',
    '1e40',
    '0.000000001',
    '99999999.99',
    '4111111111111111',
    'NaN',
    '100000000',
  ],
  float4: [...NUMBERS, '1.5', '1e30', 'NaN', 'Infinity', '-0'],
  float8: [...NUMBERS, '1.5', '1e300', 'NaN', '-Infinity', '4111111111111111'],
  date: [
    '2024-05-06',
    '1999-12-31',
    '0001-01-01',
    '4714-11-24 BC',
    '5874897-12-31',
    'infinity',
    '0044-03-15 BC',
  ],
  time: ['00:00', '23:59:59.999999', '24:00'],
  timetz: ['12:34:56+02', '00:00-12:30'],
  timestamp: [
    '2024-05-06 07:08:09.123456',
    '4714-11-24 00:00:00 BC',
    '294276-12-31 23:59:59',
    '-infinity',
    '1969-12-31 23:59:59.5',
  ],
  timestamptz: [
    '2024-05-06 07:08:09+02',
    '1800-01-01 00:00:00+00',
    '294276-12-31 00:00:00+00',
    'infinity',
    '0002-01-01 BC',
  ],
  interval: ['1 year 2 mons 3 days 04:05:06.789', '-1 day', '0'],
  uuid: ['00000000-0000-0000-0000-000000000000', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  bytea: ['', '\\x00ff', '\\x34313131313131313131313131313131', 'text'],
  json: [
    'null',
    '1',
    '4111111111111111',
    '"a"',
    '"anna@example.com"',
    '{"a":[1,{"b":"123-45-6789"}]}',
    '"\\u0034111111111111111"',
  ],
  jsonb: [
    'null',
    '1',
    '4111111111111111',
    '"a"',
    '"anna@example.com"',
    '{"a":[1,{"b":"123-45-6789"}],"anna@example.com":1}',
    '"\\n anna@example.com"',
  ],
  inet: ['10.0.0.1', '10.1.0.0/16', '::1', '2001:db8::1/64'],
  cidr: ['10.0.0.0/8', '2001:db8::/32'],
  macaddr: ['08:00:2b:01:02:03'],
  macaddr8: ['08:00:2b:01:02:03:04:05'],
  int4range: ['empty', '[1,10)', '(,5]', '[,]', '[123,456)'],
  int8range: ['[4111111111111111,4111111111111112)', '[1,)'],
  numrange: ['[1.5,2.5]', '(-100.25,100)', 'empty'],
  daterange: ['[2024-01-02,2024-11-12)', '(,2020-01-01)', 'empty'],
  tsrange: ['["2024-05-06 07:08:09","2025-01-01 00:00:00")'],
  tstzrange: ['["2024-05-06 07:08:09+02",)'],
  int4multirange: ['{}', '{[1,5),[100,250)}'],
  datemultirange: ['{[2024-01-02,2024-03-04),[2025-01-01,)}'],
  xml: ['<a>anna@example.com</a>'],
  money: ['12.34'],
  point: ['(1,2)'],
  tsvector: ["a b 'anna@example.com'"],
  bit: ['1'],
  'masking.mood': ['sad', 'ok'],
  'masking.positive': ['5', '123456789'],
  'masking.pair': ['(1,"a b")', '(,)', '(4111,"anna@example.com")', '(7,"q""uo\\\\te")'],
  'masking.mail': ['anna@example.com'],
};
const ARRAYS: Readonly<Record<string, readonly string[]>> = {
  'text[]': [
    '{}',
    '{a,NULL,"NULL","a b","q\\"x","back\\\\slash"}',
    '{{a,b},{anna@example.com,d}}',
    '[3:4]={x,4111111111111111}',
  ],
  'int4[]': ['{}', '{1,NULL,123456789}', '{{1,2},{3,4}}'],
  'date[]': ['{2024-05-06,NULL,infinity}'],
  'jsonb[]': ['{"{\\"a\\": \\"anna@example.com\\"}",null}'],
  'numrange[]': ['{"[1.5,2.5)",empty}'],
  'masking.pair[]': ['{"(1,\\"a b\\")",NULL}'],
  'uuid[]': ['{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}'],
  'box[]': ['{(1,1),(0,0);(2,2),(1,1)}'],
};

let server: PostgresServer;
let client: pg.Client;
const types = new Map<number, PostgresTypeRow>();

/** What the server sends for a value, with the type it names: text by its output function, binary by its send function. */
async function sent(
  typed: string,
  value: string,
  format: CellFormat,
): Promise<{ bytes: Buffer; type: CellType }> {
  const { rows } = await client.query<{ oid: number; send: string }>(
    'select oid::int4 as oid, typsend::text as send from pg_type where oid = $1::regtype',
    [typed],
  );
  const [row] = rows;
  assert.ok(row !== undefined);
  const form = format === 'binary' ? `encode(${row.send}(v::${typed}), 'hex')` : `format('%s', v::${typed})`;
  const answer = await client.query<{ form: string }>(
    `select ${form} as form from (select $1::text as v) s`,
    [value],
  );
  const written = answer.rows[0]?.form ?? '';
  const type = postgresCellType(row.oid, -1, (oid) => types.get(oid));
  return { bytes: Buffer.from(written, format === 'binary' ? 'hex' : 'utf8'), type };
}

/** Sends masked cells back as parameters of their type: the server refuses what is no value of it. */
async function accepts(
  typed: string,
  format: CellFormat,
  cells: readonly Buffer[],
  names: readonly string[],
): Promise<void> {
  const values = cells.map((bytes) => (format === 'binary' ? bytes : bytes.toString('utf8')));
  try {
    await client.query({ text: `select ${values.map((_, i) => `$${i + 1}::${typed}`).join(', ')}`, values });
  } catch {
    for (const [i, value] of values.entries()) {
      await client.query({ text: `select $1::${typed}`, values: [value] }).catch((error: unknown) => {
        assert.fail(`${names[i]}, ${typed}, ${format}: ${JSON.stringify(String(value))}: ${String(error)}`);
      });
    }
  }
}

async function checkType(typed: string, samples: readonly string[], format: CellFormat): Promise<number> {
  const cells: Buffer[] = [];
  const names: string[] = [];
  for (const sample of samples) {
    const { bytes, type } = await sent(typed, sample, format);
    for (const [name, mask] of MASKS) {
      const masked = maskBytes(mask, bytes, { type, format });
      if (masked === null) continue;
      cells.push(masked);
      names.push(`${name} of ${sample}`);
    }
  }
  await accepts(typed, format, cells, names);
  return cells.length;
}

for (const major of [15, 18] as const) {
  describe(`Postgres ${major}`, () => {
    before(async () => {
      server = await startPostgres({ major });
      client = new pg.Client({ connectionString: server.url() });
      await client.connect();
      await client.query(`create schema masking;
    create type masking.mood as enum ('sad', 'ok');
    create domain masking.positive as int4 check (value >= 0);
    create domain masking.mail as varchar(20);
    create type masking.pair as (n int4, t text)`);
      const { rows } = await client.query<PostgresTypeRow>(`
    select t.oid::int4 as oid, t.typname as name, t.typtype as typtype, t.typdelim as delimiter,
      coalesce((select e.oid::int4 from pg_type e where e.typarray = t.oid), 0) as "elementOid",
      t.typbasetype::int4 as "baseOid", t.typtypmod as "baseModifier",
      coalesce((select rngsubtype::int4 from pg_range where t.oid in (rngtypid, rngmultitypid)), 0) as "boundOid",
      array(select enumlabel::text from pg_enum where enumtypid = t.oid order by enumsortorder) as labels,
      coalesce((select json_agg(json_build_object('oid', atttypid::int4, 'modifier', atttypmod) order by attnum)
        from pg_attribute where attrelid = t.typrelid and attnum > 0 and t.typrelid <> 0), '[]') as fields
    from pg_type t`);
      types.clear();
      for (const row of rows) types.set(row.oid, row);
    });

    after(async () => {
      await client.end();
      await server.stop();
    });

    for (const format of ['text', 'binary'] as const) {
      test(`promise 4: whatever masks it, a value is sent as a value of its type (${format})`, async () => {
        let checked = 0;
        for (const [typed, samples] of Object.entries({ ...SAMPLES, ...ARRAYS })) {
          checked += await checkType(typed, samples, format);
        }
        assert.ok(checked > 1500, `only ${checked} cells were checked`);
      });

      test(`promise 4: bytes that are no value of a type are masked for every type of the server (${format})`, async () => {
        const garbage = [
          Buffer.alloc(0),
          Buffer.from([0xff, 0xfe, 0x00]),
          Buffer.from('4111111111111111'),
          Buffer.from('\\x{"(['),
          Buffer.alloc(40, 7),
        ];
        const { rows } = await client.query<{ oid: number; typed: string }>(
          "select oid::int4 as oid, format_type(oid, null) as typed from pg_type where typtype in ('b', 'r', 'm', 'e', 'd') and typnamespace in ('pg_catalog'::regnamespace, 'masking'::regnamespace)",
        );
        assert.ok(rows.length > 100);
        for (const { oid, typed } of rows) {
          const type = postgresCellType(oid, -1, (wanted) => types.get(wanted));
          const cells: Buffer[] = [];
          const names: string[] = [];
          for (const bytes of garbage) {
            for (const [name, mask] of MASKS) {
              if (mask.how !== 'mask') continue;
              const masked = maskBytes(mask, bytes, { type, format });
              if (masked === null) continue;
              cells.push(masked);
              names.push(`${name} of ${bytes.toString('hex')}`);
            }
          }
          if (cells.length > 0) await accepts(typed, format, cells, names);
        }
      });
    }
  });
}
