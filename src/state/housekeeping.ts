/**
 * Takes out of the store what nothing asks for any more. In slices, each a transaction of its own, so that nobody waits
 * for it. What has happened is in the journal, which keeps it by its own rules.
 */
import type { Database } from './database.ts';

const SLICE = 500;
const DAY_MS = 86_400_000;
/** How long settled approvals can still be listed. */
const APPROVALS_MS = 30 * DAY_MS;
/** How long alerts can still be listed. */
const ALERTS_MS = 90 * DAY_MS;

interface Sweep {
  readonly table: string;
  readonly key: string;
  readonly where: string;
  /** How long ago `$1` is. */
  readonly keptMs: number;
}

const SWEEPS: readonly Sweep[] = [
  { table: 'spent', key: 'key, counts_until', where: 'counts_until <= $1', keptMs: 0 },
  { table: 'leases', key: 'id', where: 'counts_until <= $1', keptMs: 0 },
  // Kept a while longer: a row that was just made for a lock has nothing that counts yet.
  { table: 'budgets', key: 'key', where: 'counts_until > 0 AND counts_until <= $1', keptMs: DAY_MS },
  { table: 'alerts', key: 'id', where: 'at <= $1', keptMs: ALERTS_MS },
  { table: 'credentials', key: 'id', where: 'expires_at <= $1', keptMs: DAY_MS },
  { table: 'tasks', key: 'listener, owner, task', where: 'kept_until <= $1', keptMs: 0 },
  { table: 'revocations', key: 'kind, subject', where: 'until <= $1', keptMs: DAY_MS },
  { table: 'revocations', key: 'kind, subject', where: 'lifted_at <= $1', keptMs: DAY_MS },
  {
    table: 'approvals',
    key: 'id',
    where: `state NOT IN ('pending', 'approved') AND settled_at <= $1`,
    keptMs: APPROVALS_MS,
  },
];

/** Gives how many rows are gone. Rejects with StoreUnavailable. */
export async function keepHouse(database: Database): Promise<number> {
  let gone = 0;
  for (const sweep of SWEEPS) {
    for (;;) {
      const removed = await sweepOnce(database, sweep);
      gone += removed;
      if (removed < SLICE) break;
    }
  }
  return gone;
}

function sweepOnce(database: Database, { table, key, where, keptMs }: Sweep): Promise<number> {
  return database.write(async (transaction) => {
    const before = (await transaction.now()) - keptMs;
    const rows = await transaction.all(
      `DELETE FROM sluice.${table} WHERE (${key}) IN
        (SELECT ${key} FROM sluice.${table} WHERE ${where} LIMIT ${SLICE}) AND ${where} RETURNING 1 AS gone`,
      before,
    );
    return rows.length;
  });
}
