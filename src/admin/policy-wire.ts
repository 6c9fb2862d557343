/** The policy, and statements tried on one, in the admin API. */
import { z } from 'zod';

const text = z.string();
const count = z.number();
const names = z.array(z.string()).readonly();

const ruleInfo = z.object({
  name: text,
  source: z.enum(['file', 'baseline']),
  action: text,
  when: text.describe('the conditions, as JSON'),
  message: text.nullable(),
  observe: z.boolean(),
});

export const policySchema = z.object({
  version: text,
  default: text,
  mode: text,
  rules: z.array(ruleInfo).readonly(),
  masks: z.array(z.object({ name: text, with: text, inference: text })).readonly(),
  listeners: names,
  protocols: z.record(z.string(), text).describe('of each listener, by its name'),
  users: z.array(z.object({ name: text, groups: names })).readonly(),
});

/** A policy file in a request. */
export const POLICY_CHARACTERS_MAX = 200_000;

export const trialSchema = z.strictObject({
  listener: text.max(200),
  sql: text.min(1).max(100_000).optional().describe('for listeners of postgres and mysql'),
  request: z
    .strictObject({
      method: text.min(1).max(40).default('GET'),
      path: text.min(1).max(10_000).describe('with its query'),
      headers: z.record(z.string().max(200), text.max(10_000)).default({}),
      body: text.max(100_000).optional().describe('application/json, unless a header says otherwise'),
    })
    .optional()
    .describe('for listeners of http'),
  call: z
    .strictObject({
      kind: z.enum(['tool', 'prompt', 'resource']).default('tool'),
      name: text.min(1).max(2_000).describe('of a resource, its URI'),
      arguments: z
        .union([text.max(100_000), z.record(z.string(), z.unknown())])
        .optional()
        .describe('a JSON object, or its text, byte for byte as a client would send it'),
    })
    .optional()
    .describe('for listeners of mcp'),
  user: text.min(1).max(256),
  groups: z.array(text.max(256)).max(50).default([]),
  parameters: z.array(text.max(10_000).nullable()).max(100).default([]),
  policy: text
    .max(POLICY_CHARACTERS_MAX)
    .optional()
    .describe('the text of a policy file to judge by, instead of the policy in force'),
});

const column = z.object({ name: text, origins: names, how: names, mask: text.nullable() });
const triedStatement = z.object({
  text: text.nullable(),
  kind: text,
  effects: names,
  relations: z.array(z.object({ table: text, access: text, role: text, known: z.boolean() })).readonly(),
  functions: z
    .array(z.object({ schema: text.nullable(), name: text, volatility: text.nullable() }))
    .readonly(),
  columns: z.array(column).readonly(),
  places: z.record(z.string(), names),
  bounded: z.boolean(),
  bound: z.object({ kind: text, rows: count.nullable() }),
  unfiltered: z.boolean(),
  limit: z.object({
    rows: count.nullable(),
    rowsRule: text.nullable(),
    bytes: count.nullable(),
    bytesRule: text.nullable(),
  }),
  verdict: text,
  rule: text.nullable(),
  rules: names,
  observed: names,
  message: text.nullable(),
});
const duty = z.object({ rule: text, by: names });
/** What is said of a request itself; of SQL in its arguments, `statements` say what there is to say. */
const triedRequest = z.object({
  title: text.describe('as it would be forwarded, such as tools/call query or GET /users/1'),
  definition: z.enum(['stands', 'held', 'unseen']).nullable(),
  limits: z.array(z.object({ rule: text, unit: text, max: count })).readonly(),
  approvals: z.array(duty).readonly(),
  masks: z.array(z.object({ name: text, with: text })).readonly(),
  sqlListener: text.nullable().describe('as whose SQL its arguments are judged'),
  notes: names,
});
export const triedSchema = z.object({
  verdict: text.describe('allow, deny or approve; refused: a request that is not in order'),
  rule: text.nullable(),
  rules: names,
  message: text.nullable(),
  hint: text.nullable(),
  policy: text,
  server: text.nullable().describe('whose grammar the SQL was read by; null: there was none'),
  request: triedRequest.nullable(),
  statements: z.array(triedStatement).readonly(),
});

export type PolicyInfo = Readonly<z.infer<typeof policySchema>>;
export type Trial = Readonly<z.infer<typeof trialSchema>>;
export type Tried = Readonly<z.infer<typeof triedSchema>>;
export type TriedRequest = NonNullable<Tried['request']>;
export type TriedStatement = Readonly<z.infer<typeof triedStatement>>;
