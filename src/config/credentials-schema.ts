/** `credentials` of a listener of HTTP or MCP: how Sluice itself logs in at the upstream. Nothing of it is told to clients. */
import { z } from 'zod';
import { isSafeUrl } from '../core/oidc.ts';

const secret = z.string().regex(/^[\t\x20-\x7e]+$/, { error: 'expected one line of visible characters' });

const url = z.string().refine((written) => isSafeUrl(written) && !written.includes('#'), {
  error: 'expected an https URL',
});

/** RFC 6749, 3.3. */
export const scope = z
  .string()
  .regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, { error: 'expected a scope: visible characters without blanks' });

const tokenClient = z
  .strictObject({
    issuer: url.optional().describe('The authorization server, which says where its token endpoint is.'),
    token_endpoint: url.optional().describe('Its token endpoint, in place of `issuer`.'),
    client_id: secret,
    client_secret: secret,
    scopes: z.array(scope).default([]),
    resource: url.optional().describe('The server that tokens are for (RFC 8707).'),
    audience: z.string().min(1).optional().describe('What some authorization servers ask for in its place.'),
  })
  .refine(({ issuer, token_endpoint: endpoint }) => (issuer === undefined) !== (endpoint === undefined), {
    message: 'expected one of issuer and token_endpoint',
    when: ({ issues }) => issues.length === 0,
  });

export type TokenClientConfig = z.output<typeof tokenClient>;

export const credentials = z
  .strictObject({
    bearer: secret.optional(),
    basic: z.strictObject({ user: secret.regex(/^[^:]+$/), password: secret }).optional(),
    header: z
      .strictObject({
        name: z
          .string()
          .regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, { error: 'expected the name of a header field' }),
        value: secret,
      })
      .optional(),
    client_credentials: tokenClient
      .optional()
      .describe('A token for Sluice itself (RFC 6749, 4.4), kept until shortly before it expires.'),
    token_exchange: tokenClient
      .optional()
      .describe('A token for whoever asks, in exchange for theirs (RFC 8693); takes `auth: [oidc]`.'),
  })
  .refine((given) => Object.values(given).filter((one) => one !== undefined).length === 1, {
    message: 'expected one of bearer, basic, header, client_credentials and token_exchange',
    when: ({ issues }) => issues.length === 0,
  });

export type CredentialsConfig = z.output<typeof credentials>;
