/** Who has no access any more, in a running process: cut here, and recorded with who said so and why. */
import type { Logger } from 'pino';
import { ProxyError } from '../core/errors.ts';
import type { LiveSession, Sessions } from '../engine/sessions.ts';
import type { Turn } from '../engine/turn.ts';
import {
  isAgainstPrincipal,
  type RevocationChange,
  Revocations,
  type RevokedAccess,
} from '../identity/revocations.ts';
import type { Journal } from '../journal/writer.ts';
import type { StateStore } from '../state/store.ts';

/** A store that does not answer keeps nobody from starting; logins wait for it instead. */
const FIRST_READING_MS = 1_000;

export interface RevocationGround {
  readonly state: StateStore;
  readonly sessions: Sessions;
  readonly journal: Journal;
  readonly turn: Turn;
  readonly log: Logger;
}

/** Resolves once the store has been read, or has not answered for a while. */
export async function openRevocations(ground: RevocationGround): Promise<Revocations> {
  const { state } = ground;
  const revocations = new Revocations(
    {
      current: () => state.revocations.current(),
      watch: (callback) => state.watch('revocations', callback),
    },
    (change) => enforce(change, ground),
  );
  let late: NodeJS.Timeout | undefined;
  await Promise.race([
    revocations.read(),
    new Promise((resolve) => {
      late = setTimeout(resolve, FIRST_READING_MS);
    }),
  ]);
  clearTimeout(late);
  return revocations;
}

function enforce({ revoked, lifted, isFirst }: RevocationChange, ground: RevocationGround): void {
  const { journal, turn, sessions, log } = ground;
  const hit = sessions.matching((session) => revoked.some((one) => isAgainst(one, session)));
  for (const one of revoked) {
    const ids = hit.filter((session) => isAgainst(one, session)).map(({ id }) => id);
    journal.append('revocation', membersOf(one, [`"sessions":${JSON.stringify(ids)}`]));
    if (!isFirst) log.warn({ kind: one.kind, subject: one.subject, sessions: ids.length }, 'access revoked');
  }
  // A journal that cannot be written keeps nobody in.
  if (revoked.length > 0) turn.wantFlush();
  for (const session of hit) session.terminate(new ProxyError('session-revoked'));
  if (lifted.length > 0) void recordLifted(lifted, ground);
}

function isAgainst(revoked: RevokedAccess, { id, actor }: LiveSession): boolean {
  const { kind, subject } = revoked;
  switch (kind) {
    case 'principal':
    case 'quarantine':
      return actor !== null && isAgainstPrincipal(revoked, actor.principal.name);
    case 'credential':
      return actor?.proof.credential === subject;
    case 'session':
      return id === subject;
  }
}

/** One that is over by time was lifted by nobody. */
async function recordLifted(gone: readonly RevokedAccess[], ground: RevocationGround): Promise<void> {
  const { state, journal, turn, log } = ground;
  const known = await state.revocations.lifted().catch(() => []);
  for (const { kind, subject, at } of gone) {
    const found = known.find((one) => one.kind === kind && one.subject === subject && one.at === at);
    journal.append(
      'revocation-lifted',
      membersOf({
        kind,
        subject,
        by: found?.liftedBy ?? null,
        reason: found?.liftedReason ?? null,
        at: found?.liftedAt ?? Date.now(),
      }),
    );
    log.warn({ kind, subject }, 'a revocation holds no more');
  }
  turn.wantFlush();
}

interface Told extends Pick<RevokedAccess, 'kind' | 'subject' | 'reason' | 'at'> {
  readonly by: string | null;
}

function membersOf({ kind, subject, by, reason, at }: Told, more: readonly string[] = []): string {
  return [
    `"kind":"${kind}"`,
    `"subject":${JSON.stringify(subject)}`,
    `"by":${JSON.stringify(by)}`,
    `"reason":${JSON.stringify(reason)}`,
    `"since":"${new Date(at).toISOString()}"`,
    ...more,
  ].join(',');
}
