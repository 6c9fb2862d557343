/** The JSON of a policy that is tried on recorded statements. */
import { z } from 'zod';
import { POLICY_CHARACTERS_MAX } from './policy-wire.ts';

const text = z.string();
const count = z.number();
const filterText = z.string().min(1).max(200);

export const dryRunSchema = z.strictObject({
  policy: text.min(1).max(POLICY_CHARACTERS_MAX).describe('the text of the policy file to try'),
  user: filterText.optional(),
  listener: filterText.optional(),
  table: filterText.optional().describe('sessions that touched it, such as shop.orders or billing.*'),
  since: z.iso.datetime({ offset: true }).optional(),
  until: z.iso.datetime({ offset: true }).optional(),
  sessions: z
    .number()
    .int()
    .min(1)
    .max(200)
    .default(50)
    .describe('how many of the newest sessions to judge again'),
});

const judged = z.object({
  outcome: z.enum(['allow', 'deny', 'approve', 'cut']),
  rule: text.nullable(),
  message: text.nullable(),
});

export const dryRunOutcomeSchema = z.object({
  policy: text.describe('the version of the policy that was tried'),
  problems: z
    .array(text)
    .readonly()
    .describe('what would keep Sluice from using it, such as a table that is not there'),
  sessions: count,
  statements: count.describe('that were judged again'),
  unchanged: count,
  changed: count.describe('kinds of changes; the list may hold fewer'),
  changes: z
    .array(
      z.object({
        text: text,
        before: judged,
        after: judged,
        count: count.describe('statements of this text that would come out so'),
        users: z.array(text).readonly(),
        firstAt: text,
        session: text.describe('the session of the first'),
      }),
    )
    .readonly()
    .describe('the most frequent first'),
  skipped: z.record(text, count).describe('why some could not be judged, and how many'),
  whole: z.boolean().describe('false: there were more sessions or statements than are judged at once'),
});

export type DryRun = Readonly<z.infer<typeof dryRunSchema>>;
export type DryRunOutcome = Readonly<z.infer<typeof dryRunOutcomeSchema>>;
