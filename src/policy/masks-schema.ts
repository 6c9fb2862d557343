/** The `masks:` section of the policy file (DESIGN 5). */
import { z } from 'zod';
import { columnPattern } from './matchers/columns.ts';
import { MATCHERS } from './matchers/index.ts';

/** `with: last4`, or `with: { hash: { key: customers } }`. Which maskers there are is for masking to say. */
const withSchema = z.union(
  [
    z.string().min(1),
    z.record(z.string(), z.json()).refine((written) => Object.keys(written).length === 1, {
      message: 'expected one masker',
    }),
  ],
  { error: 'expected a masker such as last4, or one with options such as { fixed: "n/a" }' },
);

const unlessSchema = z
  .strictObject({
    users: MATCHERS.users.schema.optional(),
    groups: MATCHERS.groups.schema.optional(),
    listeners: MATCHERS.listeners.schema.optional(),
    clients: MATCHERS.clients.schema.optional(),
    at: MATCHERS.at.schema.optional(),
  })
  .refine((unless) => Object.values(unless).some((value) => value !== undefined), {
    message: 'expected users, groups, listeners, clients or at',
  });

export const maskSchema = z
  .strictObject({
    columns: z.array(columnPattern).min(1).optional(),
    detect: z.array(z.string().min(1)).min(1).optional(),
    patterns: z.array(z.string().min(1)).min(1).optional(),
    with: withSchema,
    unless: unlessSchema.optional(),
    nulls: z.enum(['keep', 'mask'], { error: 'expected keep or mask' }).optional(),
    inference: z
      .enum(['allow', 'equality', 'deny'], { error: 'expected allow, equality or deny' })
      .optional(),
  })
  .refine(
    (mask) => (mask.columns === undefined) !== (mask.detect === undefined && mask.patterns === undefined),
    {
      message: 'expected either columns, or detect or patterns',
    },
  )
  .refine((mask) => mask.columns !== undefined || mask.inference === undefined, {
    message: 'inference goes with columns: what is only detected has no column that could be compared',
    path: ['inference'],
  })
  .refine((mask) => mask.columns !== undefined || mask.nulls === undefined, {
    message: 'nulls goes with columns: nothing is detected in NULL',
    path: ['nulls'],
  });

export type MaskDocument = z.output<typeof maskSchema>;
