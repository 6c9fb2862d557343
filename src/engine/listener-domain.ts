import type { ProxyError } from '../core/errors.ts';
import type { IdentitySource } from '../core/login.ts';
import type { Identity } from '../core/principal.ts';
import type { CancelKey, EnginePort, ProtocolSession, UpstreamAccount } from '../core/session.ts';
import type { HeldMemory } from '../limits/held-memory.ts';
import type { Dialer } from './leg.ts';
import type { Sessions } from './sessions.ts';
import type { SqlDomain } from './sql-domain.ts';
import type { Turn } from './turn.ts';

/** Whether somebody who has proven who they are may log in. */
export interface AccessPort {
  /** Null: nothing is against it. */
  refusal(identity: Identity): ProxyError | null;
}

/** What every connection of a listener has in common. */
export interface ListenerDomain {
  readonly name: string;
  readonly sql: SqlDomain;
  readonly account: UpstreamAccount;
  readonly dialer: Dialer;
  readonly identity: IdentitySource;
  readonly access: AccessPort;
  readonly sessions: Sessions;
  readonly memory: HeldMemory;
  readonly turn: Turn;
  /** Staged bytes wait for the disk (`durability: synced`). */
  readonly synced: boolean;
  /** Cancels what runs under a key of the server's. */
  deliverCancel(key: CancelKey): Promise<void>;
  protocol(engine: EnginePort): ProtocolSession;
  log(
    level: 'debug' | 'info' | 'warn' | 'error',
    message: string,
    details: Readonly<Record<string, unknown>>,
  ): void;
  now(): number;
  /** Runs once, after so many milliseconds. */
  after(ms: number, run: () => void): { cancel(): void };
}
