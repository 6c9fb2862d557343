import { baseOf } from '../cell-type.ts';
import { definition, type Masker, optionOf } from '../masker.ts';
import { type DecimalValue, decimalFrom } from '../value.ts';
import { writeWithin } from './characters.ts';

/** Text longer than this is no number that anybody sorts into buckets. */
const NUMBER_BYTES_MAX = 40;

/** Where in a row of equal buckets a number lies: the bucket's lower edge, or `30-39` in text. */
export const range = definition<{ width: number }>({
  name: 'range',
  summary: 'the lower edge of the bucket of a number; lower-upper in text',
  options: (z) => z.strictObject({ width: z.int().positive() }),
  read(raw) {
    const width = optionOf(raw, 'width');
    if (typeof width !== 'number' || width < 1) throw new Error('a range without its width');
    return { width };
  },
  keyed: false,
  bind({ width }): Masker {
    const step = BigInt(width);
    return {
      monotone: true,
      opaque: false,
      text(source, start, end, out, charactersMax) {
        if (end - start > NUMBER_BYTES_MAX) return false;
        const match = /^\s*(-?)(\d+)(?:\.(\d+))?\s*$/.exec(source.latin1Slice(start, end));
        if (match === null) return false;
        const low = floorOf(decimalFrom(match[1] === '-', match[2] ?? '', match[3] ?? ''), step);
        const text = width === 1 ? String(low) : `${low}-${low + step - 1n}`;
        return writeWithin(text, out, charactersMax);
      },
      value(value) {
        switch (value.kind) {
          case 'integer':
            return { kind: 'integer', value: floorTo(value.value, step) };
          case 'decimal': {
            const low = floorOf(value, step);
            const fraction = '0'.repeat(value.fraction.length);
            return decimalFrom(low < 0n, (low < 0n ? -low : low).toString(), fraction);
          }
          case 'float':
            return { kind: 'float', value: Math.floor(value.value / width) * width };
          default:
            return null;
        }
      },
      problem: (type) => (NUMBERS.has(baseOf(type).kind) ? null : 'it only works on numbers and text'),
    };
  },
});

const NUMBERS = new Set(['text', 'int2', 'int4', 'int8', 'integer', 'year', 'numeric', 'float4', 'float8']);

function floorTo(value: bigint, step: bigint): bigint {
  const rest = value % step;
  return value - (rest < 0n ? rest + step : rest);
}

function floorOf(value: DecimalValue, step: bigint): bigint {
  const whole = BigInt(value.integer);
  if (!value.negative) return floorTo(whole, step);
  return floorTo(/[1-9]/.test(value.fraction) ? -whole - 1n : -whole, step);
}
