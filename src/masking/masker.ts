import type { ZodType, z } from 'zod';
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

/** Schemas are made where documents are read. The threads that mask do without the library, which takes 12 MB of each. */
export type Zod = typeof z;

/** A kind of masker, as the policy file names it under `with:`. */
export interface MaskerDefinition {
  readonly name: string;
  /** One line for the docs table and the editor's schema. */
  readonly summary: string;
  /** The options, as in `with: { NAME: OPTIONS }`. Null: written as the bare name, without options. */
  readonly options: ((library: Zod) => ZodType) | null;
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

/** One file's masker: `bind` gets the options as `read` takes them out of what has passed the schema. */
export function definition<Options = null>(written: {
  readonly name: string;
  readonly summary: string;
  options(library: Zod): ZodType<Options>;
  /** Throws where they are not there. */
  read(raw: unknown): Options;
  readonly keyed: boolean;
  bind(options: Options, context: MaskerContext): Masker;
}): MaskerDefinition {
  const { name, summary, keyed } = written;
  return {
    name,
    summary,
    options: (library) => written.options(library),
    keyed,
    make: (raw, context) => written.bind(written.read(raw), context),
  };
}

/** A masker without options and keys. */
export function plainDefinition(name: string, summary: string, masker: Masker): MaskerDefinition {
  return { name, summary, options: null, keyed: false, make: () => masker };
}

/** One option of a document. Undefined: it is not written. */
export function optionOf(raw: unknown, name: string): unknown {
  if (typeof raw !== 'object' || raw === null) throw new Error('a masker without its options');
  return Object.entries(raw).find(([key]) => key === name)?.[1];
}

/** An option that is text. Throws where it is neither there nor has an `otherwise`. */
export function textOption(raw: unknown, name: string, otherwise?: string): string {
  const value = optionOf(raw, name) ?? otherwise;
  if (typeof value !== 'string') throw new Error(`a masker without its option "${name}"`);
  return value;
}
