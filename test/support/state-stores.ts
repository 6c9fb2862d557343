/** Both databases of shared state, for tests: instances over the same data, and data of their own for each test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { type StateOptions, stateDatabase } from '../../src/cli/state-store.ts';
import { parseStateUrl } from '../../src/config/state-url.ts';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { sharedState } from '../../src/state/shared-state.ts';
import type { ApprovalRequest, StateStore } from '../../src/state/store.ts';

export interface StateGround {
  readonly kind: 'sqlite' | 'postgres';
  /** The URL of a store that is still empty. */
  fresh(): Promise<string>;
  stop(): Promise<void>;
}

export function sqliteGround(): StateGround {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-state-'));
  let made = 0;
  return {
    kind: 'sqlite',
    fresh: async () => `sqlite:${join(directory, `state-${made++}.db`)}`,
    stop: async () => rmSync(directory, { recursive: true, force: true }),
  };
}

export async function postgresGround(
  server?: PostgresServer,
): Promise<StateGround & { readonly server: PostgresServer }> {
  const postgres = server ?? (await startPostgres());
  let made = 0;
  return {
    kind: 'postgres',
    server: postgres,
    async fresh() {
      const name = `state_${made++}`;
      await asSuperuser(postgres.url(), `CREATE DATABASE ${name}`);
      return postgres.url(name);
    },
    stop: () => postgres.stop(),
  };
}

/** An instance of Sluice's, as far as the store goes. */
export function openStore(url: string, options: StateOptions = {}): StateStore {
  return sharedState(stateDatabase(parseStateUrl(url), '/', options));
}

export async function asSuperuser(url: string, ...statements: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

let requests = 0;

/** A request that `dba` decides on, for a quarter of an hour. */
export async function requestFor(
  store: StateStore,
  more: Partial<ApprovalRequest> & { readonly withinMs?: number } = {},
): Promise<ApprovalRequest> {
  const { withinMs = 900_000, ...fields } = more;
  const now = await store.now();
  return {
    id: `r${process.pid}-${requests++}`,
    digest: 'd1',
    principal: 'agent',
    aliases: [],
    rule: 'orders',
    by: ['dba'],
    approvers: 1,
    kind: 'statement',
    instance: 'one',
    session: 's1',
    shown: { statement: 'DELETE FROM orders', parameters: [null, 'ünï'] },
    reason: null,
    createdAt: now,
    expiresAt: now + withinMs,
    windowMs: null,
    ...fields,
  };
}

export function yes(by: string, groups: readonly string[] = ['dba']) {
  return { by, aliases: [], groups, verdict: 'approve', reason: null, channel: 'test' } as const;
}

export function no(by: string, groups: readonly string[] = ['dba']) {
  return { by, aliases: [], groups, verdict: 'deny', reason: 'not today', channel: 'test' } as const;
}
