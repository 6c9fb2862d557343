/** A listener of `protocol: http`: a reverse proxy in front of one HTTP API. */
import { z } from 'zod';
import { credentials } from './credentials-schema.ts';
import { address, listenerAuth, listenerName, size } from './listener-fields.ts';
import { duration } from './quantities-schema.ts';

export interface HttpUpstream {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
}

const upstream = z
  .string({ error: 'expected a URL such as https://api.example.com' })
  .transform((written, context): HttpUpstream => {
    const wrong = (message: string) => {
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    };
    const url = URL.parse(written);
    if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
      return wrong('protocol: http takes an upstream with http:// or https://');
    if (url.username !== '' || url.password !== '')
      return wrong('credentials go under credentials: { basic: { user, password } }');
    if (url.pathname !== '/' || url.search !== '' || url.hash !== '')
      return wrong('expected no path: what the client asks for is forwarded as it is');
    const scheme = url.protocol === 'https:' ? 'https' : 'http';
    const port = url.port === '' ? (scheme === 'https' ? 443 : 80) : Number(url.port);
    return { scheme, host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port };
  });

const MIB = 1024 * 1024;
const TIMEOUTS = { head: 10_000, request: 60_000, upstream: 60_000, idle: 60_000 };
const LIMITS = { request: 16 * MIB, response: 16 * MIB };

export const httpListener = z.strictObject({
  name: listenerName,
  protocol: z.literal('http'),
  listen: address,
  upstream,
  upstream_tls: z
    .strictObject({ ca: z.string().min(1) })
    .optional()
    .describe('Certificates to trust, in PEM.'),
  credentials: credentials.optional(),
  auth: listenerAuth,
  tls: z.strictObject({ cert: z.string(), key: z.string() }).optional(),
  cookies: z
    .enum(['drop', 'pass'], { error: 'expected drop or pass' })
    .default('drop')
    .describe('Whether cookies of clients go to the upstream, and its own to them.'),
  paths: z
    .strictObject({
      encoded_slashes: z.enum(['refuse', 'allow'], { error: 'expected refuse or allow' }).default('refuse'),
      parameters: z.enum(['refuse', 'allow'], { error: 'expected refuse or allow' }).default('refuse'),
    })
    .default({ encoded_slashes: 'refuse', parameters: 'refuse' }),
  durability: z.enum(['written', 'synced']).default('written'),
  timeouts: z
    .strictObject({
      head: duration.default(TIMEOUTS.head).describe('For a client to send the head of a request.'),
      request: duration.default(TIMEOUTS.request).describe('For a client to send a request.'),
      upstream: duration.default(TIMEOUTS.upstream).describe('For the upstream to begin its answer.'),
      idle: duration.default(TIMEOUTS.idle).describe('Between two requests of a connection.'),
    })
    .default(TIMEOUTS),
  limits: z
    .strictObject({
      request: size.default(LIMITS.request).describe('Bytes of a body that is read before it is forwarded.'),
      response: size.default(LIMITS.response).describe('Bytes of an answer that is read whole to be masked.'),
    })
    .default(LIMITS),
});

export type HttpListenerConfig = z.output<typeof httpListener>;
