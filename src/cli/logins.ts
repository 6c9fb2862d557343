/** From a listener's `auth` to how clients prove who they are there. */
import { type AnyListenerConfig, isSqlListener } from '../config/schema.ts';
import type { IdentitySource } from '../core/login.ts';
import { CertificateLogins } from '../identity/certificate-logins.ts';
import { LimitedLogins } from '../identity/limited-logins.ts';
import { SessionCredentials } from '../identity/session-credentials.ts';
import { SessionLogins } from '../identity/session-logins.ts';
import type { StateStore } from '../state/store.ts';
import type { Shared } from './listeners.ts';
import { identityOf } from './oidc.ts';

/** `clock`: milliseconds since the epoch, by which sessions end. */
export function openCredentials(
  state: StateStore,
  clock: () => number = () => Date.now(),
): SessionCredentials {
  return new SessionCredentials(
    {
      async list(filter) {
        const found = await state.credentials.list(filter);
        if (found.length === 0) return found;
        // Sessions end by this machine's clock, which may be behind the store's.
        const aheadMs = Math.max(0, (await state.now()) - clock());
        return found.map((one) => ({ ...one, expiresAt: one.expiresAt - aheadMs }));
      },
      salt: () => state.credentials.salt(),
      watch: (callback) => state.watch('credentials', callback),
    },
    () => performance.now(),
  );
}

export function loginsOf(listener: AnyListenerConfig, shared: Shared): IdentitySource {
  return new LimitedLogins(unlimitedLogins(listener, shared), shared.attempts);
}

/** Failures are for whoever asks to count. */
export function unlimitedLogins(listener: AnyListenerConfig, shared: Shared): IdentitySource {
  if (!isSqlListener(listener) || !listener.auth.includes('certificate'))
    return loginsByAnswer(listener, shared);
  const users = shared.config.identity.users.map((user) => [user.name, user] as const);
  const isAlone = listener.auth.every((method) => method === 'certificate');
  return new CertificateLogins(isAlone ? null : loginsByAnswer(listener, shared), {
    users: new Map(users),
    name: listener.tls?.client_name ?? 'cn',
    now: () => Date.now(),
  });
}

/** Without certificates. */
function loginsByAnswer(listener: AnyListenerConfig, shared: Shared): IdentitySource {
  const others = identityOf(listener, shared);
  if (!listener.auth.includes('session')) return others;
  const takesPasswords = listener.auth.includes('password');
  const users = shared.config.identity.users.map(({ name, groups, password }) => {
    const own = takesPasswords ? (password ?? null) : null;
    return [name, { name, groups, password: own }] as const;
  });
  return new SessionLogins(others, {
    listener: listener.name,
    users: new Map(users),
    credentials: shared.credentials,
    key: shared.passwordKey,
  });
}
