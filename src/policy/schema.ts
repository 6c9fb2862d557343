/** The policy file's shape (DESIGN 4). The JSON Schema for editors is made from it. */
import { z } from 'zod';
import { alertSchema } from './alert-schema.ts';
import { approveSchema, limitSchema } from './approve-schema.ts';
import { budgetSchema, rateSchema } from './budget-schema.ts';
import { maskSchema } from './masks-schema.ts';
import { MATCHERS } from './matchers/index.ts';
import { recordSchema } from './record-schema.ts';

const whenSchema = z.strictObject({
  statements: MATCHERS.statements.schema.optional(),
  effects: MATCHERS.effects.schema.optional(),
  tables: MATCHERS.tables.schema.optional(),
  columns: MATCHERS.columns.schema.optional(),
  functions: MATCHERS.functions.schema.optional(),
  settings: MATCHERS.settings.schema.optional(),
  unbounded: MATCHERS.unbounded.schema.optional(),
  unfiltered: MATCHERS.unfiltered.schema.optional(),
  batch: MATCHERS.batch.schema.optional(),
  methods: MATCHERS.methods.schema.optional(),
  paths: MATCHERS.paths.schema.optional(),
  headers: MATCHERS.headers.schema.optional(),
  body: MATCHERS.body.schema.optional(),
  tools: MATCHERS.tools.schema.optional(),
  resources: MATCHERS.resources.schema.optional(),
  calls: MATCHERS.calls.schema.optional(),
  prompts: MATCHERS.prompts.schema.optional(),
  arguments: MATCHERS.arguments.schema.optional(),
  users: MATCHERS.users.schema.optional(),
  groups: MATCHERS.groups.schema.optional(),
  listeners: MATCHERS.listeners.schema.optional(),
  clients: MATCHERS.clients.schema.optional(),
  at: MATCHERS.at.schema.optional(),
});

const thenSchema = z.union(
  [
    z.enum(['deny', 'allow']),
    z.strictObject({ limit: limitSchema }),
    z.strictObject({ approve: approveSchema }),
    z.strictObject({ budget: budgetSchema }),
    z.strictObject({ rate: rateSchema }),
    z.strictObject({ record: recordSchema }),
  ],
  {
    error:
      'expected deny, allow, { limit: { rows, bytes } }, { approve: { by: [group] } }, { budget: { window, rows, bytes } }, { rate: { statements } } or { record: … }',
  },
);

const mode = z.enum(['enforce', 'observe']);

const ruleSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[^\s"\p{C}](?:[^"\p{C}]*[^\s"\p{C}])?$/u, {
      error: 'expected a name on one line, without double quotes',
    })
    .refine((name) => !/^(baseline|sluice)\//.test(name), {
      message: 'names under baseline/ and sluice/ are taken',
    }),
  when: whenSchema.default({}),
  then: thenSchema,
  message: z.string().min(1).optional(),
  mode: mode.optional(),
});

export const BASELINE_NAMES = [
  'dynamic-sql',
  'server-files',
  'replication',
  'session-identity',
  'other-sessions',
  'server-administration',
  'leak-catalogs',
] as const;
export type BaselineName = (typeof BASELINE_NAMES)[number];

const off = z.literal('off', { error: 'expected off' }).optional();

export const policySchema = z.strictObject({
  default: z.enum(['allow', 'deny']),
  mode: mode.default('enforce'),
  baseline: z
    .strictObject({
      'dynamic-sql': off,
      'server-files': off,
      replication: off,
      'session-identity': off,
      'other-sessions': off,
      'server-administration': off,
      'leak-catalogs': off,
    })
    .default({}),
  rules: z.array(ruleSchema).default([]),
  masks: z.array(maskSchema).default([]),
  alerts: z.array(alertSchema).default([]),
});

export type PolicyDocument = z.output<typeof policySchema>;
export type RuleDocument = PolicyDocument['rules'][number];
export type WhenDocument = RuleDocument['when'];
