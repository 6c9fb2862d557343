/** From MySQL's types to neutral ones: of a result's column, by its definition, and of a table's, by its declaration. */
import type { MysqlResultField } from '../../core/masks.ts';
import { type CellType, TEXT, UNKNOWN } from '../cell-type.ts';

const UNSIGNED = 0x20;
const ENUM = 0x100;
const SET = 0x800;
const BINARY_CHARSET = 63;
const UTF8MB3 = { bytesPerCharacter: 3, from: 192, to: 215, others: new Set([33, 76, 83, 223]) };
const ASCII = new Set([11, 65]);
const UTF8MB4 = new Set([45, 46]);

/** Bits of the whole numbers, by Protocol::ColumnType. */
const INTEGER_BITS: ReadonlyMap<number, number> = new Map([
  [1, 8],
  [2, 16],
  [3, 32],
  [8, 64],
  [9, 24],
]);
const TYPE = {
  decimal: 0,
  float: 4,
  double: 5,
  timestamp: 7,
  date: 10,
  time: 11,
  datetime: 12,
  year: 13,
  newDate: 14,
  varchar: 15,
  bit: 16,
  json: 245,
  newDecimal: 246,
  enum: 247,
  set: 248,
  tinyBlob: 249,
  mediumBlob: 250,
  longBlob: 251,
  blob: 252,
  varString: 253,
  string: 254,
} as const;
/** More decimals than any column has stand for as many as a value needs. */
const DECIMALS_MAX = 38;

/**
 * The type of a result's column. `labels`: of the enum that it is taken from, where the catalog knows it. What is not
 * known is `unknown`, whose cells are only ever masked to NULL.
 */
export function mysqlCellType(field: MysqlResultField, labels: readonly string[] = []): CellType {
  const bits = INTEGER_BITS.get(field.type);
  if (bits !== undefined) return { kind: 'integer', bits, signed: (field.flags & UNSIGNED) === 0 };
  switch (field.type) {
    case TYPE.decimal:
    case TYPE.newDecimal:
      return decimalType(field);
    case TYPE.float:
      return { kind: 'float4' };
    case TYPE.double:
      return { kind: 'float8' };
    case TYPE.date:
    case TYPE.newDate:
      return { kind: 'date' };
    case TYPE.timestamp:
    case TYPE.datetime:
      return { kind: 'timestamp' };
    case TYPE.time:
      return { kind: 'time' };
    case TYPE.year:
      return { kind: 'year' };
    case TYPE.bit:
      return { kind: 'bits', bits: field.lengthMax };
    case TYPE.json:
      return { kind: 'json' };
    case TYPE.enum:
    case TYPE.set:
      return { kind: 'enum', labels };
    case TYPE.varchar:
    case TYPE.varString:
    case TYPE.string:
    case TYPE.tinyBlob:
    case TYPE.mediumBlob:
    case TYPE.longBlob:
    case TYPE.blob:
      return (field.flags & (ENUM | SET)) === 0 ? stringType(field) : { kind: 'enum', labels };
    default:
      return UNKNOWN;
  }
}

/** The length counts the point, where there are decimals, and the sign, where there may be one. */
function decimalType({ lengthMax, decimals, flags }: MysqlResultField): CellType {
  if (decimals > DECIMALS_MAX) return { kind: 'numeric', precision: null, scale: null };
  const signs = (decimals > 0 ? 1 : 0) + ((flags & UNSIGNED) === 0 ? 1 : 0);
  return { kind: 'numeric', precision: Math.max(decimals, lengthMax - signs), scale: decimals };
}

/** Anything but bytes and the UTF-8 that sessions are held to is not decoded. */
function stringType({ charset, lengthMax }: MysqlResultField): CellType {
  if (charset === BINARY_CHARSET) return { kind: 'bytes', bytesMax: lengthMax };
  const bytes = bytesPerCharacter(charset);
  return bytes === null ? UNKNOWN : { kind: 'text', charactersMax: Math.floor(lengthMax / bytes) };
}

/** By the id of a collation; null: of no character set that results come in. */
function bytesPerCharacter(collation: number): number | null {
  if (ASCII.has(collation)) return 1;
  if (UTF8MB3.others.has(collation) || (collation >= UTF8MB3.from && collation <= UTF8MB3.to)) return 3;
  const isUtf8mb4 =
    UTF8MB4.has(collation) ||
    (collation >= 224 && collation <= 247) ||
    (collation >= 255 && collation <= 323) ||
    // MariaDB's own: its later versions of the Unicode collations.
    (collation >= 1024 && collation < 4096);
  return isUtf8mb4 ? 4 : null;
}

const INTEGER_NAMES: ReadonlyMap<string, number> = new Map([
  ['tinyint', 8],
  ['smallint', 16],
  ['mediumint', 24],
  ['int', 32],
  ['integer', 32],
  ['bigint', 64],
]);
const BYTES_OF_BLOBS: ReadonlyMap<string, number> = new Map([
  ['tinyblob', 0xff],
  ['blob', 0xffff],
  ['mediumblob', 0xffffff],
  ['longblob', 0xffffffff],
]);

/** The type of a table's column, by COLUMN_TYPE of information_schema.COLUMNS: `int(10) unsigned`, `enum('a','b')`. */
export function mysqlColumnType(declared: string): CellType {
  const match = /^(\w+)(?:\((.*)\))?(.*)$/s.exec(declared.trim());
  if (match === null) return UNKNOWN;
  const [, written = '', inside = '', behind = ''] = match;
  const name = written.toLowerCase();
  const [first = 0, second = 0] = inside.split(',').map(Number);
  const bits = INTEGER_NAMES.get(name);
  if (bits !== undefined) return { kind: 'integer', bits, signed: !/unsigned/i.test(behind) };
  const bytesMax = BYTES_OF_BLOBS.get(name);
  if (bytesMax !== undefined) return { kind: 'bytes', bytesMax };
  switch (name) {
    case 'decimal':
      return { kind: 'numeric', precision: first, scale: second };
    case 'float':
      return { kind: 'float4' };
    case 'double':
      return { kind: 'float8' };
    case 'date':
    case 'time':
    case 'year':
    case 'json':
      return { kind: name };
    case 'datetime':
    case 'timestamp':
      return { kind: 'timestamp' };
    case 'bit':
      return { kind: 'bits', bits: first };
    case 'enum':
      return { kind: 'enum', labels: labelsIn(inside) };
    case 'set':
      return { kind: 'enum', labels: [] };
    case 'char':
    case 'varchar':
      return { kind: 'text', charactersMax: first };
    case 'tinytext':
    case 'text':
    case 'mediumtext':
    case 'longtext':
      return TEXT;
    case 'binary':
    case 'varbinary':
      return { kind: 'bytes', bytesMax: first };
    // MariaDB sends these as text.
    case 'uuid':
      return { kind: 'text', charactersMax: 36 };
    case 'inet4':
      return { kind: 'text', charactersMax: 15 };
    case 'inet6':
      return { kind: 'text', charactersMax: 39 };
    default:
      return UNKNOWN;
  }
}

/** `'a','it''s'`. */
function labelsIn(list: string): readonly string[] {
  return [...list.matchAll(/'((?:[^']|'')*)'/g)].map(([, label = '']) => label.replaceAll("''", "'"));
}
