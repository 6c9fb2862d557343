/** Every type of MySQL and MariaDB in both protocols: what a real server sends is read, masked, and sent as its type. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { RowDataPacket } from 'mysql2/promise';
import type { MysqlFlavour } from '../../src/demo/mysql-programs.ts';
import {
  type CellFormat,
  type CellType,
  type ColumnMask,
  MYSQL_CODEC,
  mysqlCellType,
  mysqlColumnType,
} from '../../src/masking/index.ts';
import { every, found, maskBytes, spec } from '../support/masking.ts';
import { RawConnection, type RawResult } from '../support/mysql-cells.ts';
import { FLAVOURS, type MysqlPair, startMysqlPair } from '../support/mysql-servers.ts';

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
  ['fixed time', every('fixed', '-12:34:56.5')],
  ['year', every('year')],
  ['range', every('range', { width: 100 })],
  ['fpe', every('fpe', { key: 'k' })],
  ['token', every('token', { key: 'k' })],
  ['detect, redact', found()],
  ['detect, last4', found(spec('last4'))],
  ['detect, null', found(spec('null'))],
  ['detect, hash', found(spec('hash', { key: 'k' }))],
];

const WORDS = [
  "''",
  "'a'",
  "'Zoë 日本 😀'",
  "'123-45-6789'",
  "'mail anna@example.com'",
  "'4111111111111111'",
];
const SMALL = ['0', '1', '42', '127'];
const BYTES = ["''", "x'00ff'", "'4111111111111111'", "'anna@example.com'"];
/** Literals by the type of their column. */
const SAMPLES: Readonly<Record<string, readonly string[]>> = {
  tinyint: [...SMALL, '-128'],
  'tinyint unsigned': [...SMALL, '255'],
  smallint: [...SMALL, '-32768', '32767'],
  'smallint unsigned': [...SMALL, '65535'],
  mediumint: [...SMALL, '-8388608', '8388607'],
  'mediumint unsigned': [...SMALL, '16777215'],
  int: [...SMALL, '-2147483648', '2147483647', '123456789'],
  'int unsigned': [...SMALL, '4294967295'],
  'int(10) zerofill': SMALL,
  bigint: [...SMALL, '-9223372036854775808', '9223372036854775807', '4111111111111111'],
  'bigint unsigned': [...SMALL, '18446744073709551615'],
  'decimal(10,2)': ['0', '1.5', '-99999999.99', '42.10'],
  'decimal(5,0) unsigned': ['0', '99999'],
  'decimal(30,10)': ['0', '-0.5', '4111111111111111', '12345678901234567890.0123456789'],
  'decimal(20,20)': ['0', '0.12345678901234567890'],
  float: ['0', '1.5', '-1e30', '16777216', '0.1'],
  double: ['0', '1.5', '-1e300', '4111111111111111', '1e-300'],
  bit: ["b'0'", "b'1'"],
  'bit(12)': ["b'0'", "b'111111111111'", '7'],
  'bit(64)': ['0', '18446744073709551615'],
  date: ["'2024-05-06'", "'1000-01-01'", "'9999-12-31'", "'0000-00-00'", "'2024-02-00'", "'0000-03-04'"],
  time: ["'00:00:00'", "'23:59:59'", "'-838:59:59'", "'838:59:59'", "'-00:00:01'"],
  'time(6)': ["'00:00:00'", "'12:34:56.000789'", "'-100:00:00.5'"],
  datetime: [
    "'2024-05-06 07:08:09'",
    "'1000-01-01 00:00:00'",
    "'9999-12-31 23:59:59'",
    "'0000-00-00 00:00:00'",
  ],
  'datetime(6)': ["'2024-05-06 07:08:09.123456'", "'1969-12-31 23:59:59.5'", "'2024-05-06 00:00:00'"],
  timestamp: ["'2024-05-06 07:08:09'", "'1970-01-01 00:00:01'"],
  'timestamp(3)': ["'2024-05-06 07:08:09.123'"],
  year: ['1901', '2155', '2024', '0'],
  'char(8)': ["''", "'a'", "'Zoë 日本'", "'12345678'"],
  'varchar(40)': WORDS,
  tinytext: WORDS,
  text: WORDS,
  longtext: WORDS,
  'varchar(20) character set utf8mb3': ["'Zoë'", "'4111111111111111'"],
  'varchar(20) character set latin1': ["'Zoë'", "'4111111111111111'"],
  'varchar(20) character set ascii': ["'a'", "'4111111111111111'"],
  'varchar(20) character set cp932': ["'日本'", "'4111111111111111'"],
  'binary(4)': ["'a'", "x'00ff'"],
  'varbinary(40)': BYTES,
  tinyblob: BYTES,
  blob: BYTES,
  longblob: BYTES,
  "enum('sad','ok','it''s')": ["'sad'", "'it''s'"],
  "set('a','b')": ["''", "'a,b'"],
  json: [
    'null',
    '\'{"a":[1,{"b":"123-45-6789"}]}\'',
    "'4111111111111111'",
    '\'"anna@example.com"\'',
    "'null'",
  ],
  geometry: ["ST_GeomFromText('POINT(1 2)')"],
  point: ["ST_GeomFromText('POINT(1 2)')"],
};
const OF_ONE: Readonly<Record<MysqlFlavour, Readonly<Record<string, readonly string[]>>>> = {
  mariadb: {
    uuid: ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"],
    inet6: ["'2001:db8::1'"],
    inet4: ["'10.0.0.1'"],
  },
  mysql: { 'vector(2)': ["STRING_TO_VECTOR('[1,2]')"] },
};

/** One column of a type, with what the server sends for its values. */
interface Column {
  readonly typed: string;
  readonly name: string;
  readonly samples: readonly string[];
  /** As information_schema has it. */
  readonly declared: string;
  readonly type: Readonly<Record<CellFormat, CellType>>;
  readonly cells: Readonly<Record<CellFormat, readonly (Buffer | null)[]>>;
}

let pair: MysqlPair;
const connections = new Map<MysqlFlavour, RawConnection>();
const columns = new Map<MysqlFlavour, readonly Column[]>();

before(async () => {
  pair = await startMysqlPair({ shop: false });
  for (const flavour of FLAVOURS) {
    const connection = await RawConnection.open(pair[flavour], 'mysql');
    await connection.sql.query('CREATE DATABASE masking');
    await connection.sql.query('USE masking');
    connections.set(flavour, connection);
    const types = Object.entries({ ...SAMPLES, ...OF_ONE[flavour] });
    columns.set(flavour, await columnsOf(connection, types, flavour === 'mariadb'));
  }
});

after(async () => {
  for (const { sql } of connections.values()) sql.destroy();
  await pair?.stop();
});

/** All types in one table, which is asked once in each protocol. */
async function columnsOf(
  connection: RawConnection,
  types: readonly (readonly [string, readonly string[]])[],
  isMariadb: boolean,
): Promise<readonly Column[]> {
  const { sql } = connection;
  const declarations = types.map(([typed], n) => `c${n} ${typed} NULL`).join(', ');
  await sql.query("SET sql_mode = 'ALLOW_INVALID_DATES'");
  await sql.query(`CREATE TABLE samples (id int AUTO_INCREMENT PRIMARY KEY, ${declarations})`);
  await sql.query(`CREATE TABLE declared (${declarations})`);
  // A TIMESTAMP is stored from 1970 on, but clients read it as any other point in time. MariaDB sends its
  // json, uuid and addresses as text, and nothing that says so.
  const stored = declarations.replaceAll(' timestamp', ' datetime');
  await sql.query(
    `CREATE TABLE masked (${isMariadb ? stored.replace(/ (json|uuid|inet[46])/g, ' longtext') : stored})`,
  );
  const rows = Math.max(...types.map(([, samples]) => samples.length));
  for (let row = 0; row < rows; row++) {
    const values = types.map(([, samples]) => samples[row] ?? 'NULL');
    await sql.query(`INSERT INTO samples VALUES (NULL, ${values.join(', ')})`);
  }
  const [declared] = await sql.query<RowDataPacket[]>(
    `SELECT COLUMN_TYPE AS declared FROM information_schema.COLUMNS
      WHERE TABLE_SCHEMA = 'masking' AND TABLE_NAME = 'declared' ORDER BY ORDINAL_POSITION`,
  );
  const names = types.map((_, n) => `c${n}`);
  const selection = `SELECT ${names.join(', ')} FROM samples ORDER BY id`;
  const text = await connection.ask(selection, 'text');
  const binary = await connection.ask(selection, 'binary');
  return types.map(([typed, samples], n) => {
    const typeIn = ({ fields }: RawResult): CellType => {
      const field = fields[n];
      assert.ok(field !== undefined);
      return mysqlCellType(field, ['sad', 'ok', "it's"]);
    };
    const cellsIn = (result: RawResult) => samples.map((_, row) => result.rows[row]?.[n] ?? null);
    return {
      typed,
      name: `c${n}`,
      samples,
      declared: String(declared[n]?.['declared']),
      type: { text: typeIn(text), binary: typeIn(binary) },
      cells: { text: cellsIn(text), binary: cellsIn(binary) },
    };
  });
}

/** Writes masked cells of the text protocol into a column of the type: a strict server refuses what is no value of it. */
async function accepts(
  flavour: MysqlFlavour,
  { name, typed }: Column,
  cells: readonly Buffer[],
  titles: readonly string[],
): Promise<void> {
  const { sql } = connections.get(flavour) ?? assert.fail();
  const isBinary = /binary|blob|bit/.test(typed);
  const values = cells.map((cell) => (isBinary ? cell : cell.toString()));
  try {
    await sql.query(`INSERT INTO masked (${name}) VALUES ?`, [values.map((value) => [value])]);
  } catch {
    for (const [i, value] of values.entries()) {
      await sql.query(`INSERT INTO masked (${name}) VALUES (?)`, [value]).catch((error: unknown) => {
        assert.fail(`${titles[i]}: ${JSON.stringify(String(value))}: ${String(error)}`);
      });
    }
  }
}

const DECODED = new Set([
  'integer',
  'bits',
  'numeric',
  'float4',
  'float8',
  'date',
  'time',
  'timestamp',
  'year',
  'bytes',
]);
/** Their texts may differ for one value: trailing zeros, digits that a float does not hold. */
const INEXACT = new Set(['time', 'float4']);

for (const flavour of FLAVOURS) {
  describe(flavour, () => {
    const all = (): readonly Column[] => columns.get(flavour) ?? [];

    test('both protocols say the same of every value, and it is written as the server writes it', () => {
      for (const { typed, type, cells, samples } of all()) {
        assert.deepEqual(type.text, type.binary, typed);
        for (const [n, sample] of samples.entries()) {
          const [printed, binary] = [cells.text[n] ?? null, cells.binary[n] ?? null];
          const title = `${sample}, ${typed}`;
          if (binary === null || printed === null || !DECODED.has(type.text.kind)) {
            assert.deepEqual(binary, printed, title);
            continue;
          }
          const ofText = MYSQL_CODEC.decode(printed, 0, printed.length, type.text, 'text');
          const ofBinary = MYSQL_CODEC.decode(binary, 0, binary.length, type.text, 'binary');
          assert.equal(ofText === null, /0000-00|-00'/.test(sample), title);
          if (!INEXACT.has(type.text.kind)) assert.deepEqual(ofBinary, ofText, title);
          if (ofBinary !== null)
            assert.deepEqual(MYSQL_CODEC.encode(ofBinary, type.text, 'binary'), binary, title);
        }
      }
    });

    test('promise 4: whatever masks it, a value is sent as a value of its type, in both protocols', async () => {
      await connections
        .get(flavour)
        ?.sql.query("SET sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE'");
      let checked = 0;
      for (const column of all()) {
        const { typed, type, cells, samples } = column;
        const masked: Buffer[] = [];
        const titles: string[] = [];
        for (const [n, sample] of samples.entries()) {
          const [text, binary] = [cells.text[n] ?? null, cells.binary[n] ?? null];
          for (const [name, mask] of MASKS) {
            const title = `${name} of ${sample}, ${typed}`;
            const asText = maskBytes(mask, text, { type: type.text, dialect: 'mysql' });
            const asBinary = maskBytes(mask, binary, {
              type: type.text,
              format: 'binary',
              dialect: 'mysql',
            });
            assert.equal(asBinary === null, asText === null, title);
            if (asText === null || asBinary === null) continue;
            checkSame(type.text, asText, asBinary, title);
            // What no detector knows stays as it was: a date that is on no calendar, a geometry.
            if (name.startsWith('detect') && text?.equals(asText) === true) continue;
            masked.push(asText);
            titles.push(title);
          }
        }
        if (masked.length > 0) await accepts(flavour, column, masked, titles);
        checked += masked.length;
      }
      assert.ok(checked > 1000, `only ${checked} cells were checked`);
    });

    test('promise 4: bytes that are no value of a type are masked for every type', () => {
      const garbage = [Buffer.from([0xff, 0xfe, 0x00]), Buffer.from('4111111111111111'), Buffer.alloc(40, 7)];
      for (const { typed, type } of all()) {
        for (const format of ['text', 'binary'] as const) {
          for (const cell of garbage) {
            for (const [name, mask] of MASKS) {
              const masked = maskBytes(mask, cell, { type: type.text, format, dialect: 'mysql' });
              if (mask.how !== 'mask' || masked === null) continue;
              assert.ok(!masked.includes(cell), `${name} of ${cell.toString('hex')}, ${typed}, ${format}`);
            }
          }
        }
      }
    });

    test('the catalog names the types as results do', () => {
      for (const { typed, type, declared } of all()) {
        const found = mysqlColumnType(declared);
        // MariaDB's json is text with a condition, and what a set may hold is not told by its type.
        if (typed === 'json' && flavour === 'mariadb') assert.equal(found.kind, 'text');
        else if (typed.startsWith('set')) assert.equal(found.kind, 'enum');
        else if (found.kind === 'text' && found.charactersMax === null) assert.equal(type.text.kind, 'text');
        else assert.deepEqual(found, type.text, `${typed}, declared as ${declared}`);
      }
    });
  });
}

/** The two forms of a masked value stand for the same one. */
function checkSame(type: CellType, asText: Buffer, asBinary: Buffer, title: string): void {
  if (!DECODED.has(type.kind)) {
    assert.deepEqual(asBinary, asText, title);
    return;
  }
  const ofText = MYSQL_CODEC.decode(asText, 0, asText.length, type, 'text');
  const ofBinary = MYSQL_CODEC.decode(asBinary, 0, asBinary.length, type, 'binary');
  if (ofText?.kind === 'literal' || ofText?.kind === 'float')
    assert.equal(ofBinary?.kind, ofText.kind, title);
  else assert.deepEqual(ofBinary, ofText, title);
}
