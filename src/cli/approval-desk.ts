/** The approvals of a running process: where they are kept, who is told of them, and what the journal says of them. */
import type { Logger } from 'pino';
import { Approvals, type ApprovalView, Webhook } from '../approvals/index.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { AdminConfig } from '../config/schema.ts';
import type { Turn } from '../engine/turn.ts';
import type { Journal } from '../journal/writer.ts';
import type { StateStore } from '../state/store.ts';
import { instanceOf } from './instance.ts';

export interface ApprovalDesk {
  readonly approvals: Approvals;
  readonly webhook: Webhook | null;
  close(): Promise<void>;
}

export function openApprovals(
  loaded: LoadedConfig,
  log: Logger,
  shared: { readonly state: StateStore; readonly journal: Journal; readonly turn: Turn },
  /** Hears of each request. */
  onRequest: (approval: ApprovalView) => void,
): ApprovalDesk {
  const { approvals: settings } = loaded.config;
  const place = settings.url ?? consolePlace(loaded.config.admin);
  const webhook =
    settings.webhook === undefined
      ? null
      : new Webhook({ ...settings.webhook, log: (message, details) => log.warn(details, message) });
  const approvals = new Approvals({
    store: shared.state,
    instance: instanceOf(loaded),
    record(type, members) {
      shared.journal.append(type, members);
      shared.turn.wantFlush();
    },
    urlOf: (id) => (place === null ? null : `${place.replace(/\/$/, '')}/${id}`),
    announce(approval, url) {
      webhook?.send(approval, url);
      onRequest(approval);
    },
    log: (message, error) => log.error({ error: error.message }, message),
  });
  return {
    approvals,
    webhook,
    async close() {
      await approvals.close();
      webhook?.close();
    },
  };
}

/** Where the console shows requests; null: there is none, or nobody knows its port before it listens. */
function consolePlace(admin: AdminConfig | undefined): string | null {
  if (admin === undefined) return null;
  const { host, port } = admin.listen;
  const own = `${admin.tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  if (admin.url === undefined && port === 0) return null;
  return `${(admin.url ?? own).replace(/\/$/, '')}/#/approvals`;
}
