/** A token in the request itself (RFC 6750): no cookie that a browser sends unasked, so nothing to forge. */
import type { Identity } from '../core/principal.ts';
import type { AdminPorts } from './ports.ts';
import { Refusal } from './refusal.ts';
import { mayAct } from './roles.ts';
import type { Caller } from './route.ts';
import type { Role } from './wire.ts';

export interface Asking {
  readonly caller: Caller;
  /** Whether who asks may still be told more, for answers that go on. */
  readonly isAllowed: () => boolean;
}

/** Throws a Refusal where the token proves nobody, or nobody who may. `roleOf` throws where there is none. */
export async function askingByToken(
  authorization: string,
  role: Role,
  { bearer, isRevoked, now }: AdminPorts,
  roleOf: (identity: Identity) => Role,
): Promise<Asking> {
  const token = /^bearer +([\w.~+/-]+=*)$/i.exec(authorization)?.[1];
  if (bearer === null || token === undefined)
    throw new Refusal(401, 'Only `Authorization: Bearer` with a token of identity.oidc is taken.');
  const answer = await bearer(token);
  if (answer.answer === 'refused') throw new Refusal(answer.isOurs ? 503 : 401, answer.why);
  const { identity } = answer;
  if (isRevoked(identity)) throw new Refusal(401, 'The access has been revoked.');
  const own = roleOf(identity);
  checkRole(own, role);
  const { principal, proof } = identity;
  return {
    caller: { identity, principal, role: own, csrf: null },
    isAllowed: () => !isRevoked(identity) && now() < (proof.expiresAtMs ?? Number.POSITIVE_INFINITY),
  };
}

export function checkRole(own: Role, wanted: Role): void {
  if (mayAct(own, wanted)) return;
  throw new Refusal(403, `This takes the role ${wanted}, and yours is ${own} (admin.roles in sluice.yaml).`);
}
