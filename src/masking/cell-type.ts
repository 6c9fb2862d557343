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
  'unknown',
] as const;
export type ScalarKind = (typeof SCALAR_KINDS)[number];

export type CellType =
  | { readonly kind: ScalarKind }
  /** Characters that fit, as of varchar(n); null: no limit. */
  | { readonly kind: 'text'; readonly charactersMax: number | null }
  /** As of numeric(precision, scale); null: as many digits as the value has. */
  | { readonly kind: 'numeric'; readonly precision: number | null; readonly scale: number | null }
  | { readonly kind: 'enum'; readonly labels: readonly string[] }
  | { readonly kind: 'array'; readonly of: CellType; readonly delimiter: string }
  | { readonly kind: 'range'; readonly of: CellType }
  | { readonly kind: 'multirange'; readonly of: CellType }
  /** Null: the fields are not known, as of an anonymous record. */
  | { readonly kind: 'composite'; readonly fields: readonly CellType[] | null }
  | { readonly kind: 'domain'; readonly of: CellType };

/** Postgres sends every value in one of these; a row of another protocol counts as text. */
export type CellFormat = 'text' | 'binary';

export const TEXT: CellType = { kind: 'text', charactersMax: null };
export const UNKNOWN: CellType = { kind: 'unknown' };

/** The type under all domains. A domain's constraints are the server's affair: a client only reads the value. */
export function baseOf(type: CellType): Exclude<CellType, { kind: 'domain' }> {
  let base = type;
  while (base.kind === 'domain') base = base.of;
  return base;
}

/** `numeric(10,2)`, `varchar(20)`, `int4[]`, for messages to people. */
export function describeType(type: CellType): string {
  switch (type.kind) {
    case 'text':
      return type.charactersMax === null ? 'text' : `varchar(${type.charactersMax})`;
    case 'numeric':
      return type.precision === null ? 'numeric' : `numeric(${type.precision},${type.scale ?? 0})`;
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
