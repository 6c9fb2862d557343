/** A session with its real gate and no sockets: what it sends to either side is kept for whoever drives it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProxyError } from '../../src/core/errors.ts';
import { sessionIdFrom } from '../../src/core/ids.ts';
import { Meter } from '../../src/core/meter.ts';
import { lastingIdentity } from '../../src/core/principal.ts';
import type { EnginePort } from '../../src/core/session.ts';
import { PolicyHolder } from '../../src/engine/policy-holder.ts';
import { ResultMasks } from '../../src/engine/result-masks.ts';
import type { SqlDomain } from '../../src/engine/sql-domain.ts';
import { SessionGate } from '../../src/engine/sql-gate.ts';
import { UpstreamPassword } from '../../src/identity/upstream-password.ts';
import { SigningKey } from '../../src/journal/keys.ts';
import { Journal } from '../../src/journal/writer.ts';
import { loadPolicy } from '../../src/policy/policy.ts';

/** Settings of a session in which nothing runs out. */
export const SOLO_SETTINGS = {
  tls: 'off',
  databases: ['shop'],
  handshakeTimeoutMs: 1e9,
  statementTimeoutMs: 0,
  idleTimeoutMs: 0,
  messageBytesMax: 1 << 24,
  namesMax: 100,
} as const;

/** What a session sends. */
export interface Sink {
  toClient(bytes: Buffer): void;
  toServer(bytes: Buffer): void;
  connect(): void;
  closed(error: ProxyError | null): void;
}

export interface SoloAccount {
  readonly user: string;
  readonly password: string | null;
  readonly database: string;
}

/** A domain in which everything is allowed, with a journal of its own. */
export function soloSqlDomain(parts: Pick<SqlDomain, 'catalog' | 'dialect' | 'describer'>): {
  readonly domain: SqlDomain;
  close(): void;
} {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-solo-'));
  const journal = Journal.open({
    directory,
    key: SigningKey.loadOrCreate(join(directory, 'signing.key')),
    segmentBytesMax: 1 << 30,
    clock: () => 0,
    onHealth: () => {},
  });
  const domain: SqlDomain = {
    ...parts,
    upstream: '127.0.0.1:5432/shop',
    approvals: null,
    spendings: null,
    alerts: null,
    policy: new PolicyHolder(loadPolicy('policy', 'default: allow\n').policy),
    journal,
    masks: new ResultMasks(new Map(), null),
    meter: new Meter(),
    clock: () => 0,
    record: () => {},
    recordResult: () => {},
    responses: null,
    recordResponse: () => {},
  };
  return {
    domain,
    close() {
      journal.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The ports of a session whose clients are trusted, and where nothing is waited for. */
export function soloEngine(domain: SqlDomain, sink: Sink, account: SoloAccount): EnginePort {
  const copy = (bytes: Buffer, start: number, end: number) => Buffer.from(bytes.subarray(start, end));
  const toServer = (bytes: Buffer, start: number, end: number) => sink.toServer(copy(bytes, start, end));
  return {
    identity: {
      login: (name) => ({ plan: 'trust', identity: lastingIdentity({ name, groups: [] }, 'trust') }),
      mysqlLogin: (name) => ({ plan: 'trust', identity: lastingIdentity({ name, groups: [] }, 'trust') }),
      mysqlNonce: () => Buffer.alloc(20, 1),
    },
    downstream: {
      congested: false,
      send: (bytes, start, end) => sink.toClient(copy(bytes, start, end)),
      pause() {},
      resume() {},
      startTls() {},
      end() {},
    },
    upstream: {
      turn: 1,
      connect: () => sink.connect(),
      startTls() {},
      send: toServer,
      stage: toServer,
      pause() {},
      resume() {},
      cancel() {},
      end() {},
    },
    now: () => 0,
    authenticated: ({ principal }) => ({
      admission: 'admitted',
      gate: new SessionGate(
        domain,
        sessionIdFrom(new Uint8Array(14)),
        { principal, listener: 'solo', clientAddress: null },
        (step) => step(),
        () => {
          throw new Error('nothing is waited for in a session of its own');
        },
      ),
      account: {
        ...account,
        tls: 'disable',
        options: new Map(),
        credential: new UpstreamPassword(account.user, account.password),
      },
    }),
    upstreamReady() {},
    killSession: () => 'unknown',
    cancelKey: () => ({ processId: 7, secret: Buffer.alloc(4, 7) }),
    cancelSession() {},
    hold: () => true,
    release() {},
    closed: (error) => sink.closed(error),
  };
}
