/** `identity.oidc` of sluice.yaml: whose tokens are taken, and who they speak of. */
import { z } from 'zod';
import { isSafeUrl, TOKEN_ALGORITHMS } from '../core/oidc.ts';
import { duration } from './quantities-schema.ts';

const issuerUrl = z.string().refine((written) => isSafeUrl(written) && !/[?#]/.test(written), {
  error: 'expected an https URL such as https://idp.example.com, exactly as the issuer writes itself',
});

const text = z.string().min(1);
const oneOrMore = z
  .union([text, z.array(text).min(1)])
  .transform((written) => (typeof written === 'string' ? [written] : written));
const claimValue = z.union([z.string(), z.number(), z.boolean()]);

const SECOND_MS = 1000;
const DAY_MS = 24 * 60 * 60 * SECOND_MS;
const SKEW_MS_MAX = 5 * 60 * SECOND_MS;

export const oidcSchema = z.strictObject({
  issuer: issuerUrl,
  audience: oneOrMore.describe('What `aud` of a token has to be, or hold; of several, one.'),
  username: text.default('sub').describe('The claim that is the name of a principal.'),
  groups: text
    .default('groups')
    .describe('The claim that lists groups, or a path to it such as `realm_access.roles`.'),
  algorithms: z
    .array(z.enum(TOKEN_ALGORITHMS, { error: `expected algorithms out of ${TOKEN_ALGORITHMS.join(', ')}` }))
    .min(1)
    .default([...TOKEN_ALGORITHMS]),
  clock_skew: duration
    .refine((ms) => ms <= SKEW_MS_MAX, { error: 'expected 5m at most' })
    .default(30 * SECOND_MS)
    .describe("How far the issuer's clock may be ahead. What has expired gets none."),
  keys_max_age: duration
    .default(DAY_MS)
    .describe('For how long its last known keys serve while the issuer cannot be reached.'),
  clients: z
    .array(text)
    .min(1)
    .optional()
    .describe('Clients whose tokens are taken (`azp` or `client_id`); any, where it is left out.'),
  require: z
    .record(text, z.union([claimValue, z.array(claimValue).min(1)]))
    .default({})
    .describe('Claims that a token has to have, with the value or one of the values.'),
  scope: text.default('openid').describe('What clients are told to ask the issuer for.'),
  console: z
    .strictObject({ client_id: text, client_secret: text.optional() })
    .optional()
    .describe('The client as which people log in to the console by way of the issuer.'),
});
