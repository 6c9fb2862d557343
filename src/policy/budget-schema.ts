/** What rules say of what adds up: `then: { budget: … }` and `then: { rate: … }`. */
import { z } from 'zod';
import type { BudgetDuty, RateDuty } from '../core/decision.ts';
import { parseBytes, parseDurationMs } from '../core/quantities.ts';

const bytes = z
  .union([z.string(), z.int()])
  .refine((written) => (parseBytes(written) ?? 0) > 0, { message: 'expected a size such as 100MiB' })
  .transform((written) => parseBytes(written) ?? 0);

function span(leastMs: number, mostMs: number, words: string) {
  return z.string({ error: `expected ${words}` }).transform((written, context) => {
    const ms = parseDurationMs(written);
    if (ms !== null && ms >= leastMs && ms <= mostMs) return ms;
    context.addIssue({ code: 'custom', message: `expected ${words}` });
    return z.NEVER;
  });
}

const SECOND_MS = 1000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WITHIN_MS = 15 * 60_000;

/** A window is kept in sixtieths, and a lease of a slice lasts for some seconds: below that it would be mostly waiting. */
const window = span(10 * SECOND_MS, 31 * DAY_MS, 'a span of time from 10s to 31d, such as 1h');
const by = z
  .array(z.string().min(1))
  .min(1, { error: 'expected at least one group' })
  .describe('Groups whose members may decide; never whoever asks.');

const COUNTED = ['rows', 'bytes', 'statements'] as const;
const APPROVAL_KEYS = ['by', 'approvers', 'within'] as const;

export const budgetSchema = z
  .strictObject({
    per: z
      .enum(['user', 'group', 'table', 'column'], { error: 'expected user, group, table or column' })
      .default('user')
      .describe('Who or what has an account of its own; user if not given.'),
    window: window.describe('A sliding window.'),
    rows: z.int().positive().optional(),
    bytes: bytes.optional(),
    statements: z.int().positive().optional(),
    over: z.enum(['deny', 'approve'], { error: 'expected deny or approve' }).default('deny'),
    by: by.optional(),
    approvers: z.int().positive().max(20).optional(),
    within: span(1, 7 * DAY_MS, 'a span of time up to 7d, such as 15m').optional(),
  })
  .refine((budget) => COUNTED.some((unit) => budget[unit] !== undefined), {
    message: 'expected rows, bytes or statements',
  })
  .refine((budget) => budget.over !== 'approve' || budget.by !== undefined, {
    message: 'expected by: [group], the groups that may decide, with over: approve',
  })
  .refine((budget) => budget.over !== 'approve' || budget.statements === undefined, {
    message: 'statements cannot go with over: approve; then: { approve: … } asks for each of them',
  })
  .refine((budget) => budget.over === 'approve' || APPROVAL_KEYS.every((key) => budget[key] === undefined), {
    message: 'by, approvers and within go with over: approve',
  });

export const rateSchema = z.strictObject({
  per: z
    .enum(['user', 'group'], { error: 'expected user or group' })
    .default('user')
    .describe('Who has a rate of their own; user if not given.'),
  statements: z.int().positive().describe('How many within `every`.'),
  every: span(SECOND_MS, DAY_MS, 'a span of time from 1s to 1d, such as 1m')
    .default(60_000)
    .describe('1m if not given.'),
  burst: z
    .int()
    .positive()
    .optional()
    .describe('How many may come at once; as many as `statements` if not given.'),
});

export type BudgetTerms = Omit<BudgetDuty, 'objects'>;

export function budgetOf(
  rule: string,
  document: z.output<typeof budgetSchema>,
  groups: readonly string[] | null,
): BudgetTerms {
  const { per, window: windowMs, over } = document;
  const approval =
    over === 'deny'
      ? null
      : {
          rule,
          by: document.by ?? [],
          approvers: document.approvers ?? 1,
          withinMs: document.within ?? WITHIN_MS,
          windowMs: null,
          needsReason: false,
          waitMs: null,
        };
  const { rows = null, bytes: size = null, statements = null } = document;
  return { rule, per, windowMs, rows, bytes: size, statements, approval, groups };
}

export function rateOf(
  rule: string,
  document: z.output<typeof rateSchema>,
  groups: readonly string[] | null,
): RateDuty {
  const { per, statements, every: everyMs } = document;
  return { rule, per, statements, everyMs, burst: document.burst ?? statements, groups };
}
