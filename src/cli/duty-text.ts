/** What has to be decided by whom before something runs, for people. */
import type { ApprovalDuty } from '../core/decision.ts';
import { formatMs } from '../core/quantities.ts';

const WHY = {
  statement: 'the statement has to say why: /* reason: … */',
  request: 'the request has to say why',
} as const;

/** Such as `until 2 of dba, security have approved it, within 15 min; a yes serves once`. */
export function dutyText(
  { by, approvers, withinMs, windowMs, needsReason }: ApprovalDuty,
  what: keyof typeof WHY,
): string {
  const who = `${approvers === 1 ? 'one' : approvers} of ${by.join(', ')}`;
  const again = windowMs === null ? 'once' : `for ${formatMs(windowMs)}`;
  const reason = needsReason ? `; ${WHY[what]}` : '';
  return `until ${who} ${approvers === 1 ? 'has' : 'have'} approved it, within ${formatMs(withinMs)}; a yes serves ${again}${reason}`;
}
