/** What a client is told of budgets that are used up and of rates that are exceeded. */
import type { BudgetDuty, Denial, RateDuty } from '../core/decision.ts';
import { formatBytes, formatSpan } from '../core/quantities.ts';
import type { Account } from '../limits/account.ts';

/** configuration_limit_exceeded */
const SQLSTATE = '53400';

export function budgetDenial({ rule, windowMs }: BudgetDuty, account: Account): Denial {
  const { key, max, counted, refillsInMs } = account;
  const amount = (n: number) => (key.unit === 'bytes' ? formatBytes(n) : `${n} ${key.unit}`);
  const refill = refillsInMs === null ? '' : `, more in about ${seconds(refillsInMs)}`;
  return {
    sqlstate: SQLSTATE,
    message: `denied by rule "${rule}": the budget of ${amount(max)} within ${formatSpan(windowMs)} is used up (${amount(counted)} counted for ${key.subject}${refill})`,
    detail: null,
    hint: 'Ask for less, or again later.',
    position: null,
    rule,
    native: false,
  };
}

export function rateDenial({ rule, statements, everyMs }: RateDuty, subject: string, waitMs: number): Denial {
  return {
    sqlstate: SQLSTATE,
    message: `denied by rule "${rule}": more than ${statements} statements within ${formatSpan(everyMs)} for ${subject}`,
    detail: null,
    hint: `Try again in ${seconds(waitMs)}.`,
    position: null,
    rule,
    native: false,
  };
}

/** The client has cancelled what waited for its budgets. */
export function cancelledWait(rule: string): Denial {
  return {
    sqlstate: '57014',
    message: 'canceling statement due to user request',
    detail: null,
    hint: null,
    position: null,
    rule,
    native: true,
  };
}

function seconds(ms: number): string {
  return ms < 120_000 ? `${Math.max(1, Math.ceil(ms / 1000))} s` : formatSpan(ms);
}
