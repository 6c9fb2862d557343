/** What listeners of every protocol have in common. */
import { z } from 'zod';
import { parseBytes } from '../core/quantities.ts';

export const size = z
  .union([z.string(), z.int()], { error: 'expected a size such as 64MiB' })
  .refine((written) => (parseBytes(written) ?? 0) > 0, { message: 'expected a size such as 64MiB' })
  .transform((written) => parseBytes(written) ?? 0);

/** `host:port`, `[::1]:port`. */
export const address = z.string().transform((written, context) => {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(written);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    context.addIssue({ code: 'custom', message: 'expected an address and port such as 127.0.0.1:6432' });
    return z.NEVER;
  }
  return { host: match[1] ?? match[2] ?? '', port };
});

export const listenerName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, { error: 'expected a name of letters, digits, . _ and -' });

/** `session`: credentials that Sluice makes. `oidc`: a token as the password. `oauthbearer`: a token by SASL, for clients of Postgres 18. */
const AUTH_METHODS = ['password', 'trust', 'session', 'certificate', 'oidc', 'oauthbearer'] as const;

export const listenerAuth = z
  .array(z.enum(AUTH_METHODS, { error: `expected one of ${AUTH_METHODS.join(', ')}` }))
  .min(1)
  .default(['password']);
