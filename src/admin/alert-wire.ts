/** The JSON of alerts, budgets and quarantines. */
import { z } from 'zod';

const text = z.string();
const count = z.number();
const time = z.string().describe('ISO 8601, UTC');

export const alertInfo = z.object({
  id: text,
  at: time,
  alert: text.describe('its name in the policy'),
  on: text.describe('what it is about'),
  principal: text,
  listener: text.nullable(),
  session: text.nullable(),
  message: text,
  quarantinedUntil: time.nullable(),
});

export const alertQuerySchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});
export const alertListSchema = z.object({ alerts: z.array(alertInfo).readonly() });

export const budgetInfo = z.object({
  rule: text,
  subject: text.describe('such as user:agent'),
  unit: z.enum(['rows', 'bytes', 'statements']),
  windowMs: count,
  counted: count.describe('spent and leased within the window'),
  leased: count.describe('what of it instances hold and have not settled'),
  max: count.nullable().describe('null: the policy has no such budget any more'),
});
export const budgetListSchema = z.object({ budgets: z.array(budgetInfo).readonly() });

const quarantineInfo = z.object({
  principal: text,
  reason: text.nullable(),
  at: time,
  until: time.nullable(),
});
export const quarantineListSchema = z.object({ quarantined: z.array(quarantineInfo).readonly() });
export const releaseSchema = z.strictObject({
  principal: text.min(1).max(256),
  reason: text.max(1000).nullable().default(null),
});
export const releasedSchema = z.object({ released: text });

export type AlertInfo = Readonly<z.infer<typeof alertInfo>>;
export type BudgetInfo = Readonly<z.infer<typeof budgetInfo>>;
export type QuarantineInfo = Readonly<z.infer<typeof quarantineInfo>>;
