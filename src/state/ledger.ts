/**
 * Budgets over sliding windows. What was spent is kept in buckets of a 60th of the window, and a bucket counts until
 * the window has left its *end* behind: a row counts for the window and at most a 60th more, never less. It counts from
 * the moment at which its lease is settled, the latest at which it can have been sent; until then the whole lease counts.
 */
import { randomUUID } from 'node:crypto';
import { isArray, parseJson } from '../core/json.ts';
import { type Database, numberAt, numberOrNullAt, type Transaction, textAt } from './database.ts';
import type { BudgetKey, CountedBudget, Instant, Lease, LedgerStore } from './store.ts';

const BUCKETS = 60;
/** A killed instance's lease is its only for so long. */
const LEASE_MS_MAX = 30_000;

export class StoredLedger implements LedgerStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  lease(key: BudgetKey, wanted: number, max: number, instance: string): Promise<Lease> {
    const name = nameOf(key);
    return this.#database.write(async (transaction) => {
      await locked(transaction, name);
      // Asked for behind the lock: another instance may have held it for a while.
      const now = await transaction.now();
      const before = await inWindow(transaction, name, now, instance);
      const free = Math.max(0, Math.floor(max) - before.counted);
      const granted = Math.min(free, Math.max(0, Math.floor(wanted)));
      const lastsMs = Math.min(LEASE_MS_MAX, key.windowMs);
      const lease = {
        id: randomUUID(),
        granted,
        left: free - granted,
        counted: before.counted + granted,
        elsewhere: before.elsewhere,
        refillsInMs: before.refillsInMs,
        expiresAt: now + lastsMs,
        lastsMs,
      };
      if (granted === 0) return lease;
      const countsUntil = lease.expiresAt + key.windowMs;
      await transaction.all(
        `INSERT INTO sluice.leases (id, key, window_ms, granted, instance, expires_at, counts_until)
          VALUES ($1, $2, $3, $4, $5, $6, $7)`,
        lease.id,
        name,
        key.windowMs,
        granted,
        instance,
        lease.expiresAt,
        countsUntil,
      );
      await keep(transaction, name, countsUntil);
      if (lease.left === 0) await transaction.changed('budgets');
      return lease;
    });
  }

  settle(lease: string, spent: number): Promise<void> {
    return this.#database.write(async (transaction) => {
      const [found] = await transaction.all('SELECT key FROM sluice.leases WHERE id = $1', lease);
      if (found === undefined) return;
      const key = textAt(found, 'key');
      await locked(transaction, key);
      const [row] = await transaction.all(
        'DELETE FROM sluice.leases WHERE id = $1 RETURNING window_ms',
        lease,
      );
      if (row === undefined) return;
      const amount = Math.max(0, Math.ceil(spent));
      if (amount > 0) await spend(transaction, key, numberAt(row, 'window_ms'), amount);
    });
  }

  spent(key: BudgetKey): Promise<number> {
    return this.#database.read(async (transaction) =>
      counted(transaction, nameOf(key), await transaction.now()),
    );
  }

  list(): Promise<readonly CountedBudget[]> {
    return this.#database.read(async (transaction) => {
      const rows = await transaction.all(
        `SELECT key, CAST(sum(amount) AS bigint) AS total, CAST(sum(leased) AS bigint) AS leased FROM (
            SELECT key, granted AS amount, granted AS leased FROM sluice.leases WHERE counts_until > $1
            UNION ALL SELECT key, amount, 0 AS leased FROM sluice.spent WHERE counts_until > $1
          ) AS both_of_them GROUP BY key ORDER BY key`,
        await transaction.now(),
      );
      return rows.flatMap((row) => {
        const key = keyOf(textAt(row, 'key'));
        return key === null
          ? []
          : [{ ...key, counted: numberAt(row, 'total'), leased: numberAt(row, 'leased') }];
      });
    });
  }
}

/** A budget whose window is changed is another budget. */
function nameOf({ rule, subject, unit, windowMs }: BudgetKey): string {
  return JSON.stringify([rule, subject, unit, windowMs]);
}

/** The key of a name; null where another version of Sluice has made it. */
function keyOf(name: string): BudgetKey | null {
  const parts = parseJson(name);
  if (!isArray(parts)) return null;
  const [rule, subject, unit, windowMs] = parts;
  if (typeof rule !== 'string' || typeof subject !== 'string' || typeof windowMs !== 'number') return null;
  if (unit !== 'rows' && unit !== 'bytes' && unit !== 'statements') return null;
  return { rule, subject, unit, windowMs };
}

/** All that write to a budget come one after the other, so that no two find the same rest. */
async function locked(transaction: Transaction, key: string): Promise<void> {
  await transaction.all(
    `INSERT INTO sluice.budgets AS b (key, counts_until) VALUES ($1, 0)
      ON CONFLICT (key) DO UPDATE SET counts_until = b.counts_until`,
    key,
  );
}

async function keep(transaction: Transaction, key: string, until: Instant): Promise<void> {
  await transaction.all(
    'UPDATE sluice.budgets SET counts_until = $2 WHERE key = $1 AND counts_until < $2',
    key,
    until,
  );
}

async function counted(transaction: Transaction, key: string, now: Instant): Promise<number> {
  const [row] = await transaction.all(
    `SELECT CAST(
        coalesce((SELECT sum(granted) FROM sluice.leases WHERE key = $1 AND counts_until > $2), 0)
        + coalesce((SELECT sum(amount) FROM sluice.spent WHERE key = $1 AND counts_until > $2), 0)
      AS bigint) AS total`,
    key,
    now,
  );
  return row === undefined ? 0 : numberAt(row, 'total');
}

interface InWindow {
  readonly counted: number;
  /** Leased by others, and not expired. */
  readonly elsewhere: number;
  readonly refillsInMs: number | null;
}

async function inWindow(
  transaction: Transaction,
  key: string,
  now: Instant,
  instance: string,
): Promise<InWindow> {
  const [row] = await transaction.all(
    `SELECT CAST(coalesce(sum(amount), 0) AS bigint) AS total, CAST(coalesce(sum(elsewhere), 0) AS bigint) AS elsewhere,
        min(counts_until) AS next FROM (
          SELECT granted AS amount, CASE WHEN instance <> $3 AND expires_at > $2 THEN granted ELSE 0 END AS elsewhere,
            counts_until FROM sluice.leases WHERE key = $1 AND counts_until > $2
          UNION ALL SELECT amount, 0 AS elsewhere, counts_until FROM sluice.spent WHERE key = $1 AND counts_until > $2
        ) AS both_of_them`,
    key,
    now,
    instance,
  );
  if (row === undefined) return { counted: 0, elsewhere: 0, refillsInMs: null };
  const next = numberOrNullAt(row, 'next');
  return {
    counted: numberAt(row, 'total'),
    elsewhere: numberAt(row, 'elsewhere'),
    refillsInMs: next === null ? null : next - now,
  };
}

async function spend(transaction: Transaction, key: string, windowMs: number, amount: number): Promise<void> {
  const width = Math.max(1, Math.ceil(windowMs / BUCKETS));
  const end = (Math.floor((await transaction.now()) / width) + 1) * width;
  await keep(transaction, key, end + windowMs);
  await transaction.all(
    `INSERT INTO sluice.spent AS s (key, counts_until, amount) VALUES ($1, $2, $3)
      ON CONFLICT (key, counts_until) DO UPDATE SET amount = s.amount + excluded.amount`,
    key,
    end + windowMs,
    amount,
  );
}
