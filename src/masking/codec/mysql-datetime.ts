/**
 * Dates and times of MySQL. In the binary protocol they are cut behind their last part that is not zero: a date has
 * four bytes, a time of day three more, microseconds four more; what is all zero has none at all. `0000-00-00` and dates
 * with a month or day of zero are on no calendar, and count as not decodable.
 */
import { dateOfDays, daysOfDate, MICROS_PER_DAY, type Value } from '../value.ts';

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const TIMESTAMP = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?$/;
const TIME = /^(-?)(\d{2,3}):([0-5]\d):([0-5]\d)(?:\.(\d{1,6}))?$/;
const YEAR_MAX = 9999;
/** `838:59:59` is the longest time there is. */
const HOURS_MAX = 838;
const HOURS_PER_DAY = 24;

export function decodeDateText(text: string): Value | null {
  const match = DATE.exec(text);
  return match === null ? null : dateValue(Number(match[1]), Number(match[2]), Number(match[3]));
}

function dateValue(year: number, month: number, day: number): Value | null {
  const days = daysOfDate(year, month, day);
  return days === null || year > YEAR_MAX ? null : { kind: 'date', days };
}

export function decodeTimestampText(text: string): Value | null {
  const match = TIMESTAMP.exec(text);
  if (match === null) return null;
  const [year, month, day, hours, minutes, seconds] = match.slice(1, 7).map(Number);
  const micros = Number((match[7] ?? '').padEnd(6, '0'));
  return timestampValue(year ?? 0, month ?? 0, day ?? 0, hours ?? 0, minutes ?? 0, seconds ?? 0, micros);
}

function timestampValue(
  year: number,
  month: number,
  day: number,
  hours: number,
  minutes: number,
  seconds: number,
  micros: number,
): Value | null {
  const days = daysOfDate(year, month, day);
  if (days === null || year > YEAR_MAX || hours > 23 || minutes > 59 || seconds > 59 || micros > 999_999)
    return null;
  const rest = (hours * 3600 + minutes * 60 + seconds) * 1_000_000 + micros;
  return { kind: 'timestamp', micros: BigInt(days) * MICROS_PER_DAY + BigInt(rest) };
}

/** A time is a length of time as well, so that it has no form of its own here but its text. */
export function decodeTimeText(text: string): Value | null {
  return partsOfTime(text) === null ? null : { kind: 'literal', text };
}

export function decodeDateBinary(source: Buffer, start: number, end: number): Value | null {
  if (end - start !== 4) return null;
  return dateValue(source.readUInt16LE(start), source[start + 2] ?? 0, source[start + 3] ?? 0);
}

export function decodeTimestampBinary(source: Buffer, start: number, end: number): Value | null {
  const size = end - start;
  if (size !== 4 && size !== 7 && size !== 11) return null;
  return timestampValue(
    source.readUInt16LE(start),
    source[start + 2] ?? 0,
    source[start + 3] ?? 0,
    size > 4 ? (source[start + 4] ?? 0) : 0,
    size > 4 ? (source[start + 5] ?? 0) : 0,
    size > 4 ? (source[start + 6] ?? 0) : 0,
    size > 7 ? source.readUInt32LE(start + 7) : 0,
  );
}

export function decodeTimeBinary(source: Buffer, start: number, end: number): Value | null {
  const size = end - start;
  if (size === 0) return { kind: 'literal', text: '00:00:00' };
  if (size !== 8 && size !== 12) return null;
  const hours = source.readUInt32LE(start + 1) * HOURS_PER_DAY + (source[start + 5] ?? 0);
  const parts = [hours, source[start + 6] ?? 0, source[start + 7] ?? 0];
  const micros = size === 12 ? source.readUInt32LE(start + 8) : 0;
  const whole = parts.map((part) => String(part).padStart(2, '0')).join(':');
  const fraction = micros === 0 ? '' : `.${String(micros).padStart(6, '0')}`;
  return decodeTimeText(`${source[start] === 0 ? '' : '-'}${whole}${fraction}`);
}

/** Null: MySQL's calendar, from the year 0 to 9999, does not have the day. */
export function encodeDate(days: number, binary: boolean): Buffer | null {
  const { year, month, day } = dateOfDays(days);
  if (year < 0 || year > YEAR_MAX) return null;
  if (binary) return Buffer.from([year & 0xff, year >> 8, month, day]);
  return Buffer.from(`${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`, 'latin1');
}

export function encodeTimestamp(micros: bigint, binary: boolean): Buffer | null {
  let days = micros / MICROS_PER_DAY;
  let rest = micros % MICROS_PER_DAY;
  if (rest < 0n) {
    rest += MICROS_PER_DAY;
    days -= 1n;
  }
  const date = encodeDate(Number(days), binary);
  if (date === null) return null;
  const seconds = Number(rest / 1_000_000n);
  const fraction = Number(rest % 1_000_000n);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (!binary) {
    const behind = fraction === 0 ? '' : `.${String(fraction).padStart(6, '0')}`;
    return Buffer.concat([date, Buffer.from(` ${parts.map(two).join(':')}${behind}`, 'latin1')]);
  }
  if (rest === 0n) return date;
  return Buffer.concat([date, Buffer.from(parts), ...(fraction === 0 ? [] : [microsBytes(fraction)])]);
}

/** Null: the text is no time. */
export function encodeTime(text: string, binary: boolean): Buffer | null {
  const parts = partsOfTime(text);
  if (parts === null) return null;
  if (!binary) return Buffer.from(text, 'latin1');
  const { negative, hours, minutes, seconds, micros } = parts;
  if (hours + minutes + seconds + micros === 0) return Buffer.alloc(0);
  const bytes = Buffer.from([negative ? 1 : 0, 0, 0, 0, 0, hours % HOURS_PER_DAY, minutes, seconds]);
  bytes.writeUInt32LE(Math.floor(hours / HOURS_PER_DAY), 1);
  return micros === 0 ? bytes : Buffer.concat([bytes, microsBytes(micros)]);
}

interface TimeParts {
  readonly negative: boolean;
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
  readonly micros: number;
}

function partsOfTime(text: string): TimeParts | null {
  const match = TIME.exec(text);
  if (match === null || Number(match[2]) > HOURS_MAX) return null;
  return {
    negative: match[1] === '-',
    hours: Number(match[2]),
    minutes: Number(match[3]),
    seconds: Number(match[4]),
    micros: Number((match[5] ?? '').padEnd(6, '0')),
  };
}

function microsBytes(micros: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(micros);
  return bytes;
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}
