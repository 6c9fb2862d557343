import { baseOf, type CellType } from '../cell-type.ts';
import { decimalFrom, type Value } from '../value.ts';

/** Doubles hold integers exactly up to here; beyond, the digits that are printed are not those of the value. */
const EXACT_FLOAT_MAX = 2 ** 53;

/** Masks a number's integer part by its digits, without sign and fraction, and a uuid by its hexadecimal digits. */
export function maskDigits(value: Value, mask: (digits: string) => string): Value | null {
  switch (value.kind) {
    case 'integer': {
      const magnitude = value.value < 0n ? -value.value : value.value;
      return { kind: 'integer', value: BigInt(mask(magnitude.toString())) };
    }
    case 'decimal':
      return decimalFrom(false, mask(value.integer), '0'.repeat(value.fraction.length));
    case 'float': {
      const whole = Math.trunc(Math.abs(value.value));
      return whole >= EXACT_FLOAT_MAX ? null : { kind: 'float', value: Number(mask(whole.toFixed(0))) };
    }
    case 'uuid':
      return { kind: 'uuid', bytes: Buffer.from(mask(value.bytes.toString('hex')), 'hex') };
    default:
      return null;
  }
}

const WITH_DIGITS = new Set([
  'text',
  'json',
  'jsonb',
  'int2',
  'int4',
  'int8',
  'integer',
  'year',
  'numeric',
  'float4',
  'float8',
  'uuid',
]);

export function digitProblem(type: CellType): string | null {
  return WITH_DIGITS.has(baseOf(type).kind) ? null : 'it only works on text, numbers and uuids';
}
