/** A decoded value that is no text. What a codec cannot put into one of these counts as not decodable. */
export type Value =
  | { readonly kind: 'integer'; readonly value: bigint }
  | DecimalValue
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'bool'; readonly value: boolean }
  /** Days since 1970-01-01 in the proleptic Gregorian calendar. */
  | { readonly kind: 'date'; readonly days: number }
  /** Microseconds since 1970-01-01 00:00:00; of UTC where the type has a time zone. */
  | { readonly kind: 'timestamp'; readonly micros: bigint }
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  /** 16 bytes. */
  | { readonly kind: 'uuid'; readonly bytes: Buffer }
  /** The text of a value that has no form of its own here: an interval, an address. Only constants have it. */
  | { readonly kind: 'literal'; readonly text: string };

/** Decimal digits without a sign or a point; `integer` has no leading zeros but is never empty. */
export interface DecimalValue {
  readonly kind: 'decimal';
  readonly negative: boolean;
  readonly integer: string;
  readonly fraction: string;
}

export function decimalFrom(negative: boolean, integer: string, fraction: string): DecimalValue {
  const digits = integer.replace(/^0+(?=.)/, '');
  const zero = /^0*$/.test(digits + fraction);
  return { kind: 'decimal', negative: negative && !zero, integer: digits === '' ? '0' : digits, fraction };
}

/** The value as the one text that stands for it in every type and format, so that keyed hashes of equal values agree. */
export function canonicalText(value: Value): string {
  switch (value.kind) {
    case 'integer':
      return value.value.toString();
    case 'decimal': {
      const fraction = value.fraction.replace(/0+$/, '');
      return `${value.negative ? '-' : ''}${value.integer}${fraction === '' ? '' : `.${fraction}`}`;
    }
    case 'float':
      return String(value.value);
    case 'bool':
      return value.value ? 't' : 'f';
    case 'date':
      return `date ${value.days}`;
    case 'timestamp':
      return `timestamp ${value.micros}`;
    case 'bytes':
      return value.bytes.toString('latin1');
    case 'uuid':
      return formatUuid(value.bytes);
    case 'literal':
      return value.text;
  }
}

export function formatUuid(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

export const MICROS_PER_DAY = 86_400_000_000n;

/** Days since 1970-01-01 of 1 January of a year, counted astronomically (year 0 is 1 BC). */
export function daysOfYearStart(year: number): number {
  const before = year - 1;
  const leaps = Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400);
  return before * 365 + leaps - 719_162;
}

/** The astronomical year in which a day lies. */
export function yearOfDays(days: number): number {
  let year = 1970 + Math.floor(days / 365.2425);
  while (daysOfYearStart(year) > days) year--;
  while (daysOfYearStart(year + 1) <= days) year++;
  return year;
}

/** Days since 1970-01-01; null where there is no such day. */
export function daysOfDate(year: number, month: number, day: number): number | null {
  if (month < 1 || month > 12 || day < 1) return null;
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const lengths = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  if (day > (lengths[month - 1] ?? 0)) return null;
  let days = daysOfYearStart(year) + day - 1;
  for (let i = 0; i < month - 1; i++) days += lengths[i] ?? 0;
  return days;
}

export interface CivilDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

export function dateOfDays(days: number): CivilDate {
  const year = yearOfDays(days);
  let month = 1;
  let rest = days - daysOfYearStart(year);
  for (;;) {
    const next = month === 12 ? null : (daysOfDate(year, month + 1, 1) ?? 0) - daysOfYearStart(year);
    if (next === null || days - daysOfYearStart(year) < next) break;
    rest = days - daysOfYearStart(year) - next;
    month++;
  }
  return { year, month, day: rest + 1 };
}
