/** The approvals of a running process: where they are kept, who is told of them, and what the journal says of them. */
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { Approvals, Webhook } from '../approvals/index.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { Turn } from '../engine/turn.ts';
import type { Journal } from '../journal/writer.ts';
import type { StateStore } from '../state/store.ts';

export interface ApprovalDesk {
  readonly approvals: Approvals;
  readonly webhook: Webhook | null;
  close(): Promise<void>;
}

export function openApprovals(
  loaded: LoadedConfig,
  log: Logger,
  shared: { readonly state: StateStore; readonly journal: Journal; readonly turn: Turn },
): ApprovalDesk {
  const { approvals: settings } = loaded.config;
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
    urlOf: (id) => (settings.url === undefined ? null : `${settings.url.replace(/\/$/, '')}/${id}`),
    announce: (approval, url) => webhook?.send(approval, url),
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

/** An instance is the journal that it writes. */
function instanceOf({ config, directory }: LoadedConfig): string {
  const journal = `${hostname()}\0${resolve(directory, config.journal.dir)}`;
  return createHash('sha256').update(journal).digest('hex').slice(0, 16);
}
