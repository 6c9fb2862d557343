/** Who gets a session, and how one ends that was taken away. */
import { type ErrorCode, ProxyError } from '../core/errors.ts';
import type { Identity } from '../core/principal.ts';
import type { ListenerDomain } from './listener-domain.ts';
import type { LiveSession } from './sessions.ts';

/** Why somebody who has proven who they are gets no session; null: they do. `isFirst`: nobody was on the connection before. */
export function admissionRefusal(
  { sql, access, sessions }: ListenerDomain,
  session: LiveSession,
  identity: Identity,
  isFirst: boolean,
): ProxyError | null {
  const refusal = access.refusal(identity);
  if (refusal !== null) return refusal;
  if (!sql.journal.healthy && !sql.journal.tryRecover()) return new ProxyError('journal-unavailable');
  if (isFirst && !sessions.admit(session)) return new ProxyError('too-many-connections');
  return null;
}

const CUT: ReadonlySet<ErrorCode> = new Set(['session-revoked', 'login-expired']);
/** How long the client has to read why. */
const CUT_MS = 500;

/** Whoever has no access any more is not waited for to take what was sent before. */
export function cutInTime({ after }: ListenerDomain, error: ProxyError, cut: () => void): void {
  if (CUT.has(error.code)) after(CUT_MS, cut);
}

export function logEnd({ log }: ListenerDomain, session: string, error: ProxyError): void {
  const { code, detail } = error;
  const cause = error.cause instanceof Error ? error.cause.message : undefined;
  log('info', 'session ended', { session, code, detail, cause });
}
