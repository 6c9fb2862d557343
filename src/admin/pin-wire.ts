/** What the API says of definitions that MCP servers offer: those that stand, and those that are held for a review. */
import { z } from 'zod';

const text = z.string();
const time = z.iso.datetime();
const hash = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'is not sha256: and 64 digits');
const reason = z.string().max(2_000).nullable().default(null);

export const pinSchema = z.strictObject({
  id: text,
  listener: text,
  kind: z.enum(['tool', 'prompt', 'template', 'instructions']),
  name: text,
  seenAt: time.describe('when it was seen first, or changed last'),
  why: text.nullable().describe('why it is held; null: it stands as it is'),
  accepted: hash.nullable(),
  acceptedBy: text.nullable().describe('null: as it was seen first'),
  pending: hash.nullable(),
});
export type PinInfo = z.output<typeof pinSchema>;

export const pinListSchema = z.strictObject({
  pins: z.array(pinSchema).readonly().describe('what is held first'),
});

export const pinDetailSchema = z.strictObject({
  pin: pinSchema,
  acceptedText: text.nullable().describe('in lines; characters that are not seen are written as \\u{…}'),
  pendingText: text.nullable(),
  difference: z
    .array(z.strictObject({ change: z.enum(['+', '-', ' ']), line: text }))
    .readonly()
    .describe('from what stands to what waits; empty: nothing waits'),
});
export type PinDetail = z.output<typeof pinDetailSchema>;

/** What was looked at is accepted, and nothing that has come since. */
export const pinAcceptSchema = z.strictObject({ pending: hash, reason });
export const pinForgetSchema = z.strictObject({ reason });
export const pinAcceptedSchema = z.strictObject({ accepted: hash });
export const pinForgottenSchema = z.strictObject({ forgotten: text });
