/**
 * The tables of the store, as numbered steps. A step that was released is never changed: a new one is added. Each is
 * applied in a transaction of its own, by one instance at a time.
 */
import { numberAt, type Transaction } from './database.ts';
import { StoreUnavailable } from './store.ts';

const FIRST: readonly string[] = [
  `CREATE TABLE sluice.approvals (
    id text PRIMARY KEY,
    digest text NOT NULL,
    principal text NOT NULL,
    rule text NOT NULL,
    by_groups text NOT NULL,
    approvers integer NOT NULL,
    kind text NOT NULL,
    instance text NOT NULL,
    session text NOT NULL,
    shown text NOT NULL,
    reason text,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    window_ms bigint,
    state text NOT NULL,
    settled_at bigint,
    open_until bigint NOT NULL,
    uses integer NOT NULL
  )`,
  'CREATE INDEX approvals_by_digest ON sluice.approvals (digest, principal)',
  'CREATE INDEX approvals_by_state ON sluice.approvals (state, open_until)',
  'CREATE INDEX approvals_by_age ON sluice.approvals (created_at)',
  `CREATE TABLE sluice.votes (
    approval text NOT NULL REFERENCES sluice.approvals (id) ON DELETE CASCADE,
    voter text NOT NULL,
    groups text NOT NULL,
    verdict text NOT NULL,
    reason text,
    channel text NOT NULL,
    at bigint NOT NULL,
    place integer NOT NULL,
    PRIMARY KEY (approval, voter)
  )`,
  // A row for each budget: who takes a lease of it locks the row.
  'CREATE TABLE sluice.budgets (key text PRIMARY KEY, counts_until bigint NOT NULL)',
  `CREATE TABLE sluice.leases (
    id text PRIMARY KEY,
    key text NOT NULL,
    window_ms bigint NOT NULL,
    granted bigint NOT NULL,
    instance text NOT NULL,
    expires_at bigint NOT NULL,
    counts_until bigint NOT NULL
  )`,
  'CREATE INDEX leases_by_key ON sluice.leases (key, counts_until)',
  'CREATE INDEX leases_by_age ON sluice.leases (counts_until)',
  `CREATE TABLE sluice.spent (
    key text NOT NULL,
    counts_until bigint NOT NULL,
    amount bigint NOT NULL,
    PRIMARY KEY (key, counts_until)
  )`,
  'CREATE INDEX spent_by_age ON sluice.spent (counts_until)',
  `CREATE TABLE sluice.credentials (
    id text PRIMARY KEY,
    hash text NOT NULL UNIQUE,
    principal text NOT NULL,
    groups text NOT NULL,
    bound text NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
  )`,
  `CREATE TABLE sluice.revocations (
    kind text NOT NULL,
    subject text NOT NULL,
    reason text,
    by_whom text NOT NULL,
    at bigint NOT NULL,
    until bigint,
    PRIMARY KEY (kind, subject)
  )`,
  `CREATE TABLE sluice.sightings (
    what text NOT NULL,
    subject text NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (what, subject)
  )`,
  // Counts per topic, by which processes that share an SQLite file notice each other.
  'CREATE TABLE sluice.changes (topic text PRIMARY KEY, count bigint NOT NULL)',
];

/** Credentials that clients log in with, and revocations whose end tells who ended them. */
const LOGINS: readonly string[] = [
  "ALTER TABLE sluice.credentials ADD COLUMN verifiers text NOT NULL DEFAULT '{}'",
  "ALTER TABLE sluice.credentials ADD COLUMN minted_by text NOT NULL DEFAULT ''",
  'CREATE INDEX credentials_by_principal ON sluice.credentials (principal, created_at)',
  'ALTER TABLE sluice.revocations ADD COLUMN lifted_at bigint',
  'ALTER TABLE sluice.revocations ADD COLUMN lifted_by text',
  'ALTER TABLE sluice.revocations ADD COLUMN lifted_reason text',
  'CREATE TABLE sluice.settings (name text PRIMARY KEY, value text NOT NULL)',
];

/** Alerts that were raised. */
const ALERTS: readonly string[] = [
  `CREATE TABLE sluice.alerts (
    id text PRIMARY KEY,
    at bigint NOT NULL,
    alert text NOT NULL,
    cause text NOT NULL,
    principal text NOT NULL,
    listener text,
    session text,
    message text NOT NULL,
    quarantined_until bigint
  )`,
  'CREATE INDEX alerts_by_age ON sluice.alerts (at)',
];

/** By what requesters and voters are known as people, beside their names. */
const PEOPLE: readonly string[] = [
  "ALTER TABLE sluice.approvals ADD COLUMN aliases text NOT NULL DEFAULT '[]'",
  "ALTER TABLE sluice.votes ADD COLUMN aliases text NOT NULL DEFAULT '[]'",
];

/** What servers offer to models. */
const PINS: readonly string[] = [
  `CREATE TABLE sluice.pins (
    listener text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    skeleton text NOT NULL,
    accepted text,
    accepted_by text,
    pending text,
    pending_why text,
    seen_at bigint NOT NULL,
    PRIMARY KEY (listener, kind, name)
  )`,
];

/** Calls that servers go on with as tasks. */
const TASKS: readonly string[] = [
  `CREATE TABLE sluice.tasks (
    listener text NOT NULL,
    owner text NOT NULL,
    task text NOT NULL,
    tool text NOT NULL,
    arguments text,
    is_unread integer NOT NULL,
    begun_at bigint NOT NULL,
    kept_until bigint NOT NULL,
    PRIMARY KEY (listener, owner, task)
  )`,
  'CREATE INDEX tasks_by_owner ON sluice.tasks (listener, owner, begun_at)',
  'CREATE INDEX tasks_by_age ON sluice.tasks (kept_until)',
];

export const MIGRATIONS: readonly (readonly string[])[] = [FIRST, LOGINS, ALERTS, PEOPLE, PINS, TASKS];

/** What differs between the databases. */
export interface MigrationGround {
  /** A query that gives a row where the table of migrations exists. */
  readonly isThere: string;
  /** Keeps other instances from migrating until the transaction ends. */
  lock(transaction: Transaction): Promise<void>;
  /** Makes the schema where there is none. */
  makeSchema(transaction: Transaction): Promise<void>;
}

type Write = <Result>(run: (transaction: Transaction) => Promise<Result>) => Promise<Result>;

/** Brings the store up to date. Throws StoreUnavailable where it is newer than this program. */
export async function migrate(
  write: Write,
  ground: MigrationGround,
  migrations: readonly (readonly string[])[] = MIGRATIONS,
): Promise<void> {
  let version = await write((transaction) => versionOf(transaction, ground, migrations.length));
  while (version < migrations.length) {
    version = await write(async (transaction) => {
      await ground.lock(transaction);
      // Another instance may have been faster.
      const current = await versionOf(transaction, ground, migrations.length);
      if (current > version) return current;
      if (current === 0) {
        await ground.makeSchema(transaction);
        await transaction.all(
          'CREATE TABLE IF NOT EXISTS sluice.migrations (version integer PRIMARY KEY, at bigint NOT NULL)',
        );
      }
      for (const statement of migrations[current] ?? []) await transaction.all(statement);
      await transaction.all(
        'INSERT INTO sluice.migrations (version, at) VALUES ($1, $2)',
        current + 1,
        await transaction.now(),
      );
      return current + 1;
    });
  }
}

/** The version of the store as it is, 0 where there is none. Throws StoreUnavailable where it is newer than this program. */
export async function versionOf(
  transaction: Transaction,
  ground: MigrationGround,
  known: number,
): Promise<number> {
  const [isThere] = await transaction.all(ground.isThere);
  if (isThere === undefined) return 0;
  const [row] = await transaction.all('SELECT coalesce(max(version), 0) AS version FROM sluice.migrations');
  const version = row === undefined ? 0 : numberAt(row, 'version');
  if (version > known) {
    throw new StoreUnavailable(
      `the store is of version ${version}, made by a newer Sluice; this one knows versions up to ${known}`,
    );
  }
  return version;
}
