import type { z } from 'zod';
import type { ByteSink } from './byte-sink.ts';
import type { CellType } from './cell-type.ts';
import type { CellCodec } from './codec/codec.ts';
import type { KeyRing } from './keys.ts';
import type { Value } from './value.ts';

/** A masker with its options and keys, ready for cells of any type. */
export interface Masker {
  /**
   * Writes the masked form of UTF-8 text to `out`; false: there is none, and the cell becomes NULL. `charactersMax`
   * is what the column holds (null: no limit); nothing longer may be written. Bytes that are no UTF-8 may come in,
   * but never go out.
   */
  text(source: Buffer, start: number, end: number, out: ByteSink, charactersMax: number | null): boolean;
  /** The masked form of any other value; null: there is none, and the cell becomes NULL. */
  value(value: Value, type: CellType): Value | null;
  /** Why no cell of a type could ever be masked to anything but NULL; null: it can be. Never a domain, array or composite. */
  problem(type: CellType): string | null;
  /** The masked value, where it does not depend on the cell; null: it is NULL. Absent: it does depend on the cell. */
  constant?(type: CellType): Constant | null;
  /** True where a ≤ b makes masked a ≤ masked b, so that the bounds of a range can be masked one by one. */
  readonly monotone: boolean;
  /** True where nothing of the value's form is left, so that JSON of any shape can be masked as one text. */
  readonly opaque: boolean;
}

/** `text` is the whole text of a text, JSON or enum cell; `empty` the empty range. */
export type Constant = Value | { readonly kind: 'text'; readonly text: string } | { readonly kind: 'empty' };

/** A kind of masker, as the policy file names it under `with:`. */
export interface MaskerDefinition {
  readonly name: string;
  /** One line for the docs table and the editor's schema. */
  readonly summary: string;
  /** The options, as in `with: { NAME: OPTIONS }`. Null: written as the bare name, without options. */
  readonly options: z.ZodType | null;
  /** It needs a key ring, which the option `key` names. */
  readonly keyed: boolean;
  /** Throws where the options are not those of the schema. */
  make(options: unknown, context: MaskerContext): Masker;
}

export interface MaskerContext {
  /** Present for every keyed masker. */
  readonly ring: KeyRing | null;
  readonly codec: CellCodec;
}

/** The ring of a keyed masker. Throws where the configuration let one through without. */
export function ringOf(context: MaskerContext): KeyRing {
  if (context.ring === null) throw new Error('a keyed masker without a key ring');
  return context.ring;
}

/** One file's masker: `bind` gets the options as its schema gives them back. */
export function definition<Options = null>(written: {
  readonly name: string;
  readonly summary: string;
  readonly options: z.ZodType<Options>;
  readonly keyed: boolean;
  bind(options: Options, context: MaskerContext): Masker;
}): MaskerDefinition {
  const { name, summary, options, keyed } = written;
  return { name, summary, options, keyed, make: (raw, context) => written.bind(options.parse(raw), context) };
}

/** A masker without options and keys. */
export function plainDefinition(name: string, summary: string, masker: Masker): MaskerDefinition {
  return { name, summary, options: null, keyed: false, make: () => masker };
}
