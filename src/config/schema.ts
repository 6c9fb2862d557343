/** The shape of sluice.yaml (DESIGN 10). */
import { z } from 'zod';
import { parseBytes } from '../core/quantities.ts';
import { oidcSchema } from './oidc-schema.ts';
import { duration } from './quantities-schema.ts';
import { parseStateUrl } from './state-url.ts';
import { parseUpstreamUrl } from './upstream-url.ts';

const size = z
  .union([z.string(), z.int()], { error: 'expected a size such as 64MiB' })
  .refine((written) => (parseBytes(written) ?? 0) > 0, { message: 'expected a size such as 64MiB' })
  .transform((written) => parseBytes(written) ?? 0);

/** `host:port`, `[::1]:port`. */
const address = z.string().transform((written, context) => {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(written);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    context.addIssue({ code: 'custom', message: 'expected an address and port such as 127.0.0.1:6432' });
    return z.NEVER;
  }
  return { host: match[1] ?? match[2] ?? '', port };
});

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

const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, { error: 'expected a name of letters, digits, . _ and -' });

/** `session`: credentials that Sluice makes. `oidc`: a token as the password. `oauthbearer`: a token by SASL, for clients of Postgres 18. */
const AUTH_METHODS = ['password', 'trust', 'session', 'oidc', 'oauthbearer'] as const;

const listener = z.strictObject({
  name,
  protocol: z.enum(['postgres', 'mysql'], { error: 'expected postgres or mysql' }),
  listen: address,
  upstream,
  auth: z
    .array(z.enum(AUTH_METHODS, { error: `expected one of ${AUTH_METHODS.join(', ')}` }))
    .min(1)
    .default(['password']),
  tls: z
    .strictObject({
      cert: z.string(),
      key: z.string(),
      mode: z.enum(['offered', 'required']).default('offered'),
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

const user = z.strictObject({
  name: z.string().min(1),
  groups: z.array(z.string().min(1)).default([]),
  password: z.string().min(1).optional(),
});

const journal = z.strictObject({
  dir: z.string().min(1),
  key: z.string().min(1).optional(),
  segment: size.default(64 * 1024 * 1024),
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
  masking: z.strictObject({ keys: z.record(name, maskKey).default({}) }).default({ keys: {} }),
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
export type ListenerConfig = Config['listeners'][number];
export type AdminConfig = NonNullable<Config['admin']>;
