/** Makes a session credential in the store: for the command line and for the admin API. */
import type { Config } from '../config/schema.ts';
import { suggestion } from '../core/nearest.ts';
import { isAgainstPrincipal } from '../identity/revocations.ts';
import { ITERATIONS, parseVerifier } from '../identity/scram.ts';
import { mintCredential, type ScramSalt, saltFor } from '../identity/session-credential.ts';
import { CREDENTIALS_MAX } from '../identity/session-credentials.ts';
import type { Credential, StateStore } from '../state/store.ts';

export const TTL_MS_DEFAULT = 15 * 60_000;
const TTL_MS_MIN = 1_000;
const TTL_MS_MAX = 30 * 86_400_000;

export interface MintingOrder {
  readonly principal: string;
  /** Null: all that the principal has. */
  readonly groups: readonly string[] | null;
  /** Null: every listener that takes session credentials. */
  readonly listener: string | null;
  readonly ttlMs: number;
  /** The principal may be somebody whom the configuration does not know. */
  readonly isForeign: boolean;
  readonly by: string;
}

/** What is wrong with an order, in words for whoever gave it. */
export class MintingRefusal extends Error {
  override readonly name = 'MintingRefusal';
}

/** Throws MintingRefusal; rejects with StoreUnavailable. */
export async function mint(
  order: MintingOrder,
  config: Config,
  store: StateStore,
): Promise<{ readonly secret: string; readonly credential: Credential }> {
  const { principal, listener, ttlMs } = order;
  const user = config.identity.users.find(({ name }) => name === principal) ?? null;
  const groups = groupsOf(order, user?.groups ?? null, config);
  checkListener(listener, config);
  if (ttlMs < TTL_MS_MIN || ttlMs > TTL_MS_MAX) {
    throw new MintingRefusal('a credential lasts from 1s to 30d');
  }
  const revoked = await store.revocations.current();
  if (revoked.some((one) => one.kind === 'principal' && isAgainstPrincipal(one, principal)))
    throw new MintingRefusal(`the access of "${principal}" is revoked`);
  const open = await store.credentials.list({ principal, limit: CREDENTIALS_MAX });
  if (open.length >= CREDENTIALS_MAX) {
    throw new MintingRefusal(
      `"${principal}" has ${CREDENTIALS_MAX} open credentials; let some expire, make them shorter, or remove some`,
    );
  }
  const made = mintCredential({
    principal,
    groups,
    listener,
    isConfigured: user !== null,
    mintedBy: order.by,
    nowMs: await store.now(),
    ttlMs,
    salt: await saltOf(principal, user?.password, store),
  });
  await store.credentials.put(made.credential);
  return made;
}

function groupsOf(
  { principal, groups, isForeign }: MintingOrder,
  own: readonly string[] | null,
  config: Config,
): readonly string[] {
  if (own === null) {
    if (isForeign) return groups ?? [];
    const names = config.identity.users.map(({ name }) => name);
    throw new MintingRefusal(`"${principal}" is none of identity.users${suggestion(principal, names)}`);
  }
  const foreign = groups?.find((group) => !own.includes(group));
  if (foreign !== undefined) {
    throw new MintingRefusal(
      `"${principal}" is not in the group "${foreign}"${suggestion(foreign, own)}; a credential has groups of its principal, and no others`,
    );
  }
  return groups ?? own;
}

function checkListener(listener: string | null, { listeners }: Config): void {
  const taking = listeners.filter(({ auth }) => auth.includes('session')).map(({ name }) => name);
  if (taking.length === 0)
    throw new MintingRefusal('no listener takes session credentials: add session to its auth');
  if (listener === null || taking.includes(listener)) return;
  const isThere = listeners.some(({ name }) => name === listener);
  throw new MintingRefusal(
    isThere
      ? `listener "${listener}" takes no session credentials: add session to its auth`
      : `there is no listener "${listener}"${suggestion(
          listener,
          listeners.map(({ name }) => name),
        )}`,
  );
}

/** A client is told one salt, whether it then shows the password or a credential: where one is fixed, it is that. */
async function saltOf(
  principal: string,
  password: string | undefined,
  store: StateStore,
): Promise<ScramSalt> {
  const verifier = password === undefined ? null : parseVerifier(password);
  return verifier ?? saltFor(await store.credentials.salt(), principal, ITERATIONS);
}

/**
 * Its sessions are cut wherever they are, and the credential goes. False where the store has none by that id: it may be
 * an issuer's, and stays revoked for good.
 */
export async function revokeCredential(
  store: StateStore,
  id: string,
  by: string,
  reason: string | null,
): Promise<boolean> {
  const at = await store.now();
  const revocation = { kind: 'credential', subject: id, reason, by, at, until: null } as const;
  // First what cuts: were the store lost in between, it could be asked for again.
  await store.revocations.put(revocation);
  const gone = await store.credentials.remove(id);
  if (gone === null) return false;
  await store.revocations.put({ ...revocation, until: gone.expiresAt });
  return true;
}
