/** From Postgres' type ids to neutral types: what is built in by its fixed id, everything else by the catalog. */
import { type CellType, type ScalarKind, TEXT, UNKNOWN } from '../cell-type.ts';

/** A row of pg_type, with what hangs on it; as a catalog gives it. */
export interface PostgresTypeRow {
  readonly oid: number;
  readonly name: string;
  /** pg_type.typtype: b base, c composite, d domain, e enum, m multirange, p pseudo, r range. */
  readonly typtype: string;
  /** The element's type, where this is a true array; 0 where not. */
  readonly elementOid: number;
  readonly delimiter: string;
  /** Of a domain; 0 where not. */
  readonly baseOid: number;
  readonly baseModifier: number;
  /** Of a range or multirange: the type of its bounds; 0 where not. */
  readonly boundOid: number;
  readonly labels: readonly string[];
  /** Of a composite: its fields in order. */
  readonly fields: readonly { readonly oid: number; readonly modifier: number }[];
}

/** Ids that never change (pg_type.dat). */
const SCALARS: ReadonlyMap<number, ScalarKind> = new Map([
  [16, 'bool'],
  [17, 'bytea'],
  [20, 'int8'],
  [21, 'int2'],
  [23, 'int4'],
  [114, 'json'],
  [650, 'cidr'],
  [700, 'float4'],
  [701, 'float8'],
  [774, 'macaddr8'],
  [829, 'macaddr'],
  [869, 'inet'],
  [1082, 'date'],
  [1083, 'time'],
  [1114, 'timestamp'],
  [1184, 'timestamptz'],
  [1186, 'interval'],
  [1266, 'timetz'],
  [2950, 'uuid'],
  [3802, 'jsonb'],
]);
const NAME = 19;
const TEXT_OID = 25;
const BPCHAR = 1042;
const VARCHAR = 1043;
const NUMERIC = 1700;
/** The type of a literal without a cast: text on the wire. */
const UNKNOWN_LITERAL = 705;
/** A modifier counts the bytes of a length word as well. */
const MODIFIER_EXTRA = 4;
const NAME_CHARACTERS = 63;
const DEPTH_MAX = 16;
/** Extension types whose values are text in both formats. */
const TEXT_NAMES = new Set(['citext']);

const BUILTIN_ARRAYS: ReadonlyMap<number, number> = new Map([
  [1000, 16],
  [1001, 17],
  [1003, 19],
  [1005, 21],
  [1007, 23],
  [1009, 25],
  [1014, 1042],
  [1015, 1043],
  [1016, 20],
  [1021, 700],
  [1022, 701],
  [1040, 829],
  [775, 774],
  [1041, 869],
  [651, 650],
  [1182, 1082],
  [1183, 1083],
  [1115, 1114],
  [1185, 1184],
  [1187, 1186],
  [1270, 1266],
  [1231, 1700],
  [2951, 2950],
  [199, 114],
  [3807, 3802],
]);
const BUILTIN_RANGES: ReadonlyMap<number, number> = new Map([
  [3904, 23],
  [3926, 20],
  [3906, 1700],
  [3908, 1114],
  [3910, 1184],
  [3912, 1082],
]);
const BUILTIN_MULTIRANGES: ReadonlyMap<number, number> = new Map([
  [4451, 23],
  [4536, 20],
  [4532, 1700],
  [4533, 1114],
  [4534, 1184],
  [4535, 1082],
]);

/**
 * The type of a field as RowDescription names it: its type id and modifier (-1: none). `lookUp` asks the catalog;
 * what it does not know is `unknown`, whose cells are only ever masked to NULL.
 */
export function postgresCellType(
  oid: number,
  modifier: number,
  lookUp: (oid: number) => PostgresTypeRow | undefined,
  depth = 0,
): CellType {
  const scalar = SCALARS.get(oid);
  if (scalar !== undefined) return { kind: scalar };
  const text = textType(oid, modifier);
  if (text !== null) return text;
  if (oid === NUMERIC) return numericType(modifier);
  if (depth >= DEPTH_MAX) return UNKNOWN;
  const of = (inner: number, innerModifier: number): CellType =>
    postgresCellType(inner, innerModifier, lookUp, depth + 1);
  const element = BUILTIN_ARRAYS.get(oid);
  if (element !== undefined) return { kind: 'array', of: of(element, modifier), delimiter: ',' };
  const bound = BUILTIN_RANGES.get(oid);
  if (bound !== undefined) return { kind: 'range', of: of(bound, -1) };
  const multi = BUILTIN_MULTIRANGES.get(oid);
  if (multi !== undefined) return { kind: 'multirange', of: of(multi, -1) };
  const row = lookUp(oid);
  return row === undefined ? UNKNOWN : catalogType(row, modifier, of);
}

function textType(oid: number, modifier: number): CellType | null {
  switch (oid) {
    case TEXT_OID:
    case UNKNOWN_LITERAL:
      return TEXT;
    case BPCHAR:
    case VARCHAR:
      return modifier < MODIFIER_EXTRA ? TEXT : { kind: 'text', charactersMax: modifier - MODIFIER_EXTRA };
    case NAME:
      return { kind: 'text', charactersMax: NAME_CHARACTERS };
    default:
      return null;
  }
}

/** The scale is an 11-bit signed number since Postgres 15 (numeric.c, numeric_typmod_scale). */
function numericType(modifier: number): CellType {
  if (modifier < MODIFIER_EXTRA) return { kind: 'numeric', precision: null, scale: null };
  const packed = modifier - MODIFIER_EXTRA;
  return { kind: 'numeric', precision: packed >> 16, scale: ((packed & 0x7ff) ^ 1024) - 1024 };
}

function catalogType(
  row: PostgresTypeRow,
  modifier: number,
  of: (oid: number, modifier: number) => CellType,
): CellType {
  switch (row.typtype) {
    case 'd':
      return { kind: 'domain', of: of(row.baseOid, row.baseModifier) };
    case 'e':
      return { kind: 'enum', labels: row.labels };
    case 'r':
      return { kind: 'range', of: of(row.boundOid, -1) };
    case 'm':
      return { kind: 'multirange', of: of(row.boundOid, -1) };
    case 'c':
      return { kind: 'composite', fields: row.fields.map((field) => of(field.oid, field.modifier)) };
    default:
      if (row.elementOid !== 0) {
        return { kind: 'array', of: of(row.elementOid, modifier), delimiter: row.delimiter };
      }
      return TEXT_NAMES.has(row.name) ? TEXT : UNKNOWN;
  }
}
