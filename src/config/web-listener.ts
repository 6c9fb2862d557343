/** What listeners of HTTP and of MCP have in common: an upstream by URL, how it is trusted, how long each step may take. */
import { z } from 'zod';
import { duration } from './quantities-schema.ts';

/** A server that is reached by HTTP. */
export interface WebUpstream {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
}

/** What every one of these listeners waits for at most, in milliseconds. */
export interface RequestTimeouts {
  readonly head: number;
  readonly request: number;
  readonly upstream: number;
  readonly idle: number;
}

/** The parts of an upstream's URL; null, with the reason among the context's issues, where it has what it must not have. */
export function webUpstream(
  written: string,
  context: z.RefinementCtx,
  { protocol, credentials }: { readonly protocol: 'http' | 'mcp'; readonly credentials: string },
): { readonly upstream: WebUpstream; readonly url: URL } | null {
  const wrong = (message: string) => {
    context.addIssue({ code: 'custom', message });
    return null;
  };
  const url = URL.parse(written);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    return wrong(`protocol: ${protocol} takes an upstream with http:// or https://`);
  if (url.username !== '' || url.password !== '') return wrong(`credentials go under ${credentials}`);
  const scheme = url.protocol === 'https:' ? 'https' : 'http';
  const port = url.port === '' ? (scheme === 'https' ? 443 : 80) : Number(url.port);
  return { upstream: { scheme, host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port }, url };
}

export const upstreamTls = z
  .strictObject({ ca: z.string().min(1) })
  .optional()
  .describe('Certificates to trust, in PEM.');

export const listenerTls = z.strictObject({ cert: z.string(), key: z.string() }).optional();

export const durability = z.enum(['written', 'synced']).default('written');

export function requestTimeouts(defaults: RequestTimeouts) {
  return {
    head: duration.default(defaults.head).describe('For a client to send the head of a request.'),
    request: duration.default(defaults.request).describe('For a client to send a request.'),
    upstream: duration.default(defaults.upstream).describe('For the upstream to begin its answer.'),
    idle: duration.default(defaults.idle).describe('Between two requests of a connection.'),
  };
}
