/** Exact numbers as text, which all dialects write alike. */
import { type DecimalValue, decimalFrom } from '../value.ts';

/** What Postgres itself takes: 131072 digits before the point, 16383 after it. MySQL's columns tell their precision. */
const INTEGER_DIGITS_MAX = 131_072;
const FRACTION_DIGITS_MAX = 16_383;

export function decodeNumericText(text: string): DecimalValue | null {
  const match = /^(-?)(\d+)(?:\.(\d*))?$/.exec(text);
  return match === null ? null : decimalFrom(match[1] === '-', match[2] ?? '', match[3] ?? '');
}

/** Whether a value fits numeric(precision, scale), as the server would check it on input. */
export function fitsNumeric(value: DecimalValue, precision: number | null, scale: number | null): boolean {
  const integer = value.integer === '0' ? 0 : value.integer.length;
  if (integer > INTEGER_DIGITS_MAX || value.fraction.length > FRACTION_DIGITS_MAX) return false;
  if (precision === null) return true;
  const fraction = value.fraction.replace(/0+$/, '').length;
  return fraction <= Math.max(0, scale ?? 0) && integer <= precision - (scale ?? 0);
}

export function encodeNumericText(value: DecimalValue): Buffer {
  const fraction = value.fraction === '' ? '' : `.${value.fraction}`;
  return Buffer.from(`${value.negative ? '-' : ''}${value.integer}${fraction}`, 'latin1');
}
