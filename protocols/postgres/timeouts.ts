/** Time limits of sessions. */
import { ProxyError } from '../../src/core/errors.ts';
import { failureResponse } from './encode.ts';
import type { Link, LinkSettings } from './link.ts';
import type { Phase } from './phases.ts';
import type { Run } from './replies.ts';

/** How long a server may take to end what was cancelled, or to answer Sluice's own question; then it counts as lost. */
const ANSWER_MS_MAX = 5_000;

/** Cancels a statement that is over its time. Gives the reason where the session has to end. */
function overTime(link: Link, settings: LinkSettings, now: number): ProxyError | null {
  const { statementTimeoutMs, idleTimeoutMs } = settings;
  // While a result is paused it is people who take their time.
  const run = statementTimeoutMs > 0 && !link.paused ? link.runAtServer() : null;
  const late = run === null ? 0 : now - Math.max(run.startedMs, link.runEndedMs) - statementTimeoutMs;
  if (run !== null && late > ANSWER_MS_MAX && !link.unsynced) {
    return new ProxyError('upstream-lost', { detail: 'a statement could not be cancelled' });
  }
  const first = link.replies.first()?.of;
  if ((first === 'probe-alone' || first === 'probe-pipeline') && now - link.askedMs > ANSWER_MS_MAX) {
    return new ProxyError('upstream-lost', { detail: 'the server does not answer' });
  }
  if (run !== null && late > 0 && !link.cancelling) timeOut(link, run, statementTimeoutMs);
  const idle = link.replies.size === 0 && link.blocks === 0;
  return idle && idleTimeoutMs > 0 && now - link.idleSinceMs > idleTimeoutMs
    ? new ProxyError('idle-timeout')
    : null;
}

/** What the client sends next waits, as behind a cut: the cancel request must not hit it. */
function timeOut(link: Link, run: Run, ms: number): void {
  run.failAs ??= failureResponse(
    new ProxyError('statement-timeout', { detail: `it ran for more than ${ms} ms` }),
  );
  link.cutRun = run;
  link.cancel();
}

/** Why the session has to end now; null where it need not. */
export function timeUp(phase: Phase, settings: LinkSettings, now: number): ProxyError | null {
  switch (phase.phase) {
    case 'startup':
      return now > phase.deadlineMs ? new ProxyError('handshake-timeout') : null;
    case 'dialling':
      return now > phase.deadlineMs
        ? new ProxyError('upstream-unreachable', { detail: 'no answer in time' })
        : null;
    case 'serving':
      return overTime(phase.link, settings, now);
    case 'closed':
      return null;
  }
}
