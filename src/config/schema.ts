/** The shape of sluice.yaml (DESIGN 10). */
import { z } from 'zod';
import { CERTIFICATE_NAMES } from '../core/certificate.ts';
import { httpListener } from './http-listener.ts';
import { address, listenerAuth, listenerName, size } from './listener-fields.ts';
import { mcpListener } from './mcp-listener.ts';
import { oidcSchema } from './oidc-schema.ts';
import { duration } from './quantities-schema.ts';
import { parseStateUrl } from './state-url.ts';
import { parseUpstreamUrl } from './upstream-url.ts';

const upstream = z.string().transform((written, context) => {
  try {
    return parseUpstreamUrl(written);
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
    return z.NEVER;
  }
});

/** What instances share: approvals, budgets, credentials, revocations. */
const stateUrl = z.string({ error: 'expected sqlite:FILE or postgres://…' }).transform((written, context) => {
  try {
    return parseStateUrl(written);
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
    return z.NEVER;
  }
});

export const DEFAULT_STATE_FILE = './sluice.db';

const sqlListener = z.strictObject({
  name: listenerName,
  protocol: z.enum(['postgres', 'mysql']),
  listen: address,
  upstream,
  auth: listenerAuth,
  tls: z
    .strictObject({
      cert: z.string(),
      key: z.string(),
      mode: z.enum(['offered', 'required']).default('offered'),
      client_ca: z
        .string()
        .optional()
        .describe('Authorities whose client certificates are taken, in PEM; clients are asked for one.'),
      client_name: z
        .enum(CERTIFICATE_NAMES, { error: `expected one of ${CERTIFICATE_NAMES.join(', ')}` })
        .default('cn')
        .describe('Which name of a client certificate is that of the user.'),
    })
    .optional(),
  multi_statements: z.boolean().optional(),
  durability: z.enum(['written', 'synced']).default('written'),
  timeouts: z
    .strictObject({
      handshake: duration.default(10_000),
      statement: duration.default(0),
      idle: duration.default(0),
    })
    .default({ handshake: 10_000, statement: 0, idle: 0 }),
  limits: z
    .strictObject({ message: size.default(16 * 1024 * 1024), names: z.int().positive().default(10_000) })
    .default({ message: 16 * 1024 * 1024, names: 10_000 }),
  catalog: z
    .strictObject({ upstream: upstream.optional(), refresh: duration.default(60_000) })
    .default({ refresh: 60_000 }),
});

const listener = z.discriminatedUnion('protocol', [sqlListener, httpListener, mcpListener], {
  error: 'expected postgres, mysql, http or mcp',
});

const user = z.strictObject({
  name: z.string().min(1),
  groups: z.array(z.string().min(1)).default([]),
  password: z.string().min(1).optional(),
});

const journal = z.strictObject({
  dir: z.string().min(1),
  key: z.string().min(1).optional(),
  segment: size.default(64 * 1024 * 1024),
  s3: z
    .strictObject({
      endpoint: z.url({ protocol: /^https?$/, error: 'expected a URL such as https://s3.example.com' }),
      bucket: z
        .string()
        .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, { error: 'expected the name of a bucket' }),
      prefix: z
        .string()
        .regex(/^(?:[A-Za-z0-9._=-]+\/)*$/, {
          error: 'expected a prefix that ends with /, such as journals/one/',
        })
        .default(''),
      region: z.string().min(1).default('us-east-1'),
      credentials: z.strictObject({
        access_key: z.string().min(1),
        secret_key: z.string().min(1),
        session_token: z.string().min(1).optional(),
      }),
    })
    .optional()
    .describe('Where closed segments are stored as well; each instance has a prefix of its own.'),
  retention: z
    .strictObject({ days: z.number().positive().optional(), bytes: size.optional() })
    .refine(({ days, bytes }) => days !== undefined || bytes !== undefined, {
      message: 'expected days, bytes or both',
    })
    .optional()
    .describe('Closed segments older than `days`, and the oldest beyond `bytes` in all, are removed.'),
  responses: z
    .enum(['off', 'sampled', 'whole'], { error: 'expected off, sampled or whole' })
    .default('off')
    .describe('What is recorded of responses, as the client saw them, where no rule of the policy says.'),
});

/** Groups whose members may look, decide on approvals, and end sessions; each role may what the one before may. */
const roles = z
  .strictObject({
    viewer: z.array(z.string().min(1)).default([]),
    approver: z.array(z.string().min(1)).default([]),
    admin: z.array(z.string().min(1)).default([]),
  })
  .default({ viewer: [], approver: [], admin: [] });

const admin = z.strictObject({
  listen: address,
  /** How people reach it, where that is not the address it listens on. */
  url: z.url({ protocol: /^https?$/, error: 'expected a URL such as https://sluice.example.com' }).optional(),
  tls: z.strictObject({ cert: z.string(), key: z.string() }).optional(),
  roles,
});

/** A secret behind `hash`, `token` and `fpe`: one, or several of which the first makes new values. */
const maskKey = z.union(
  [z.string().min(1), z.array(z.strictObject({ id: z.string().min(1), secret: z.string().min(1) })).min(1)],
  { error: 'expected a secret, or a list of { id, secret } whose first is the current one' },
);

const webUrl = z.url({ protocol: /^https?$/, error: 'expected a URL such as https://example.com/…' });

const approvals = z.strictObject({
  url: webUrl.optional().describe('Where people decide in a browser; the id of a request is put behind it.'),
  webhook: z
    .strictObject({ url: webUrl, secret: z.string().min(16, { error: 'expected 16 characters or more' }) })
    .optional(),
});

export const configSchema = z.strictObject({
  listeners: z.array(listener).min(1, { error: 'expected at least one listener' }),
  identity: z
    .strictObject({ users: z.array(user).default([]), oidc: oidcSchema.optional() })
    .default({ users: [] }),
  policy: z.string().min(1),
  masking: z.strictObject({ keys: z.record(listenerName, maskKey).default({}) }).default({ keys: {} }),
  journal,
  state: z
    .strictObject({ url: stateUrl.default({ kind: 'sqlite', file: DEFAULT_STATE_FILE }) })
    .default({ url: { kind: 'sqlite', file: DEFAULT_STATE_FILE } }),
  limits: z
    .strictObject({ connections: z.int().positive().default(10_000), held: size.default(256 * 1024 * 1024) })
    .default({ connections: 10_000, held: 256 * 1024 * 1024 }),
  approvals: approvals.default({}),
  admin: admin.optional(),
  drain: duration.default(30_000),
  log: z
    .strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']).default('info') })
    .default({ level: 'info' }),
});

export type Config = z.output<typeof configSchema>;
export type AnyListenerConfig = Config['listeners'][number];
/** A listener in front of a database. */
export type ListenerConfig = Exclude<AnyListenerConfig, { readonly protocol: 'http' | 'mcp' }>;

export function isSqlListener(listener: AnyListenerConfig): listener is ListenerConfig {
  return listener.protocol === 'postgres' || listener.protocol === 'mysql';
}

/** Listeners in front of databases, each with its place in the file. */
export function sqlListenersOf({
  listeners,
}: Pick<Config, 'listeners'>): readonly { readonly n: number; readonly listener: ListenerConfig }[] {
  return listeners.flatMap((listener, n) => (isSqlListener(listener) ? [{ n, listener }] : []));
}
export type AdminConfig = NonNullable<Config['admin']>;
