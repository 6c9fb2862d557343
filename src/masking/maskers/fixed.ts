import { baseOf, type CellType, describeType } from '../cell-type.ts';
import { type Constant, definition, type Masker } from '../masker.ts';
import { writeWithin } from './characters.ts';

/** One value that the policy's author wrote, read as the server would read its text. */
export const fixed = definition<string | number | boolean>({
  name: 'fixed',
  summary: 'one value of your own, written as text',
  options: (z) => z.union([z.string(), z.number(), z.boolean()]),
  read(raw) {
    if (typeof raw === 'string' || typeof raw === 'number' || typeof raw === 'boolean') return raw;
    throw new Error('a fixed value that is none');
  },
  keyed: false,
  bind(options, { codec }): Masker {
    const text = String(options);
    const bytes = Buffer.from(text);
    const constant = (type: CellType): Constant | null => {
      const base = baseOf(type);
      switch (base.kind) {
        case 'text':
          return base.charactersMax === null || [...text].length <= base.charactersMax
            ? { kind: 'text', text }
            : null;
        case 'enum':
          return base.labels.includes(text) ? { kind: 'text', text } : null;
        case 'json':
        case 'jsonb':
          return { kind: 'text', text: jsonOf(text) };
        case 'bool':
          return typeof options === 'boolean' || text === 't' || text === 'f'
            ? { kind: 'bool', value: options === true || text === 't' }
            : null;
        case 'bits':
          return /^\d{1,20}$/.test(text) && BigInt.asUintN(base.bits, BigInt(text)) === BigInt(text)
            ? { kind: 'integer', value: BigInt(text) }
            : null;
        default: {
          const value = codec.decode(bytes, 0, bytes.length, base, 'text');
          return value !== null && codec.encode(value, base, 'binary') !== null ? value : null;
        }
      }
    };
    return {
      monotone: false,
      opaque: true,
      text: (_source, _start, _end, out, charactersMax) => writeWithin(text, out, charactersMax),
      value(_value, type) {
        const value = constant(type);
        return value === null || value.kind === 'text' || value.kind === 'empty' ? null : value;
      },
      problem: (type) =>
        constant(type) === null ? `${JSON.stringify(text)} is no value of ${describeType(type)}` : null,
      constant,
    };
  },
});

function jsonOf(text: string): string {
  try {
    JSON.parse(text);
    return text;
  } catch {
    return JSON.stringify(text);
  }
}
