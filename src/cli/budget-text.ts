/** Budgets and rates in words, for explain and the console. */
import type { BudgetDuty, RateDuty } from '../core/decision.ts';
import { formatBytes, formatSpan } from '../core/quantities.ts';

type Terms = Pick<BudgetDuty, 'per' | 'rows' | 'bytes' | 'statements' | 'windowMs' | 'approval'>;

/** `50000 rows, 100 MiB within 1h for each user`. */
export function budgetText({ per, rows, bytes, statements, windowMs, approval }: Terms): string {
  const most = [
    ...(rows === null ? [] : [`${rows} rows`]),
    ...(bytes === null ? [] : [formatBytes(bytes)]),
    ...(statements === null ? [] : [`${statements} statements`]),
  ];
  const over = approval === null ? '' : `, beyond it with approval by ${approval.by.join(', ')}`;
  return `${most.join(', ')} within ${formatSpan(windowMs)} for each ${per}${over}`;
}

/** `60 statements within 1m for each user, 10 at once`. */
export function rateText({ per, statements, everyMs, burst }: RateDuty): string {
  const most = burst === statements ? '' : `, ${burst} at once`;
  return `${statements} statements within ${formatSpan(everyMs)} for each ${per}${most}`;
}
