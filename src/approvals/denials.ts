/** What a client is told of a statement that waits for people, or that they did not let run. */
import type { ApprovalDuty, Denial } from '../core/decision.ts';
import type { ApprovalNotice } from '../core/gate.ts';
import type { Approval } from '../state/store.ts';

/** How to decide: the console where there is one, and always the command line. */
export function waysToDecide(id: string, url: string | null): string {
  const command = `sluice approvals approve ${id} --as NAME`;
  return url === null ? command : `${url} or: ${command}`;
}

export function whoDecides({ by, approvers }: { by: readonly string[]; approvers: number }): string {
  const groups = by.join(', ');
  return approvers === 1 ? `one person of ${groups}` : `${approvers} people of ${groups}`;
}

export function heldNotice(approval: Approval, url: string | null): ApprovalNotice {
  const { id, rule, kind, expiresAt } = approval;
  const what = kind === 'result' ? 'result paused' : 'statement held';
  return {
    id,
    message: `${what} by rule "${rule}" for approval ${id}`,
    detail: `${whoDecides(approval)} may decide until ${timeText(expiresAt)}, and not the requester.`,
    hint: `To decide: ${waysToDecide(id, url)}`,
  };
}

/** The client cannot wait any longer, or at all: the same statement runs once it is approved. */
export function pendingDenial(approvals: readonly Approval[], urlOf: (id: string) => string | null): Denial {
  const rule = approvals[0]?.rule ?? '';
  const ids = approvals.map(({ id }) => id).join(' and ');
  return denial('42501', rule, {
    message: `needs approval ${ids} by rule "${rule}": run the same statement again once it is approved`,
    detail: approvals
      .map((one) => `${whoDecides(one)} may decide until ${timeText(one.expiresAt)}`)
      .join('; '),
    hint: `To decide: ${approvals.map(({ id }) => waysToDecide(id, urlOf(id))).join('; ')}`,
  });
}

/** It was settled, and not by a yes. */
export function settledDenial(approval: Approval): Denial {
  const { id, rule, state, votes, expiresAt } = approval;
  const no = votes.find(({ verdict }) => verdict === 'deny');
  if (state === 'denied') {
    const why = no?.reason == null ? '' : `: ${no.reason}`;
    return denial('42501', rule, { message: `approval ${id} was denied by ${no?.by ?? 'somebody'}${why}` });
  }
  if (state === 'expired')
    return denial('57014', rule, {
      message: `approval ${id} expired at ${timeText(expiresAt)}: nobody decided in time`,
    });
  return denial('57014', rule, { message: `approval ${id} was cancelled` });
}

export function cancelledDenial(rule: string): Denial {
  // The server itself would have said it.
  return { ...denial('57014', rule, { message: 'canceling statement due to user request' }), native: true };
}

export function reasonMissing({ rule }: ApprovalDuty): Denial {
  return denial('42501', rule, {
    message: `rule "${rule}" asks why before it asks for approval`,
    hint: 'Say it in a comment of the statement: /* reason: … */',
  });
}

export function tooManyOpen(rule: string, max: number): Denial {
  return denial('53400', rule, {
    message: `${max} requests for approval of this user are open already`,
    hint: 'Wait until some are decided, or have expired.',
  });
}

function denial(
  sqlstate: string,
  rule: string,
  { message, detail = null, hint = null }: { message: string; detail?: string | null; hint?: string | null },
): Denial {
  return { sqlstate, message, detail, hint, position: null, rule, native: false };
}

/** `2026-03-01 09:30:00 UTC`. */
function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
