/** What the API says of access that was given for a while, or taken away. */
import { z } from 'zod';

const name = z.string().min(1).max(256);
const reason = z.string().max(2_000).nullable().default(null);
/** A quarantine is an alert's, and has routes of its own. */
const kind = z.enum(['principal', 'credential', 'session']);
const time = z.iso.datetime();

export const revocationSchema = z.strictObject({
  kind: z.enum(['principal', 'credential', 'session', 'quarantine']),
  subject: z.string(),
  reason: z.string().nullable(),
  by: z.string(),
  at: time,
  until: time.nullable(),
});
export type RevocationInfo = z.output<typeof revocationSchema>;
export const revocationListSchema = z.strictObject({ revocations: z.array(revocationSchema) });

export const revokeSchema = z.strictObject({
  kind,
  subject: name,
  reason,
  /** Of a principal: it ends by itself. */
  seconds: z.int().positive().max(31_536_000).nullable().default(null),
});
export type RevokeOrder = z.output<typeof revokeSchema>;
export const revokedSchema = z.strictObject({ revoked: name });

export const liftSchema = z.strictObject({
  kind: z.enum(['principal', 'credential']),
  subject: name,
  reason,
});
export type LiftOrder = z.output<typeof liftSchema>;
export const liftedSchema = z.strictObject({ lifted: name });

export const credentialSchema = z.strictObject({
  id: z.string(),
  principal: z.string(),
  groups: z.array(z.string()).readonly(),
  listener: z.string().nullable(),
  by: z.string(),
  made: time,
  expires: time,
});
export type CredentialInfo = z.output<typeof credentialSchema>;
export const credentialListSchema = z.strictObject({ credentials: z.array(credentialSchema).readonly() });

export const mintSchema = z.strictObject({
  principal: name,
  seconds: z.int().positive().default(900),
  /** Null: all that the principal has. */
  groups: z.array(name).max(100).nullable().default(null),
  /** Null: every listener that takes session credentials. */
  listener: name.nullable().default(null),
  /** The principal is none of identity.users. */
  foreign: z.boolean().default(false),
});
export type MintOrder = z.output<typeof mintSchema>;
export const mintedSchema = credentialSchema.extend({ token: z.string() });
export type MintedInfo = z.output<typeof mintedSchema>;
