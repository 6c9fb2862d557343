import { baseOf } from '../cell-type.ts';
import { type Masker, plainDefinition } from '../masker.ts';
import { daysOfYearStart, MICROS_PER_DAY, yearOfDays } from '../value.ts';

const DASH = 0x2d;
const YEAR_DIGITS = 4;

const masker: Masker = {
  monotone: true,
  opaque: false,
  text(source, start, end, out, charactersMax) {
    const dated = end - start > YEAR_DIGITS && source[start + YEAR_DIGITS] === DASH;
    if (!dated || (charactersMax !== null && charactersMax < YEAR_DIGITS)) return false;
    for (let i = start; i < start + YEAR_DIGITS; i++) {
      const byte = source[i] ?? 0;
      if (byte < 0x30 || byte > 0x39) return false;
    }
    out.copy(source, start, start + YEAR_DIGITS);
    return true;
  },
  value(value) {
    switch (value.kind) {
      case 'date':
        return { kind: 'date', days: daysOfYearStart(yearOfDays(value.days)) };
      case 'timestamp': {
        let days = value.micros / MICROS_PER_DAY;
        if (value.micros % MICROS_PER_DAY < 0n) days -= 1n;
        const start = daysOfYearStart(yearOfDays(Number(days)));
        return { kind: 'timestamp', micros: BigInt(start) * MICROS_PER_DAY };
      }
      default:
        return null;
    }
  },
  problem(type) {
    const { kind } = baseOf(type);
    if (kind === 'date' || kind === 'timestamp' || kind === 'timestamptz' || kind === 'text') return null;
    return 'it only works on dates, timestamps and text';
  },
};

/** Only the year of a date: its first day in a date or timestamp, four digits in text that begins with an ISO date. */
export const year = plainDefinition(
  'year',
  'the first day of the year of a date or timestamp; the four digits of the year in text',
  masker,
);
