/** From a listener of MCP to what it asks of tokens, how its clients log in, and how Sluice logs in at the server. */
import type { McpListenerConfig } from '../config/mcp-listener.ts';
import type { StepUpConfig } from '../config/oauth-schema.ts';
import type { IdentitySource } from '../core/login.ts';
import { HttpLogins } from '../identity/http-logins.ts';
import { compileGlob } from '../policy/globs.ts';
import { McpAccess, type StepUp } from '../transport/mcp/access.ts';
import type { ClientMessage } from '../transport/mcp/judge.ts';
import type { Shared } from './listeners.ts';
import { type UpstreamAccess, upstreamAccess } from './upstream-login.ts';

export interface ListenerAccess extends UpstreamAccess {
  readonly access: McpAccess;
}

/**
 * `passwords`: logins by name, without tokens: a token that is shown as a password has been made for something else than
 * this endpoint. They do not count failures themselves (`unlimitedLogins`): a request fails once.
 */
export function listenerAccess(
  listener: McpListenerConfig,
  passwords: IdentitySource,
  { tokens, config, attempts }: Pick<Shared, 'tokens' | 'config' | 'attempts'>,
): ListenerAccess {
  const { name, auth, credentials, url, oauth } = listener;
  const { oidc } = config.identity;
  const issuer = tokens === null || oidc === undefined || !auth.includes('oidc') ? null : oidc.issuer;
  const takesNames = auth.some((method) => method !== 'oidc');
  const access = new McpAccess({
    url: url ?? null,
    path: url?.pathname ?? DEFAULT_PATH,
    secured: listener.tls !== undefined,
    takesTokens: issuer !== null,
    authorizationServers: oauth?.authorization_servers ?? (issuer === null ? [] : [issuer]),
    scopes: oauth?.scopes ?? [],
    stepUps: (oauth?.step_up ?? []).map(stepUpOf),
    audience: oauth?.audience ?? null,
    challenges: takesNames ? [`Basic realm=${JSON.stringify(name)}, charset="UTF-8"`] : [],
  });
  const bound = issuer === null ? null : (tokens?.forAudience(() => access.audience) ?? null);
  return { ...upstreamAccess(credentials, new HttpLogins(passwords, bound, name, attempts)), access };
}

export const DEFAULT_PATH = '/mcp';

/** Letters of either case are meant: a server may not tell them apart. */
function stepUpOf({ methods, tools, resources, prompts, scopes }: StepUpConfig): StepUp {
  const anyOf = (patterns: readonly string[] | undefined) => {
    const tests = patterns?.map((pattern) => compileGlob(pattern, true));
    return tests === undefined ? null : (text: string) => tests.some((test) => test(text));
  };
  const byMethod = anyOf(methods);
  const bySubject = { tool: anyOf(tools), resource: anyOf(resources), prompt: anyOf(prompts) } as const;
  const namesSubjects = Object.values(bySubject).some((test) => test !== null);
  return {
    scopes,
    speaksOf({ reading }: ClientMessage): boolean {
      if (reading.reading !== 'request' && reading.reading !== 'notification') return false;
      if (byMethod !== null && !byMethod(reading.method)) return false;
      if (!namesSubjects) return true;
      const subject = reading.reading === 'request' ? reading.subject : null;
      return subject !== null && bySubject[subject.kind]?.(subject.name) === true;
    },
  };
}
