/** Column types on the wire (https://dev.mysql.com/doc/dev/mysql-server/latest/field__types_8h.html), and how wide values are. */

export const TYPE = {
  Decimal: 0x00,
  Tiny: 0x01,
  Short: 0x02,
  Long: 0x03,
  Float: 0x04,
  Double: 0x05,
  Null: 0x06,
  Timestamp: 0x07,
  LongLong: 0x08,
  Int24: 0x09,
  Date: 0x0a,
  Time: 0x0b,
  DateTime: 0x0c,
  Year: 0x0d,
  NewDate: 0x0e,
  VarChar: 0x0f,
  Bit: 0x10,
  Timestamp2: 0x11,
  DateTime2: 0x12,
  Time2: 0x13,
  /** MySQL 9. */
  Vector: 0xf2,
  Json: 0xf5,
  NewDecimal: 0xf6,
  Enum: 0xf7,
  Set: 0xf8,
  TinyBlob: 0xf9,
  MediumBlob: 0xfa,
  LongBlob: 0xfb,
  Blob: 0xfc,
  VarString: 0xfd,
  String: 0xfe,
  Geometry: 0xff,
} as const;

/** In the binary protocol: bytes of a value; or a length in one byte and the value; or a length-encoded string. */
export type Width = number | 'temporal' | 'string';

const WIDTHS: ReadonlyMap<number, Width> = new Map<number, Width>([
  [TYPE.Decimal, 'string'],
  [TYPE.Tiny, 1],
  [TYPE.Short, 2],
  [TYPE.Long, 4],
  [TYPE.Float, 4],
  [TYPE.Double, 8],
  [TYPE.Null, 0],
  [TYPE.Timestamp, 'temporal'],
  [TYPE.LongLong, 8],
  [TYPE.Int24, 4],
  [TYPE.Date, 'temporal'],
  [TYPE.Time, 'temporal'],
  [TYPE.DateTime, 'temporal'],
  [TYPE.Year, 2],
  [TYPE.NewDate, 'temporal'],
  [TYPE.VarChar, 'string'],
  [TYPE.Bit, 'string'],
  [TYPE.Timestamp2, 'temporal'],
  [TYPE.DateTime2, 'temporal'],
  [TYPE.Time2, 'temporal'],
  [TYPE.Vector, 'string'],
  [TYPE.Json, 'string'],
  [TYPE.NewDecimal, 'string'],
  [TYPE.Enum, 'string'],
  [TYPE.Set, 'string'],
  [TYPE.TinyBlob, 'string'],
  [TYPE.MediumBlob, 'string'],
  [TYPE.LongBlob, 'string'],
  [TYPE.Blob, 'string'],
  [TYPE.VarString, 'string'],
  [TYPE.String, 'string'],
  [TYPE.Geometry, 'string'],
]);

/** Null for a type that is not known: where its values end cannot be told. */
export function widthOf(type: number): Width | null {
  return WIDTHS.get(type) ?? null;
}
