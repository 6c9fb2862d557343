/** What the admin API does about access, in the state store. */
import type { AccessPort } from '../admin/ports.ts';
import { Refusal } from '../admin/refusal.ts';
import type { Shared } from './listeners.ts';
import { MintingRefusal, mint, revokeCredential } from './minting.ts';
import { revocationView, SESSION_REVOKED_MS } from './revoke.ts';
import { viewOf } from './token.ts';

const CREDENTIALS_MAX = 1_000;

export function accessOf({ config, state }: Pick<Shared, 'config' | 'state'>): AccessPort {
  return {
    revocations: async () => (await state.revocations.current()).map(revocationView),
    async revoke({ kind, subject, reason, seconds }, by) {
      if (kind === 'credential') {
        await revokeCredential(state, subject, by, reason);
        return;
      }
      const at = await state.now();
      const lastsMs = kind === 'session' ? SESSION_REVOKED_MS : seconds === null ? null : seconds * 1000;
      const until = lastsMs === null ? null : at + lastsMs;
      await state.revocations.put({ kind, subject, reason, by, at, until });
    },
    lift: ({ kind, subject, reason }, by) => state.revocations.lift(kind, subject, by, reason),
    credentials: async () =>
      (await state.credentials.list({ principal: null, limit: CREDENTIALS_MAX })).map(viewOf),
    async mint({ principal, seconds, groups, listener, foreign }, by) {
      try {
        const order = { principal, groups, listener, ttlMs: seconds * 1000, isForeign: foreign, by };
        const { secret, credential } = await mint(order, config, state);
        return { token: secret, ...viewOf(credential) };
      } catch (error) {
        if (error instanceof MintingRefusal) throw new Refusal(400, `${error.message}.`);
        throw error;
      }
    },
  };
}
