/** Detectors over cells of each type. What cannot be edited inside is masked whole, or NULL. */
import type { ByteSink } from './byte-sink.ts';
import { bindMasker, type CellMasker, KEPT, maskCell, NULLED, type Outcome, WRITTEN } from './cell-masker.ts';
import { baseOf, type CellFormat, type CellType, integerSize } from './cell-type.ts';
import type { CellCodec, CompoundKind } from './codec/codec.ts';
import { DetectingText } from './detect-text.ts';
import type { Scanner } from './detectors/scanner.ts';
import { hasBackslash } from './json/edit.ts';
import type { Masker } from './masker.ts';
import { canonicalText } from './value.ts';

/** Fewer digits than this are nothing that a detector looks for in a number. */
const NUMBER_BYTES_MIN = 9;
/** Fewer bits do not hold so many digits. */
const INTEGER_BITS_MIN = 30;

export interface Detection {
  readonly scanner: Scanner;
  /** By the numbers of the rules that the scanner reports. */
  readonly maskers: readonly Masker[];
  /** The rule for addresses of hosts, whose types say what they are; null where no rule looks for them. */
  readonly addressRule: number | null;
}

/** The detecting masker for a column; null where no value of the type can hold anything that is looked for. */
export function bindDetection(
  detection: Detection,
  type: CellType,
  format: CellFormat,
  codec: CellCodec,
): CellMasker | null {
  const base = baseOf(type);
  const whole = (of: CellType): CellMasker[] =>
    detection.maskers.map((masker) => bindMasker(masker, of, format, codec));
  const text = new DetectingText(detection.scanner, detection.maskers, codec);
  switch (base.kind) {
    case 'text':
      return new DetectTextCell(text, base.charactersMax);
    case 'json':
    case 'jsonb':
      return new DetectJsonCell(text, base, format, codec);
    case 'int2':
    case 'int4':
    case 'int8':
    case 'integer':
      if ((integerSize(base)?.bits ?? 0) < INTEGER_BITS_MIN) return null;
      return new DetectValueCell(text, base, format, codec, whole(base));
    case 'numeric':
    case 'float8':
    case 'bytea':
    case 'bytes':
      return new DetectValueCell(text, base, format, codec, whole(base));
    case 'inet':
    case 'cidr':
      return detection.addressRule === null ? null : (whole(base)[detection.addressRule] ?? null);
    case 'array': {
      const element = bindDetection(detection, base.of, format, codec);
      if (element === null) return null;
      return new DetectCompoundCell(text, 'array', [element], format, base.delimiter, codec);
    }
    case 'composite': {
      const fields = base.fields?.map((field) => bindDetection(detection, field, format, codec)) ?? null;
      if (fields?.every((field) => field === null) === true) return null;
      const parts = fields ?? new RawParts(text);
      return new DetectCompoundCell(text, 'composite', parts, format, ',', codec);
    }
    case 'range':
    case 'multirange': {
      const bound = bindDetection(detection, base.of, format, codec);
      return bound === null ? null : new DetectWholeCell(text, base.kind, bound, format, codec);
    }
    case 'unknown':
      return new DetectRawCell(text);
    default:
      return null;
  }
}

class DetectTextCell implements CellMasker {
  readonly #text: DetectingText;
  readonly #charactersMax: number | null;

  constructor(text: DetectingText, charactersMax: number | null) {
    this.#text = text;
    this.#charactersMax = charactersMax;
  }

  mask(source: Buffer, start: number, end: number, out: ByteSink): Outcome {
    const outcome = this.#text.text(source, start, end, this.#charactersMax, out);
    if (outcome === 'kept') return KEPT;
    return outcome === 'written' ? WRITTEN : NULLED;
  }
}

const REDACTED_JSON = Buffer.from('"[redacted]"');

class DetectJsonCell implements CellMasker {
  readonly #text: DetectingText;
  readonly #type: CellType;
  readonly #format: CellFormat;
  readonly #codec: CellCodec;

  constructor(text: DetectingText, type: CellType, format: CellFormat, codec: CellCodec) {
    this.#text = text;
    this.#type = type;
    this.#format = format;
    this.#codec = codec;
  }

  mask(source: Buffer, start: number, end: number, out: ByteSink): Outcome {
    const skipped = this.#codec.jsonPrefixBytes(source, start, end, this.#type, this.#format);
    if (skipped < 0) return NULLED;
    out.copy(source, start, start + skipped);
    const outcome = this.#text.json(source, start + skipped, end, out);
    if (outcome === 'kept') return KEPT;
    // The server takes it for JSON and we cannot read it: nothing of it is passed.
    if (outcome === 'not-json') out.copy(REDACTED_JSON, 0, REDACTED_JSON.length);
    return outcome === 'null' ? NULLED : WRITTEN;
  }
}

/** A number or bytes: a hit anywhere masks the whole value by the rule's masker. */
class DetectValueCell implements CellMasker {
  readonly #text: DetectingText;
  readonly #type: CellType;
  readonly #format: CellFormat;
  readonly #codec: CellCodec;
  readonly #whole: readonly CellMasker[];

  constructor(
    text: DetectingText,
    type: CellType,
    format: CellFormat,
    codec: CellCodec,
    whole: readonly CellMasker[],
  ) {
    this.#text = text;
    this.#type = type;
    this.#format = format;
    this.#codec = codec;
    this.#whole = whole;
  }

  mask(source: Buffer, start: number, end: number, out: ByteSink): Outcome {
    const rule = this.#rule(source, start, end);
    if (rule < 0) return KEPT;
    return this.#whole[rule]?.mask(source, start, end, out) ?? NULLED;
  }

  #rule(source: Buffer, start: number, end: number): number {
    // Doubles are printed with an exponent, `4.111e+15`, in which no detector would see the digits.
    const { kind } = this.#type;
    const plain = this.#format === 'text' && kind !== 'bytea' && kind !== 'float8';
    if (plain) return end - start < NUMBER_BYTES_MIN ? -1 : this.#text.firstRule(source, start, end);
    const value = this.#codec.decode(source, start, end, this.#type, this.#format);
    // What has no digits, such as NaN, is nothing that is looked for.
    if (value === null) return -1;
    const bytes = value.kind === 'bytes' ? value.bytes : Buffer.from(canonicalText(value));
    return bytes.length < NUMBER_BYTES_MIN ? -1 : this.#text.firstRule(bytes, 0, bytes.length);
  }
}

type Parts = { readonly length: number; at(index: number): CellMasker | null | undefined };

/** Arrays and composites: each part by its own type. In text, a scan of the whole tells whether to look closer. */
class DetectCompoundCell implements CellMasker {
  readonly #text: DetectingText;
  readonly #kind: CompoundKind;
  readonly #parts: Parts;
  readonly #format: CellFormat;
  readonly #delimiter: string;
  readonly #codec: CellCodec;

  constructor(
    text: DetectingText,
    kind: CompoundKind,
    parts: Parts,
    format: CellFormat,
    delimiter: string,
    codec: CellCodec,
  ) {
    this.#text = text;
    this.#kind = kind;
    this.#parts = parts;
    this.#format = format;
    this.#delimiter = delimiter;
    this.#codec = codec;
  }

  mask(source: Buffer, start: number, end: number, out: ByteSink): Outcome {
    if (
      this.#format === 'text' &&
      !hasBackslash(source, start, end) &&
      this.#text.firstRule(source, start, end) < 0
    ) {
      return KEPT;
    }
    let changed = false;
    const read = this.#codec.rewrite(
      source,
      start,
      end,
      this.#kind,
      this.#format,
      this.#delimiter,
      (inner, from, to, part, sink) => {
        const cell = this.#parts.at(part);
        const outcome = cell === null || cell === undefined ? KEPT : maskCell(cell, inner, from, to, sink);
        if (outcome === KEPT) sink.copy(inner, from, to);
        else changed = true;
        return outcome !== NULLED;
      },
      out,
    );
    if (!read) return NULLED;
    return changed ? WRITTEN : KEPT;
  }
}

/** Fields whose types are not known: one in which something is found is NULL. */
class RawParts implements Parts {
  readonly length = Number.POSITIVE_INFINITY;
  readonly #cell: CellMasker;

  constructor(text: DetectingText) {
    this.#cell = new DetectRawCell(text);
  }

  at(): CellMasker {
    return this.#cell;
  }
}

/** Ranges: a masked bound might not lie below the other one any more, so a hit makes the whole NULL. */
class DetectWholeCell implements CellMasker {
  readonly #compound: DetectCompoundCell;

  constructor(
    text: DetectingText,
    kind: CompoundKind,
    bound: CellMasker,
    format: CellFormat,
    codec: CellCodec,
  ) {
    this.#compound = new DetectCompoundCell(text, kind, [bound], format, ',', codec);
  }

  mask(source: Buffer, start: number, end: number, out: ByteSink): Outcome {
    return this.#compound.mask(source, start, end, out) === KEPT ? KEPT : NULLED;
  }
}

class DetectRawCell implements CellMasker {
  readonly #text: DetectingText;

  constructor(text: DetectingText) {
    this.#text = text;
  }

  mask(source: Buffer, start: number, end: number): Outcome {
    return this.#text.firstRule(source, start, end) < 0 ? KEPT : NULLED;
  }
}
