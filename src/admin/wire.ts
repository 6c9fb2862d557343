/** The JSON of the admin API: schemas from which requests are checked, the OpenAPI document follows, and types come. */
import { z } from 'zod';

export const ROLES = ['viewer', 'approver', 'admin'] as const;
export type Role = (typeof ROLES)[number];

const text = z.string();
const count = z.number();
const time = z.string().describe('ISO 8601, UTC');
const names = z.array(z.string()).readonly();

export const meSchema = z.object({
  name: text,
  groups: names,
  role: z.enum(ROLES),
  csrf: text.nullable().describe('to be sent as X-CSRF-Token with every request that changes something'),
  version: text,
});

export const whoSchema = z.object({
  me: meSchema.nullable(),
  signOn: text.nullable().describe('where a browser goes to log in by way of the issuer; null: nowhere'),
});

export const loginSchema = z.strictObject({ user: text.min(1).max(256), password: text.max(4096) });

const liveSession = z.object({
  id: text,
  user: text,
  groups: names,
  listener: text,
  client: text.nullable(),
  application: text.nullable(),
  phase: z.enum(['startup', 'idle', 'busy', 'held', 'closed']),
  ageMs: count,
  statements: count,
  denied: count,
  rows: count.describe('sent to the client so far'),
  bytes: count,
});

export const liveSchema = z.object({
  at: time,
  total: count.describe('all sessions; the list may hold fewer'),
  rows: count.describe('of all listeners since the start'),
  bytes: count,
  allowed: count,
  denied: count,
  cuts: count,
  sessions: z.array(liveSession).readonly().describe('the busiest first'),
});

const recordedSession = z.object({
  id: text,
  at: time,
  until: time,
  user: text.nullable(),
  groups: names,
  client: text.nullable(),
  listener: text.nullable(),
  application: text.nullable(),
  statements: count,
  denied: count,
  truncated: count.describe('results that a limit has cut'),
  rows: count,
  bytes: count,
  ms: count,
  ended: text.nullable().describe('null: still open, or Sluice was killed'),
});

const filterText = z.string().min(1).max(200);

export const searchSchema = z.strictObject({
  user: filterText.optional(),
  listener: filterText.optional(),
  id: filterText.optional().describe('how the id begins'),
  rule: filterText.optional(),
  table: filterText.optional().describe('such as shop.orders or billing.*'),
  since: z.iso.datetime({ offset: true }).optional(),
  until: z.iso.datetime({ offset: true }).optional(),
  denied: z.enum(['true', 'false']).optional(),
  text: filterText.optional().describe('what a statement says, in upper or lower case'),
  before: z
    .string()
    .regex(/^\d{1,16}-\d{1,16}$/)
    .optional()
    .describe('what `next` of the page before said'),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

export const sessionPageSchema = z.object({
  sessions: z.array(recordedSession).readonly(),
  next: text.nullable(),
  total: count.describe('sessions in the journal, as far as it has been indexed'),
});

const recordedResult = z.object({
  tag: text.nullable(),
  sqlstate: text.nullable(),
  rows: count,
  bytes: count,
  ms: count,
  truncatedBy: text.nullable(),
});

const recordedResponse = z.object({
  result: count.describe('which of the results it belongs to, from 0'),
  tables: z
    .array(
      z.object({
        columns: names,
        rows: z.array(z.array(z.union([text, z.null(), z.object({ hex: text })])).readonly()).readonly(),
      }),
    )
    .readonly(),
  copied: text.nullable(),
  head: z
    .object({ status: count, fields: z.array(z.tuple([text, text]).readonly()).readonly() })
    .nullable()
    .describe('of an answer of HTTP'),
  body: text.nullable().describe('of an answer of HTTP, or messages of MCP, one a line'),
  messages: z.array(z.object({ kind: text, sqlstate: text, text: text })).readonly(),
  leftOutRows: count,
  leftOutBytes: count,
  whole: z.boolean(),
});

const recordedCall = z.object({ number: count, what: text });
const recordedCause = z.object({
  session: text.describe('of MCP'),
  agent: text.nullable(),
  calls: z.array(recordedCall).readonly().describe('several where it cannot be told which'),
  after: recordedCall.nullable().describe('what had ended last where nothing was under way'),
});
const recordedSql = z.object({
  session: text,
  number: count,
  text: text,
  verdict: text,
  candidates: count.describe('requests that it may have run for'),
});

export const recordedStatement = z.object({
  number: count,
  at: time,
  offsetMs: count,
  via: text,
  text: text,
  parameters: z.array(z.unknown()).readonly(),
  kinds: names,
  tables: names,
  verdict: text,
  rule: text.nullable(),
  rules: names,
  observed: names,
  policy: text.nullable(),
  message: text.nullable(),
  cause: recordedCause.nullable().describe('the request of MCP behind it'),
  sql: z.array(recordedSql).readonly().describe('of a request of MCP: the SQL that ran for it'),
  results: z.array(recordedResult).readonly(),
  responses: z
    .array(recordedResponse)
    .readonly()
    .describe('as the client saw them, after masking, where they are recorded'),
});

export const recordingSchema = z.object({
  session: recordedSession,
  statements: z.array(recordedStatement).readonly(),
  next: count.nullable().describe('the statement that the next page begins with'),
});

export const recordingQuerySchema = z.strictObject({
  from: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(1000).default(500),
});

const approvalVote = z.object({
  by: text,
  groups: names,
  verdict: z.enum(['approve', 'deny']),
  reason: text.nullable(),
  channel: text,
  at: time,
});

export const APPROVAL_STATES = ['pending', 'approved', 'denied', 'expired', 'cancelled', 'used'] as const;

export const approvalInfo = z.object({
  id: text,
  state: z.enum(APPROVAL_STATES),
  kind: z.enum(['statement', 'result']),
  principal: text,
  rule: text,
  by: names.describe('groups whose members may decide'),
  approvers: count.describe('how many distinct people have to agree'),
  session: text,
  reason: text.nullable().describe("the requester's"),
  createdAt: time,
  expiresAt: time,
  settledAt: time.nullable(),
  windowMs: count.nullable(),
  votes: z.array(approvalVote).readonly(),
  request: z
    .object({
      words: text.describe('such as: calls the tool delete_row'),
      bodyName: z.enum(['arguments', 'body']),
      body: text.nullable(),
      hiddenBytes: count.nullable().describe('of a body that is not shown, or not all of it'),
      lines: names.describe('what else a yes covers'),
    })
    .nullable()
    .describe('what it is where it is no statement of SQL'),
  shown: z.record(z.string(), z.unknown()).describe('all that a yes covers, to the byte'),
});

export const approvalListSchema = z.object({ approvals: z.array(approvalInfo).readonly() });
export const approvalQuerySchema = z.strictObject({
  state: z.enum(APPROVAL_STATES).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
export const approvalDetailSchema = z.object({
  approval: approvalInfo,
  mayVote: z.boolean(),
  mayNot: text.nullable().describe('why not'),
  history: z.array(recordedSession).readonly().describe("the requester's last sessions"),
});
export const voteSchema = z.strictObject({
  verdict: z.enum(['approve', 'deny']),
  reason: z.string().max(500).nullable().default(null),
});

export const trafficQuerySchema = z.strictObject({
  minutes: z.coerce
    .number()
    .int()
    .min(1)
    .max(60 * 24 * 183)
    .default(60),
});
export const trafficSchema = z.object({
  stepMs: count,
  since: time,
  until: time,
  points: z
    .array(
      z.object({
        kind: z.enum(['principal', 'table']),
        name: text,
        at: count.describe('milliseconds since the epoch'),
        statements: count,
        denied: count,
        rows: count,
        bytes: count,
      }),
    )
    .readonly(),
});

export const terminatedSchema = z.object({ terminated: text });
export const healthSchema = z.object({
  ok: z.boolean(),
  checks: z.array(z.object({ name: text, ok: z.boolean(), problem: text.nullable() })).readonly(),
});
export const problemSchema = z.object({
  type: text,
  title: text,
  status: count,
  detail: text.describe('what to do about it'),
});

export type Me = Readonly<z.infer<typeof meSchema>>;
export type Who = Readonly<z.infer<typeof whoSchema>>;
export type LiveSessionInfo = Readonly<z.infer<typeof liveSession>>;
export type LiveSnapshot = Readonly<z.infer<typeof liveSchema>>;
export type RecordedSession = Readonly<z.infer<typeof recordedSession>>;
export type SessionPage = Readonly<z.infer<typeof sessionPageSchema>>;
export type SearchQuery = Readonly<z.infer<typeof searchSchema>>;
export type RecordedStatementInfo = Readonly<z.infer<typeof recordedStatement>>;
export type RecordingPage = Readonly<z.infer<typeof recordingSchema>>;
export type ApprovalInfo = Readonly<z.infer<typeof approvalInfo>>;
export type ApprovalDetail = Readonly<z.infer<typeof approvalDetailSchema>>;
export type TrafficInfo = Readonly<z.infer<typeof trafficSchema>>;
export type Problem = Readonly<z.infer<typeof problemSchema>>;
