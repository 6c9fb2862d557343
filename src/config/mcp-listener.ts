/** A listener of `protocol: mcp`: in front of one MCP server. */
import { z } from 'zod';
import { credentials } from './credentials-schema.ts';
import { address, listenerAuth, listenerName, size } from './listener-fields.ts';
import { mcpSql } from './mcp-sql.ts';
import { oauthSchema } from './oauth-schema.ts';
import { duration } from './quantities-schema.ts';
import {
  durability,
  listenerTls,
  requestTimeouts,
  upstreamTls,
  type WebUpstream,
  webUpstream,
} from './web-listener.ts';

/** An MCP server that is reached by HTTP. */
export interface McpUpstream extends WebUpstream {
  /** With its query, if it has one. */
  readonly path: string;
}

/** An MCP server that is a program of this machine, spoken to over its standard input and output. */
const program = z.strictObject({
  command: z
    .tuple([z.string().min(1)], z.string(), {
      error: 'expected a program and its arguments, such as [npx, …]',
    })
    .describe('The program and its arguments; no shell reads them. One is started for each session.'),
  environment: z
    .record(
      z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'expected the name of a variable' }),
      z.string(),
    )
    .default({})
    .describe('Variables of its environment, beside PATH, HOME and the like.'),
  directory: z.string().min(1).optional().describe('Where it is started; that of this file if not given.'),
  dsn: z
    .strictObject({ listener: listenerName })
    .optional()
    .describe('It is told to use this listener as its database, by every variable that servers look at.'),
});

export type McpProgram = z.output<typeof program>;

const server = z
  .string({ error: 'expected a URL such as https://server.example/mcp' })
  .transform((written, context): McpUpstream => {
    const read = webUpstream(written, context, {
      protocol: 'mcp',
      credentials: 'credentials: { bearer: … }',
    });
    if (read === null) return z.NEVER;
    const { pathname, search, hash } = read.url;
    if (hash === '') return { ...read.upstream, path: `${pathname}${search}` };
    context.addIssue({ code: 'custom', message: 'expected no fragment (#…)' });
    return z.NEVER;
  });

const upstream = z.union([server, program], {
  error: 'expected a URL such as https://server.example/mcp, or { command: [npx, …] }',
});

export function isProgram(upstream: McpUpstream | McpProgram): upstream is McpProgram {
  return 'command' in upstream;
}

/** The endpoint as clients address it. */
const url = z.string().transform((written, context) => {
  const parsed = URL.parse(written);
  const isWeb = parsed?.protocol === 'https:' || parsed?.protocol === 'http:';
  if (parsed === null || !isWeb || parsed.search !== '' || parsed.hash !== '' || parsed.username !== '') {
    context.addIssue({ code: 'custom', message: 'expected a URL such as https://mcp.example.com/mcp' });
    return z.NEVER;
  }
  return parsed;
});

const host = z
  .string()
  .regex(/^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?::\d{1,5})?$/, {
    error: 'expected a host such as mcp.example.com or mcp.example.com:8443',
  })
  .transform((written) => written.toLowerCase());

const origin = z
  .string()
  .refine((written) => URL.parse(written)?.origin === written.toLowerCase(), {
    error: 'expected an origin such as https://app.example.com',
  })
  .transform((written) => written.toLowerCase());

const MIB = 1024 * 1024;
const TIMEOUTS = { head: 10_000, request: 60_000, upstream: 300_000, idle: 60_000, session: 3_600_000 };
const LIMITS = { request: 16 * MIB, response: 16 * MIB, sessions: 1_000 };

export const mcpListener = z.strictObject({
  name: listenerName,
  protocol: z.literal('mcp'),
  listen: address,
  upstream,
  upstream_tls: upstreamTls,
  era: z
    .enum(['auto', 'legacy', 'modern'])
    .default('auto')
    .describe(
      'Revisions that the server speaks: up to 2025-11-25 (legacy), from 2026-07-28 on (modern). auto asks it; clients of the other era are bridged.',
    ),
  credentials: credentials.optional(),
  auth: listenerAuth,
  oauth: oauthSchema.optional().describe('What is asked of tokens here.'),
  tls: listenerTls,
  url: url.optional().describe('The endpoint as clients address it; without it the path is /mcp.'),
  hosts: z
    .array(host)
    .default([])
    .describe('Further names under which clients reach it; another Host is refused.'),
  origins: z
    .array(origin)
    .default([])
    .describe('Origins of pages that may use it; another Origin is refused.'),
  sql: mcpSql.optional(),
  durability,
  timeouts: z
    .strictObject({
      ...requestTimeouts(TIMEOUTS),
      session: duration.default(TIMEOUTS.session).describe('After which a session that nobody uses ends.'),
    })
    .default(TIMEOUTS),
  limits: z
    .strictObject({
      request: size.default(LIMITS.request).describe('Bytes of a message of a client.'),
      response: size.default(LIMITS.response).describe('Bytes of a message of the server.'),
      sessions: z.int().positive().default(LIMITS.sessions).describe('Sessions of one principal at once.'),
    })
    .default(LIMITS),
});

export type McpListenerConfig = z.output<typeof mcpListener>;
