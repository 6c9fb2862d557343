/** What was raised, who is kept out because of it, and how full budgets are. */
import type { AlertInfo, BudgetInfo, QuarantineInfo } from '../admin/alert-wire.ts';
import type { Me } from '../admin/wire.ts';
import { errorText, get, post } from './api.ts';
import { badge, type Child, emptyState, fill, h, type View } from './dom.ts';
import { bytes, count, duration, when } from './format.ts';
import { askFor, toast } from './notice.ts';
import { tableOf } from './table.ts';

const EVERY_MS = 5000;
/** From this share on a budget is nearly used up. */
const NEARLY = 0.8;

export function alertsView(me: Me): View {
  const held = h('div');
  const raised = h('div');
  const accounts = h('div');
  const load = async () => {
    try {
      const [{ alerts }, { quarantined }, { budgets }] = await Promise.all([
        get<{ alerts: AlertInfo[] }>('alerts'),
        get<{ quarantined: QuarantineInfo[] }>('quarantine'),
        get<{ budgets: BudgetInfo[] }>('budgets'),
      ]);
      fill(held, ...quarantineCard(quarantined, me, () => void load()));
      fill(raised, alertTable(alerts));
      fill(accounts, ...budgetCard(budgets));
    } catch (error) {
      fill(raised, h('p', { class: 'problem', role: 'alert' }, errorText(error)));
    }
  };
  void load();
  const timer = window.setInterval(() => void load(), EVERY_MS);
  return {
    title: 'Alerts',
    node: h('section', {}, h('h1', {}, 'Alerts'), held, raised, accounts),
    close: () => window.clearInterval(timer),
  };
}

function alertTable(alerts: readonly AlertInfo[]): HTMLElement {
  if (alerts.length === 0)
    return emptyState(
      'No alert was raised',
      'The policy’s “alerts:” say what somebody should hear of, such as { name: probing, on: denials, after: 5, window: 10m, quarantine: 1h }, or canary values that nobody should read.',
    );
  return tableOf(
    'alerts',
    ['When', 'Alert', 'User', 'What', 'Session'],
    alerts.map(({ at, alert, principal, message, session, quarantinedUntil }) => [
      when(at),
      [alert, ' ', quarantinedUntil === null ? null : badge('quarantine', 'bad')],
      principal,
      message,
      session === null ? '' : h('a', { href: `#/recordings/${encodeURIComponent(session)}` }, session),
    ]),
  );
}

function quarantineCard(quarantined: readonly QuarantineInfo[], me: Me, done: () => void): readonly Child[] {
  if (quarantined.length === 0) return [];
  const release = async (principal: string) => {
    if (!(await askFor('Release', `Let ${principal} log in again?`, 'Release'))) return;
    try {
      await post('quarantine/release', { principal });
      toast(`${principal} may log in again.`);
    } catch (error) {
      toast(errorText(error), 'bad');
    }
    done();
  };
  const rows = quarantined.map(({ principal, reason, until }) => [
    principal,
    reason ?? '',
    until === null ? 'until released' : `${duration(Math.max(0, Date.parse(until) - Date.now()))} left`,
    me.role === 'admin'
      ? h(
          'button',
          { class: 'small', onclick: () => void release(principal), 'aria-label': `release ${principal}` },
          'Release',
        )
      : '',
  ]);
  return [h('h2', {}, 'In quarantine'), tableOf('in quarantine', ['User', 'Why', 'How long', ''], rows)];
}

function budgetCard(budgets: readonly BudgetInfo[]): readonly Child[] {
  if (budgets.length === 0) return [];
  const amount = (n: number, unit: BudgetInfo['unit']) =>
    unit === 'bytes' ? bytes(n) : `${count(n)} ${unit}`;
  const rows = budgets.map(({ rule, subject, unit, windowMs, counted, max }) => {
    const share = max === null ? null : counted / max;
    return [
      rule,
      subject,
      amount(counted, unit),
      max === null ? 'no budget now' : `of ${amount(max, unit)} within ${duration(windowMs)}`,
      share === null
        ? ''
        : badge(`${Math.round(share * 100)} %`, share >= 1 ? 'bad' : share >= NEARLY ? 'wait' : 'plain'),
    ];
  });
  return [h('h2', {}, 'Budgets'), tableOf('budgets', ['Rule', 'Whose', 'Counted', 'Limit', 'Share'], rows)];
}
