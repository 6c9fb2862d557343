/** What a cell holds, in words that no dialect owns. A codec knows how a dialect writes each of them. */
export const SCALAR_KINDS = [
  'bool',
  'int2',
  'int4',
  'int8',
  'float4',
  'float8',
  'date',
  'time',
  'timetz',
  'timestamp',
  'timestamptz',
  'interval',
  'uuid',
  'bytea',
  'json',
  'jsonb',
  'inet',
  'cidr',
  'macaddr',
  'macaddr8',
  'year',
  'unknown',
] as const;
export type ScalarKind = (typeof SCALAR_KINDS)[number];

export type CellType =
  | { readonly kind: ScalarKind }
  /** Characters that fit, as of varchar(n); null: no limit. */
  | { readonly kind: 'text'; readonly charactersMax: number | null }
  /** As of numeric(precision, scale); null: as many digits as the value has. */
  | { readonly kind: 'numeric'; readonly precision: number | null; readonly scale: number | null }
  /** A whole number of MySQL's, of 8, 16, 24, 32 or 64 bits; Postgres' have kinds of their own. */
  | { readonly kind: 'integer'; readonly bits: number; readonly signed: boolean }
  /** So many bits, 64 at most, as MySQL's BIT(n) has them. */
  | { readonly kind: 'bits'; readonly bits: number }
  /** Bytes that fit, as of MySQL's varbinary(n) and blobs. */
  | { readonly kind: 'bytes'; readonly bytesMax: number }
  | { readonly kind: 'enum'; readonly labels: readonly string[] }
  | { readonly kind: 'array'; readonly of: CellType; readonly delimiter: string }
  | { readonly kind: 'range'; readonly of: CellType }
  | { readonly kind: 'multirange'; readonly of: CellType }
  /** Null: the fields are not known, as of an anonymous record. */
  | { readonly kind: 'composite'; readonly fields: readonly CellType[] | null }
  | { readonly kind: 'domain'; readonly of: CellType };

/** Who writes the cells: MariaDB's are MySQL's. */
export type CellDialect = 'postgres' | 'mysql';

/** Postgres has both for every value; MySQL's rows are of the text or of the binary protocol. */
export type CellFormat = 'text' | 'binary';

export const TEXT: CellType = { kind: 'text', charactersMax: null };
export const UNKNOWN: CellType = { kind: 'unknown' };

/** The type under all domains. A domain's constraints are the server's affair: a client only reads the value. */
export function baseOf(type: CellType): Exclude<CellType, { kind: 'domain' }> {
  let base = type;
  while (base.kind === 'domain') base = base.of;
  return base;
}

const POSTGRES_INTEGER_BITS: ReadonlyMap<string, number> = new Map([
  ['int2', 16],
  ['int4', 32],
  ['int8', 64],
]);

export interface IntegerSize {
  readonly bits: number;
  readonly signed: boolean;
}

/** Which whole numbers a type holds; null where it is none for whole numbers only. */
export function integerSize(type: CellType): IntegerSize | null {
  const base = baseOf(type);
  if (base.kind === 'integer') return base;
  const bits = POSTGRES_INTEGER_BITS.get(base.kind);
  return bits === undefined ? null : { bits, signed: true };
}

export function fitsInteger(value: bigint, { bits, signed }: IntegerSize): boolean {
  return (signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)) === value;
}

const INTEGER_NAMES: ReadonlyMap<number, string> = new Map([
  [8, 'tinyint'],
  [16, 'smallint'],
  [24, 'mediumint'],
  [32, 'int'],
  [64, 'bigint'],
]);

/** `numeric(10,2)`, `varchar(20)`, `int4[]`, for messages to people. */
export function describeType(type: CellType): string {
  switch (type.kind) {
    case 'text':
      return type.charactersMax === null ? 'text' : `varchar(${type.charactersMax})`;
    case 'numeric':
      return type.precision === null ? 'numeric' : `numeric(${type.precision},${type.scale ?? 0})`;
    case 'integer':
      return `${INTEGER_NAMES.get(type.bits) ?? 'int'}${type.signed ? '' : ' unsigned'}`;
    case 'bits':
      return `bit(${type.bits})`;
    case 'bytes':
      return `varbinary(${type.bytesMax})`;
    case 'array':
      return `${describeType(type.of)}[]`;
    case 'range':
    case 'multirange':
      return `${type.kind} of ${describeType(type.of)}`;
    case 'domain':
      return describeType(type.of);
    default:
      return type.kind;
  }
}
