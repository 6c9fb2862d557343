import type { ByteSink } from '../byte-sink.ts';
import type { CellDialect, CellFormat, CellType } from '../cell-type.ts';
import type { Value } from '../value.ts';

/** Writes one part's masked form to `out`; false: the part becomes NULL, and nothing was written. */
export type PartMasker = (source: Buffer, start: number, end: number, part: number, out: ByteSink) => boolean;

export type CompoundKind = 'array' | 'composite' | 'range' | 'multirange';

/**
 * How one dialect writes values. Pure; nothing outside of [start, end) is read. Text and JSON are not decoded here:
 * their bytes are UTF-8 in both formats, behind the prefix that `jsonPrefixBytes` tells.
 */
export interface CellCodec {
  readonly dialect: CellDialect;
  /** Null: the bytes are no such value, or one that has no neutral form (NaN, infinity). */
  decode(source: Buffer, start: number, end: number, type: CellType, format: CellFormat): Value | null;
  /** Null: the type cannot hold the value. */
  encode(value: Value, type: CellType, format: CellFormat): Buffer | null;
  /** Bytes before the JSON text: jsonb's binary form begins with its version. Minus one: not a form we know. */
  jsonPrefixBytes(source: Buffer, start: number, end: number, type: CellType, format: CellFormat): number;
  /** What has to stand before JSON text. */
  jsonPrefix(type: CellType, format: CellFormat): Buffer;
  /**
   * Writes a compound value with each part masked; false: it could not be read, and nothing was written. `part` is the
   * field's number in a composite, and 0 in all others. A NULL part stays NULL.
   */
  rewrite(
    source: Buffer,
    start: number,
    end: number,
    kind: CompoundKind,
    format: CellFormat,
    delimiter: string,
    mask: PartMasker,
    out: ByteSink,
  ): boolean;
  /** The value without anything in it: `{}`, `empty`. Null: the kind has none. */
  emptyOf(kind: CompoundKind, format: CellFormat): Buffer | null;
}
