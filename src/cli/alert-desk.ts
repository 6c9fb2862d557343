/** The alerts of a running process: what they are counted in, and who is told of them. */
import type { Logger } from 'pino';
import { Alerts } from '../alerts/index.ts';
import type { ApprovalView, Webhook } from '../approvals/index.ts';
import type { LoadedConfig } from '../config/load.ts';
import { isArray } from '../core/json.ts';
import type { PolicyHolder } from '../engine/policy-holder.ts';
import type { Turn } from '../engine/turn.ts';
import type { Journal } from '../journal/writer.ts';
import type { StateStore } from '../state/store.ts';
import { instanceOf } from './instance.ts';

export interface AlertGround {
  readonly state: StateStore;
  readonly journal: Journal;
  readonly turn: Turn;
  readonly webhook: Webhook | null;
}

export function openAlerts(loaded: LoadedConfig, log: Logger, ground: AlertGround): Alerts {
  const { state, journal, turn, webhook } = ground;
  return new Alerts({
    store: state,
    instance: instanceOf(loaded),
    record(type, members) {
      journal.append(type, members);
      turn.wantFlush();
    },
    announce(alert) {
      const { alert: name, on, principal, session } = alert;
      log.warn({ alert: name, on, principal, session }, 'alert');
      webhook?.sendAlert(alert);
    },
    log: (message, error) => log.error({ error: error.message }, message),
    clock: () => Date.now(),
  });
}

/** Somebody was asked to approve something. */
export function noteApproval(alerts: Alerts, policy: PolicyHolder, approval: ApprovalView): void {
  const { principal: name, shown, session, rule, id } = approval;
  const listener = typeof shown['listener'] === 'string' ? shown['listener'] : '';
  const written = shown['groups'];
  const groups =
    written !== undefined && isArray(written) ? written.filter((group) => typeof group === 'string') : [];
  const context = { principal: { name, groups }, listener, clientAddress: null };
  const message = `approval ${id} was asked for by rule "${rule}"`;
  for (const duty of policy.current.contextFor(context, Date.now()).alerts)
    if (duty.on === 'approvals') alerts.note(duty, { principal: name, listener, session, message });
}
