/** The `alerts:` section of the policy file: what somebody should hear of, and what follows from it. */
import { z } from 'zod';
import { ALERT_CAUSES } from '../core/alerts.ts';
import { parseBytes, parseDurationMs } from '../core/quantities.ts';
import { MATCHERS } from './matchers/index.ts';

const DAY_MS = 86_400_000;
const VALUES_MAX = 256;
const VALUE_BYTES_MIN = 4;
const VALUE_BYTES_MAX = 128;

function span(leastMs: number, mostMs: number, words: string) {
  return z.string({ error: `expected ${words}` }).transform((written, context) => {
    const ms = parseDurationMs(written);
    if (ms !== null && ms >= leastMs && ms <= mostMs) return ms;
    context.addIssue({ code: 'custom', message: `expected ${words}` });
    return z.NEVER;
  });
}

const canary = z.string().refine(
  (value) => {
    const bytes = Buffer.byteLength(value);
    return bytes >= VALUE_BYTES_MIN && bytes <= VALUE_BYTES_MAX;
  },
  { message: `expected a text of ${VALUE_BYTES_MIN} to ${VALUE_BYTES_MAX} bytes` },
);

const whenSchema = z.strictObject({
  users: MATCHERS.users.schema.optional(),
  groups: MATCHERS.groups.schema.optional(),
  listeners: MATCHERS.listeners.schema.optional(),
  clients: MATCHERS.clients.schema.optional(),
  at: MATCHERS.at.schema.optional(),
});

export const alertSchema = z
  .strictObject({
    name: z.string().regex(/^[^\s"\p{C}](?:[^"\p{C}]*[^\s"\p{C}])?$/u, {
      error: 'expected a name on one line, without double quotes',
    }),
    on: z.enum(ALERT_CAUSES, { error: `expected ${ALERT_CAUSES.join(', ')}` }),
    when: whenSchema.default({}),
    after: z
      .int()
      .positive()
      .max(100_000)
      .default(1)
      .describe('How often, for one principal; 1 if not given.'),
    window: span(10_000, 31 * DAY_MS, 'a span of time from 10s to 31d, such as 10m')
      .optional()
      .describe('Within which it has to happen as often; 10m if not given and `after` is more than 1.'),
    rows: z.int().positive().optional().describe('A result of more rows is large.'),
    bytes: z
      .union([z.string(), z.int()])
      .refine((written) => (parseBytes(written) ?? 0) > 0, { message: 'expected a size such as 50MiB' })
      .transform((written) => parseBytes(written) ?? 0)
      .optional()
      .describe('A result of more bytes is large.'),
    values: z
      .array(canary)
      .min(1)
      .max(VALUES_MAX)
      .optional()
      .describe('Values that nobody should read, as the server sends them, before masks.'),
    cut: z.boolean().optional().describe('The session ends before the client has the value.'),
    quarantine: span(1000, 366 * DAY_MS, 'a span of time such as 1h')
      .optional()
      .describe('How long the principal is kept out: sessions are cut, logins refused.'),
  })
  .refine(({ on, rows, bytes }) => (on === 'large-results') === (rows !== undefined || bytes !== undefined), {
    message: 'rows or bytes go with on: large-results, which has to have one of them',
  })
  .refine(({ on, values }) => (on === 'canary') === (values !== undefined), {
    message: 'values go with on: canary, which has to have some',
  })
  .refine(({ on, cut }) => on === 'canary' || cut === undefined, { message: 'cut goes with on: canary' });

export type AlertDocument = z.output<typeof alertSchema>;
