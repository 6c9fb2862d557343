/** Time limits of sessions that are being served. */
import { ProxyError } from '../../src/core/errors.ts';
import { failureError } from './deny.ts';
import type { Link } from './link.ts';
import type { Phase } from './phases.ts';

/** How long a server may take to end what was cancelled, or to answer Sluice's own question; then it counts as lost. */
const ANSWER_MS_MAX = 5_000;

/** Cancels a statement that is over its time. Gives the reason where the session has to end. */
function overTime(link: Link, now: number): ProxyError | null {
  const { statementTimeoutMs, idleTimeoutMs } = link.settings;
  const { reply } = link;
  // While a result is paused it is people who take their time.
  const run = statementTimeoutMs > 0 && !link.paused ? link.currentRun() : null;
  const late = run === null ? 0 : now - link.askedMs - statementTimeoutMs;
  if (run !== null && late > ANSWER_MS_MAX)
    return new ProxyError('upstream-lost', { detail: 'a statement could not be cancelled' });
  if (reply?.of === 'own' && now - link.askedMs > ANSWER_MS_MAX)
    return new ProxyError('upstream-lost', { detail: 'the server does not answer' });
  if (run !== null && late > 0 && run.failAs === null) {
    run.failAs = failureError(
      new ProxyError('statement-timeout', { detail: `it ran for more than ${statementTimeoutMs} ms` }),
    );
    link.cancel();
  }
  const idle = !link.isBusy;
  return idle && idleTimeoutMs > 0 && now - link.idleSinceMs > idleTimeoutMs
    ? new ProxyError('idle-timeout')
    : null;
}

/** Why the session has to end now; null where it need not. */
export function timeUp(phase: Phase, now: number): ProxyError | null {
  switch (phase.phase) {
    case 'startup':
    case 'changing':
      return now > phase.deadlineMs ? new ProxyError('handshake-timeout') : null;
    case 'dialling':
      return now > phase.deadlineMs
        ? new ProxyError('upstream-unreachable', { detail: 'no answer in time' })
        : null;
    case 'serving':
      return overTime(phase.link, now);
    case 'entering':
    case 'closed':
      return null;
  }
}
