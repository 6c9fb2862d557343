/** A listener of `protocol: http`: a reverse proxy in front of one HTTP API. */
import { z } from 'zod';
import { credentials } from './credentials-schema.ts';
import { address, listenerAuth, listenerName, size } from './listener-fields.ts';
import {
  durability,
  listenerTls,
  requestTimeouts,
  upstreamTls,
  type WebUpstream,
  webUpstream,
} from './web-listener.ts';

const upstream = z
  .string({ error: 'expected a URL such as https://api.example.com' })
  .transform((written, context): WebUpstream => {
    const credentials = 'credentials: { basic: { user, password } }';
    const read = webUpstream(written, context, { protocol: 'http', credentials });
    if (read === null) return z.NEVER;
    const { pathname, search, hash } = read.url;
    if (pathname === '/' && search === '' && hash === '') return read.upstream;
    context.addIssue({
      code: 'custom',
      message: 'expected no path: what the client asks for is forwarded as it is',
    });
    return z.NEVER;
  });

const MIB = 1024 * 1024;
const TIMEOUTS = { head: 10_000, request: 60_000, upstream: 60_000, idle: 60_000 };
const LIMITS = { request: 16 * MIB, response: 16 * MIB };

export const httpListener = z.strictObject({
  name: listenerName,
  protocol: z.literal('http'),
  listen: address,
  upstream,
  upstream_tls: upstreamTls,
  credentials: credentials.optional(),
  auth: listenerAuth,
  tls: listenerTls,
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
  durability,
  timeouts: z.strictObject(requestTimeouts(TIMEOUTS)).default(TIMEOUTS),
  limits: z
    .strictObject({
      request: size.default(LIMITS.request).describe('Bytes of a body that is read before it is forwarded.'),
      response: size.default(LIMITS.response).describe('Bytes of an answer that is read whole to be masked.'),
    })
    .default(LIMITS),
});

export type HttpListenerConfig = z.output<typeof httpListener>;
