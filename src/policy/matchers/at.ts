import { z } from 'zod';
import type { ContextMatcher } from '../matcher.ts';

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Day = (typeof DAYS)[number];

export interface At {
  readonly days?: readonly Day[] | undefined;
  readonly hours?: string | undefined;
  readonly zone?: string | undefined;
}

/** `09:00-17:30` in minutes of the day; null where it is not that. The end is not included. */
export function parseHours(written: string): { readonly from: number; readonly to: number } | null {
  const match = /^(\d{2}):(\d{2})-(\d{2}):(\d{2})$/.exec(written);
  if (match === null) return null;
  const [fromHour = 0, fromMinute = 0, toHour = 0, toMinute = 0] = match.slice(1).map(Number);
  if (fromHour > 24 || toHour > 24 || fromMinute > 59 || toMinute > 59) return null;
  const from = fromHour * 60 + fromMinute;
  const to = toHour * 60 + toMinute;
  return from === to || from > 1440 || to > 1440 ? null : { from, to };
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

export const at: ContextMatcher<At> = {
  key: 'at',
  about: 'context',
  timed: true,
  schema: z
    .strictObject({
      days: z.array(z.enum(DAYS)).min(1).optional(),
      hours: z
        .string()
        .refine((written) => parseHours(written) !== null, {
          message: 'expected hours as 09:00-17:30; 22:00-06:00 goes over midnight',
        })
        .optional(),
      zone: z.string().refine(isZone, { message: 'expected a time zone such as Europe/Berlin' }).optional(),
    })
    .refine((value) => value.days !== undefined || value.hours !== undefined, {
      message: 'expected days or hours',
    }),
  description:
    'Days and hours, in `zone` (UTC if none is given). Hours that go over midnight belong to the day they begin on.',
  example: '{ days: [sat, sun], hours: "00:00-24:00", zone: Europe/Berlin }',
  compile(value) {
    const clock = new Intl.DateTimeFormat('en-GB', {
      timeZone: value.zone ?? 'UTC',
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    const hours = value.hours === undefined ? null : parseHours(value.hours);
    const days = value.days === undefined ? null : new Set<string>(value.days);
    return (_context, now) => {
      const parts = new Map(clock.formatToParts(now).map((part) => [part.type, part.value]));
      const day = DAYS.findIndex((name) => name === (parts.get('weekday') ?? '').toLowerCase());
      const isMeant = (n: number) => days === null || days.has(DAYS[(n + DAYS.length) % DAYS.length] ?? '');
      if (hours === null) return isMeant(day);
      const minute = Number(parts.get('hour')) * 60 + Number(parts.get('minute'));
      const { from, to } = hours;
      if (from < to) return minute >= from && minute < to && isMeant(day);
      // What goes over midnight belongs to the day on which it began.
      return minute >= from ? isMeant(day) : minute < to && isMeant(day - 1);
    };
  },
};
