import { writeJsonString } from '../json/index.ts';
import type { ByteSink } from './byte-sink.ts';
import { baseOf, type CellFormat, type CellType, describeType } from './cell-type.ts';
import type { CellCodec, CompoundKind, PartMasker } from './codec/codec.ts';
import type { Constant, Masker } from './masker.ts';
import { isLonger } from './maskers/characters.ts';

/** What became of a cell. `kept`: its own bytes stand, and nothing was written. */
export const KEPT = 0;
export const WRITTEN = 1;
export const NULLED = 2;
export type Outcome = typeof KEPT | typeof WRITTEN | typeof NULLED;

/** Masks the cells of one column: of one type, in one format. */
export interface CellMasker {
  /** Reads only [start, end); writes the cell's new bytes, without a length, behind what `out` holds. */
  mask(source: Buffer, start: number, end: number, out: ByteSink): Outcome;
}

/** A cell that cannot be decoded, or whose masking failed, is NULL: it is masked, not passed. Never throws. */
export function maskCell(
  cell: CellMasker,
  source: Buffer,
  start: number,
  end: number,
  out: ByteSink,
): Outcome {
  const before = out.at;
  try {
    const outcome = cell.mask(source, start, end, out);
    if (outcome !== WRITTEN) out.at = before;
    return outcome;
  } catch {
    out.at = before;
    return NULLED;
  }
}

const ALWAYS_NULL: CellMasker = { mask: () => NULLED };

/** The masker for a column whose every cell is masked. */
export function bindMasker(masker: Masker, type: CellType, format: CellFormat, codec: CellCodec): CellMasker {
  const base = baseOf(type);
  if (masker.constant !== undefined && base.kind !== 'array' && base.kind !== 'composite') {
    return constantCell(constantBytes(masker.constant(base), base, format, codec));
  }
  switch (base.kind) {
    case 'text':
      return new TextCell(masker, base.charactersMax);
    case 'json':
    case 'jsonb':
      return new JsonCell(masker, base, format, codec);
    case 'enum':
    case 'unknown':
      return ALWAYS_NULL;
    case 'array': {
      // One NULL, and not as many as there are elements: their number is not to be seen either.
      if (masker.constant?.(base.of) === null) return ALWAYS_NULL;
      const element = bindMasker(masker, base.of, format, codec);
      return new CompoundCell('array', [element], format, base.delimiter, codec);
    }
    case 'composite': {
      // All fields NULL is not the same as NULL, which is what a NULL value stays.
      if (base.fields === null || base.fields.every((field) => masker.constant?.(baseOf(field)) === null))
        return ALWAYS_NULL;
      const fields = base.fields.map((field) => bindMasker(masker, field, format, codec));
      return new CompoundCell('composite', fields, format, ',', codec);
    }
    case 'range':
    case 'multirange': {
      if (!masker.monotone) return ALWAYS_NULL;
      const bound = bindMasker(masker, base.of, format, codec);
      return new CompoundCell(base.kind, [bound], format, ',', codec);
    }
    default:
      return new ScalarCell(masker, base, format, codec);
  }
}

/** What a constant is in bytes; null: NULL. */
export function constantBytes(
  constant: Constant | null,
  type: CellType,
  format: CellFormat,
  codec: CellCodec,
): Buffer | null {
  if (constant === null) return null;
  const base = baseOf(type);
  if (constant.kind === 'empty') {
    return base.kind === 'range' || base.kind === 'multirange' ? codec.emptyOf(base.kind, format) : null;
  }
  if (constant.kind !== 'text') return codec.encode(constant, base, format);
  return Buffer.concat([codec.jsonPrefix(base, format), Buffer.from(constant.text)]);
}

function constantCell(bytes: Buffer | null): CellMasker {
  if (bytes === null) return ALWAYS_NULL;
  return {
    mask(_source, _start, _end, out) {
      out.copy(bytes, 0, bytes.length);
      return WRITTEN;
    },
  };
}

/**
 * Why a masker can never mask a column of this type to anything but NULL, for the configuration's check; null where
 * it can.
 */
export function maskerProblem(masker: Masker, type: CellType): string | null {
  const base = baseOf(type);
  switch (base.kind) {
    case 'array':
      return maskerProblem(masker, base.of);
    case 'composite': {
      const fields = base.fields ?? [];
      if (fields.some((field) => maskerProblem(masker, field) === null)) return null;
      return masker.problem({ kind: 'unknown' });
    }
    case 'range':
    case 'multirange':
      if (masker.constant !== undefined) return masker.problem(base);
      if (masker.monotone) return maskerProblem(masker, base.of);
      return `the bounds of a ${describeType(base)} would lose their order; use redact or null`;
    default:
      return masker.problem(base);
  }
}

class TextCell implements CellMasker {
  readonly #masker: Masker;
  readonly #charactersMax: number | null;

  constructor(masker: Masker, charactersMax: number | null) {
    this.#masker = masker;
    this.#charactersMax = charactersMax;
  }

  mask(source: Buffer, start: number, end: number, out: ByteSink): Outcome {
    const from = out.at;
    const max = this.#charactersMax;
    if (!this.#masker.text(source, start, end, out, max)) return NULLED;
    // A value that was longer than its column is none of it, and what keeps a value's length would be none either.
    return max !== null && isLonger(out.bytes, from, out.at, max) ? NULLED : WRITTEN;
  }
}

class ScalarCell implements CellMasker {
  readonly #masker: Masker;
  readonly #type: CellType;
  readonly #format: CellFormat;
  readonly #codec: CellCodec;

  constructor(masker: Masker, type: CellType, format: CellFormat, codec: CellCodec) {
    this.#masker = masker;
    this.#type = type;
    this.#format = format;
    this.#codec = codec;
  }

  mask(source: Buffer, start: number, end: number, out: ByteSink): Outcome {
    const value = this.#codec.decode(source, start, end, this.#type, this.#format);
    const masked = value === null ? null : this.#masker.value(value, this.#type);
    const bytes = masked === null ? null : this.#codec.encode(masked, this.#type, this.#format);
    if (bytes === null) return NULLED;
    out.copy(bytes, 0, bytes.length);
    return WRITTEN;
  }
}

const REDACTED_JSON = Buffer.from('"[redacted]"');
const STRUCTURE = new Set(['{', '[']);

/** A JSON string or number is masked as text; what has more than one value in it is masked as a whole. */
class JsonCell implements CellMasker {
  readonly #masker: Masker;
  readonly #type: CellType;
  readonly #format: CellFormat;
  readonly #codec: CellCodec;
  readonly #prefix: Buffer;

  constructor(masker: Masker, type: CellType, format: CellFormat, codec: CellCodec) {
    this.#masker = masker;
    this.#type = type;
    this.#format = format;
    this.#codec = codec;
    this.#prefix = codec.jsonPrefix(type, format);
  }

  mask(source: Buffer, start: number, end: number, out: ByteSink): Outcome {
    const skipped = this.#codec.jsonPrefixBytes(source, start, end, this.#type, this.#format);
    if (skipped < 0) return NULLED;
    const text = source.utf8Slice(start + skipped, end).trim();
    out.copy(this.#prefix, 0, this.#prefix.length);
    if (STRUCTURE.has(text.charAt(0)) && !this.#masker.opaque) {
      out.copy(REDACTED_JSON, 0, REDACTED_JSON.length);
      return WRITTEN;
    }
    const value: unknown = STRUCTURE.has(text.charAt(0)) ? text : JSON.parse(text);
    if (value === null) return NULLED;
    const plain = Buffer.from(typeof value === 'string' ? value : text);
    const from = out.at;
    if (!this.#masker.text(plain, 0, plain.length, out, null)) return NULLED;
    const masked = out.taken(from);
    out.at = from;
    writeJsonString(masked, 0, masked.length, out);
    return WRITTEN;
  }
}

class CompoundCell implements CellMasker {
  readonly #kind: CompoundKind;
  readonly #format: CellFormat;
  readonly #delimiter: string;
  readonly #codec: CellCodec;
  readonly #mask: PartMasker;

  constructor(
    kind: CompoundKind,
    parts: readonly CellMasker[],
    format: CellFormat,
    delimiter: string,
    codec: CellCodec,
  ) {
    this.#kind = kind;
    this.#format = format;
    this.#delimiter = delimiter;
    this.#codec = codec;
    this.#mask = (source, start, end, part, out) => {
      const cell = parts[part];
      if (cell === undefined) return false;
      const outcome = maskCell(cell, source, start, end, out);
      if (outcome === KEPT) out.copy(source, start, end);
      return outcome !== NULLED;
    };
  }

  mask(source: Buffer, start: number, end: number, out: ByteSink): Outcome {
    const read = this.#codec.rewrite(
      source,
      start,
      end,
      this.#kind,
      this.#format,
      this.#delimiter,
      this.#mask,
      out,
    );
    return read ? WRITTEN : NULLED;
  }
}
