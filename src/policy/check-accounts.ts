/** Budgets and alerts that can never count anything: whoever wrote them believes that they protect something. */
import type { LocatedDocument } from '../core/yaml-document.ts';
import type { PolicyDocument } from './schema.ts';

interface Never {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

export function idleAccounts({ value }: LocatedDocument<PolicyDocument>): readonly Never[] {
  return [...idleBudgets(value), ...idleAlerts(value)];
}

function idleBudgets({ rules, masks }: PolicyDocument): readonly Never[] {
  const masksColumns = masks.some(({ columns }) => columns !== undefined);
  return rules.flatMap(({ then }, n) => {
    if (typeof then === 'string' || !('budget' in then)) return [];
    if (then.budget.per !== 'column' || masksColumns) return [];
    const path = ['rules', n, 'then', 'budget', 'per'];
    return [
      { path, message: 'can never count: per: column is about masked columns, and no mask names columns' },
    ];
  });
}

function idleAlerts({ alerts, rules, masks }: PolicyDocument): readonly Never[] {
  const thens = rules.flatMap(({ then }) => (typeof then === 'string' ? [] : [then]));
  const asks = thens.some(
    (then) =>
      'approve' in then ||
      ('limit' in then && then.limit.over === 'approve') ||
      ('budget' in then && then.budget.over === 'approve'),
  );
  const counts = thens.some((then) => 'budget' in then || 'rate' in then || 'limit' in then);
  const masksColumns = masks.some(({ columns }) => columns !== undefined);
  const names = new Set<string>();
  return alerts.flatMap(({ name, on }, n) => {
    const found: Never[] = [];
    if (names.has(name))
      found.push({ path: ['alerts', n, 'name'], message: `a second alert named "${name}"` });
    names.add(name);
    const never = (message: string) =>
      found.push({ path: ['alerts', n, 'on'], message: `can never be raised: ${message}` });
    if (on === 'approvals' && !asks) never('no rule asks for approval');
    if (on === 'budgets' && !counts) never('no rule has a budget, a rate or a limit');
    if (on === 'masked-table' && !masksColumns) never('no mask names columns');
    return found;
  });
}
