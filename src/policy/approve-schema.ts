/** What rules say of approvals and of limits: `then: { approve: … }` and `then: { limit: … }`. */
import { z } from 'zod';
import type { ApprovalDuty, LimitDuty } from '../core/decision.ts';
import { parseBytes, parseDurationMs } from '../core/quantities.ts';
import { compileJsonPath } from '../json/index.ts';

const bytes = z
  .union([z.string(), z.int()])
  .refine((written) => (parseBytes(written) ?? 0) > 0, { message: 'expected a size such as 8MiB' })
  .transform((written) => parseBytes(written) ?? 0);

const span = z
  .string({ error: 'expected a span of time such as 15m' })
  .refine((written) => parseDurationMs(written) !== null, {
    message: 'expected a span of time such as 15m or 1h',
  })
  .transform((written) => parseDurationMs(written) ?? 0);

const positiveSpan = span.refine((ms) => ms > 0, { message: 'expected a span of time longer than 0' });

/** Beyond it nobody remembers what was asked. */
const WITHIN_MS_MAX = 7 * 24 * 3_600_000;
const WITHIN_MS = 15 * 60_000;

const within = positiveSpan.refine((ms) => ms <= WITHIN_MS_MAX, { message: 'expected 7d at most' });

const by = z
  .array(z.string().min(1))
  .min(1, { error: 'expected at least one group' })
  .describe('Groups whose members may decide; never whoever asks.');
const approvers = z.int().positive().max(20).describe('How many people have to agree; 1 if not given.');

export const approveSchema = z.strictObject({
  by,
  approvers: approvers.default(1),
  within: within.default(WITHIN_MS).describe('How long there is to decide; 15m if not given.'),
  window: positiveSpan
    .optional()
    .describe('For how long a yes serves for the same statement again; once if not given.'),
  reason: z
    .literal('required', { error: 'expected required' })
    .optional()
    .describe('The statement has to say why, in a comment: /* reason: … */'),
  wait: span
    .optional()
    .describe('How long the client is held; then, or at once with 0s, it gets an error with the id.'),
});

export const limitSchema = z
  .strictObject({
    rows: z.int().positive().optional(),
    bytes: bytes.optional(),
    over: z
      .enum(['deny', 'approve', 'truncate'], { error: 'expected deny, approve or truncate' })
      .default('deny')
      .describe('What becomes of more: truncate leaves the first rows of an answer of HTTP, marked as such.'),
    items: z
      .string()
      .refine((written) => compileJsonPath(written) !== null, {
        message: 'expected a JSON path such as $.data.orders[*]',
      })
      .optional()
      .describe('What counts as a row of JSON over HTTP; the items of the longest list if not given.'),
    by: by.optional(),
    approvers: approvers.optional(),
    within: within.optional(),
    hold: z
      .boolean()
      .optional()
      .describe('No row leaves before the result is within the limit, or approved.'),
  })
  .refine((limit) => limit.rows !== undefined || limit.bytes !== undefined, {
    message: 'expected rows or bytes',
  })
  .refine((limit) => limit.over !== 'approve' || limit.by !== undefined, {
    message: 'expected by: [group], the groups that may decide, with over: approve',
  })
  .refine(({ rows, items, over }) => rows !== undefined || (items === undefined && over !== 'truncate'), {
    message: 'items and over: truncate go with rows',
  })
  .refine(
    ({ over, ...limit }) => over === 'approve' || APPROVAL_KEYS.every((key) => limit[key] === undefined),
    {
      message: 'by, approvers, within and hold go with over: approve',
    },
  )
  .refine((limit) => limit.hold !== true || limit.bytes !== undefined, {
    message: 'expected bytes with hold: true, since so much is kept in memory',
  });

const APPROVAL_KEYS = ['by', 'approvers', 'within', 'hold'] as const;

export function approvalOf(rule: string, document: z.output<typeof approveSchema>): ApprovalDuty {
  return {
    rule,
    by: document.by,
    approvers: document.approvers,
    withinMs: document.within,
    windowMs: document.window ?? null,
    needsReason: document.reason === 'required',
    waitMs: document.wait ?? null,
  };
}

export function limitsOf(rule: string, document: z.output<typeof limitSchema>): readonly LimitDuty[] {
  const approval =
    document.over !== 'approve'
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
  const hold = document.hold ?? false;
  return (['rows', 'bytes'] as const).flatMap((unit) => {
    const max = document[unit];
    return max === undefined ? [] : [{ rule, unit, max, approval, hold }];
  });
}

/** The groups that a rule names as approvers, with where they stand in it. */
export function approversOf(
  then: unknown,
): { readonly groups: readonly string[]; readonly at: readonly string[] } | null {
  for (const key of ['approve', 'limit', 'budget'] as const) {
    const inner = property(then, key);
    const groups = property(inner, 'by');
    if (Array.isArray(groups)) {
      return { groups: groups.filter((group) => typeof group === 'string'), at: ['then', key, 'by'] };
    }
  }
  return null;
}

function property(of: unknown, key: string): unknown {
  return typeof of === 'object' && of !== null ? Object.getOwnPropertyDescriptor(of, key)?.value : undefined;
}
