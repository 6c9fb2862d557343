/** The `masks:` section of the policy file (DESIGN 5). */
import { z } from 'zod';
import { compileJsonPath } from '../json/index.ts';
import { columnPattern } from './matchers/columns.ts';
import { MATCHERS } from './matchers/index.ts';

/** `with: last4`, or `with: { hash: { key: customers } }`. Which maskers there are is for masking to say. */
const withSchema = z.union(
  [
    z.string().min(1),
    z.record(z.string(), z.json()).refine((written) => Object.keys(written).length === 1, {
      message: 'expected one masker, such as { range: { width: 10 } }',
    }),
  ],
  {
    error: ({ input }) =>
      input === null
        ? 'expected a masker such as last4; the one called "null" is written in quotes'
        : 'expected a masker such as last4, or one with options such as { fixed: "n/a" }',
  },
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
    // A mistyped key is told of as such.
    when: ({ issues }) => issues.length === 0,
  });

const jsonPath = z.string().refine((written) => written !== '$' && compileJsonPath(written) !== null, {
  message: 'expected a JSON path such as $.customers[*].ssn or $..token',
});

export const maskSchema = z
  .strictObject({
    columns: z.array(columnPattern).min(1).optional(),
    json: z.array(jsonPath).min(1).optional(),
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
    ({ columns, json, detect, patterns }) =>
      [columns, json, detect, patterns].some((what) => what !== undefined),
    {
      message: 'masks nothing: expected columns, json, or detect or patterns',
      when: ({ issues }) => issues.length === 0,
    },
  )
  .refine(
    ({ columns, json, detect, patterns }) =>
      (columns === undefined && json === undefined) || (detect === undefined && patterns === undefined),
    {
      message: 'columns and json are masked whole, so detect and patterns go into a mask of their own',
    },
  )
  .refine((mask) => mask.columns !== undefined || mask.inference === undefined, {
    message: 'inference goes with columns: what is only detected has no column that could be compared',
    path: ['inference'],
  })
  .refine((mask) => mask.columns !== undefined || mask.json !== undefined || mask.nulls === undefined, {
    message: 'nulls goes with columns and json: nothing is detected in NULL',
    path: ['nulls'],
  });

export type MaskDocument = z.output<typeof maskSchema>;
