/** MySQL's and MariaDB's encodings of values, in rows of the text protocol and of the binary one. */
import type { CellCodec } from './codec.ts';
import { decodeMysql, encodeMysql } from './mysql-scalars.ts';

const NOTHING = Buffer.alloc(0);

/** A cell is its value's bytes, without the length in front of those that have one. JSON is plain text in both formats. */
export const MYSQL_CODEC: CellCodec = {
  dialect: 'mysql',
  decode: decodeMysql,
  encode: encodeMysql,
  jsonPrefixBytes: () => 0,
  jsonPrefix: () => NOTHING,
  // There are no arrays, composites and ranges.
  rewrite: () => false,
  emptyOf: () => null,
};
