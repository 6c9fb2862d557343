/**
 * Dates and timestamps of Postgres. Text is read in `DateStyle = ISO`; in other styles the order of day and month
 * cannot be told from the value, so it counts as not decodable. Infinities have no place on a calendar.
 */
import { dateOfDays, daysOfDate, MICROS_PER_DAY, type Value } from '../value.ts';

/** 2000-01-01, from which the binary forms count. */
const EPOCH_DAYS = 10_957;
/** 4714-11-24 BC, the first day there is (datatype/timestamp.h). */
const FIRST_DAY = -2_440_588;
const DATE_YEAR_MAX = 5_874_897;
const TIMESTAMP_YEAR_MAX = 294_276;
const INT32_EDGE = 0x7fffffff;
const INT64_EDGE = 0x7fffffffffffffffn;

const DATE = /^(\d{4,7})-(\d\d)-(\d\d)( BC)?$/;
const TIMESTAMP =
  /^(\d{4,6})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?:([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?)?( BC)?$/;

function astronomical(year: string | undefined, bc: string | undefined): number {
  return bc === undefined ? Number(year) : 1 - Number(year);
}

export function decodeDateText(text: string): Value | null {
  const match = DATE.exec(text);
  if (match === null) return null;
  const days = daysOfDate(astronomical(match[1], match[4]), Number(match[2]), Number(match[3]));
  return days === null ? null : { kind: 'date', days };
}

export function decodeDateBinary(source: Buffer, start: number, end: number): Value | null {
  if (end - start !== 4) return null;
  const days = source.readInt32BE(start);
  if (days === INT32_EDGE || days === -INT32_EDGE - 1) return null;
  return { kind: 'date', days: days + EPOCH_DAYS };
}

export function decodeTimestampText(text: string): Value | null {
  const match = TIMESTAMP.exec(text);
  if (match === null) return null;
  const days = daysOfDate(astronomical(match[1], match[12]), Number(match[2]), Number(match[3]));
  if (days === null) return null;
  const seconds = Number(match[4]) * 3600 + Number(match[5]) * 60 + Number(match[6]);
  const offset = Number(match[9] ?? 0) * 3600 + Number(match[10] ?? 0) * 60 + Number(match[11] ?? 0);
  const utc = seconds - (match[8] === '-' ? -offset : offset);
  const fraction = BigInt((match[7] ?? '').padEnd(6, '0'));
  return { kind: 'timestamp', micros: BigInt(days) * MICROS_PER_DAY + BigInt(utc) * 1_000_000n + fraction };
}

export function decodeTimestampBinary(source: Buffer, start: number, end: number): Value | null {
  if (end - start !== 8) return null;
  const micros = source.readBigInt64BE(start);
  if (micros === INT64_EDGE || micros === -INT64_EDGE - 1n) return null;
  return { kind: 'timestamp', micros: micros + BigInt(EPOCH_DAYS) * MICROS_PER_DAY };
}

function dateText(days: number, yearMax: number): { text: string; bc: string } | null {
  if (days < FIRST_DAY) return null;
  const { year, month, day } = dateOfDays(days);
  if (year > yearMax) return null;
  const shown = year <= 0 ? 1 - year : year;
  const two = (n: number): string => String(n).padStart(2, '0');
  return { text: `${String(shown).padStart(4, '0')}-${two(month)}-${two(day)}`, bc: year <= 0 ? ' BC' : '' };
}

export function encodeDate(days: number, binary: boolean): Buffer | null {
  const written = dateText(days, DATE_YEAR_MAX);
  if (written === null) return null;
  if (!binary) return Buffer.from(written.text + written.bc, 'latin1');
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(days - EPOCH_DAYS);
  return bytes;
}

export function encodeTimestamp(micros: bigint, zoned: boolean, binary: boolean): Buffer | null {
  let days = micros / MICROS_PER_DAY;
  let rest = micros % MICROS_PER_DAY;
  if (rest < 0n) {
    rest += MICROS_PER_DAY;
    days -= 1n;
  }
  const written = dateText(Number(days), TIMESTAMP_YEAR_MAX);
  if (written === null) return null;
  if (binary) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64BE(micros - BigInt(EPOCH_DAYS) * MICROS_PER_DAY);
    return bytes;
  }
  return Buffer.from(`${written.text} ${timeText(rest)}${zoned ? '+00' : ''}${written.bc}`, 'latin1');
}

function timeText(micros: bigint): string {
  const seconds = Number(micros / 1_000_000n);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const fraction = String(micros % 1_000_000n)
    .padStart(6, '0')
    .replace(/0+$/, '');
  const whole = parts.map((part) => String(part).padStart(2, '0')).join(':');
  return fraction === '' ? whole : `${whole}.${fraction}`;
}
