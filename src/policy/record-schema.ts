/** `then: { record: … }`: whether responses are in the journal, and how much of them. */
import { z } from 'zod';
import type { Obligations } from '../core/decision.ts';
import { parseBytes } from '../core/quantities.ts';
import {
  largestOf,
  type RecordDuty,
  SAMPLED_BYTES,
  SAMPLED_ROWS,
  WHOLE_RESPONSE,
} from '../core/responses.ts';
import type { RuleAction } from './rule.ts';

const size = z
  .union([z.string(), z.int()], { error: 'expected a size such as 64KiB' })
  .refine((written) => (parseBytes(written) ?? 0) > 0, { message: 'expected a size such as 64KiB' })
  .transform((written) => parseBytes(written) ?? 0);

export const recordSchema = z
  .strictObject({
    responses: z
      .enum(['whole', 'sampled', 'off'], { error: 'expected whole, sampled or off' })
      .describe('All of each response as the client saw it, its beginning, or nothing.'),
    rows: z.int().positive().optional().describe('Rows that `sampled` keeps of each response: 100.'),
    bytes: size.optional().describe('Bytes of rows that `sampled` keeps of each response: 64KiB.'),
  })
  .refine(
    ({ responses, rows, bytes }) => responses === 'sampled' || (rows === undefined && bytes === undefined),
    {
      message: 'rows and bytes bound what is sampled: expected responses: sampled beside them',
    },
  );

export type RecordDocument = z.output<typeof recordSchema>;

export function recordDutyOf({ responses, rows, bytes }: RecordDocument): RecordDuty | 'off' {
  if (responses === 'off') return 'off';
  if (responses === 'whole') return WHOLE_RESPONSE;
  return { rows: rows ?? SAMPLED_ROWS, bytes: bytes ?? SAMPLED_BYTES };
}

/** Of rules that say how much of a response is recorded, the one that says most. */
export function recordOf(rules: readonly { readonly action: RuleAction }[]): Obligations['record'] {
  let record: Obligations['record'] = 'unsaid';
  for (const { action } of rules) {
    if (action.kind !== 'record') continue;
    if (record === 'unsaid' || record === 'off') record = action.record;
    else if (action.record !== 'off') record = largestOf(record, action.record);
  }
  return record;
}
