import type { Alerts } from '../alerts/index.ts';
import type { Approvals } from '../approvals/index.ts';
import type { Journal } from '../journal/writer.ts';
import type { HeldMemory } from '../limits/held-memory.ts';
import type { AccessPort } from './listener-domain.ts';
import type { PolicyHolder } from './policy-holder.ts';
import type { ResponseSink } from './response-records.ts';
import type { ResultMasks } from './result-masks.ts';
import type { Sessions } from './sessions.ts';
import type { Spendings } from './spending.ts';
import type { RecordSink } from './statement-records.ts';
import type { Turn } from './turn.ts';

/** What the sessions of one listener share that takes requests and no SQL. */
export interface RequestDomain extends RecordSink, ResponseSink {
  readonly name: string;
  /** `https://api.example.com:443`, for people. */
  readonly upstream: string;
  readonly policy: PolicyHolder;
  readonly journal: Journal;
  readonly turn: Turn;
  readonly sessions: Sessions;
  readonly masks: ResultMasks;
  readonly memory: HeldMemory;
  readonly access: AccessPort;
  /** Null: nobody can be asked, so what needs approval does not run. */
  readonly approvals: Approvals | null;
  /** Null: no account can be kept, so what a budget or a rate counts does not run. */
  readonly spendings: Spendings | null;
  /** Null: nothing is raised. */
  readonly alerts: Alerts | null;
  /** Requests wait for the disk (`durability: synced`). */
  readonly synced: boolean;
  log(
    level: 'debug' | 'info' | 'warn' | 'error',
    message: string,
    details: Readonly<Record<string, unknown>>,
  ): void;
  /** Milliseconds since the epoch. */
  clock(): number;
  /** A clock that only goes forward, in milliseconds. */
  now(): number;
  /** Runs once, after so many milliseconds. */
  after(ms: number, run: () => void): { cancel(): void };
}
