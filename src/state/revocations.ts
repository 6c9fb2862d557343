/** Revocations and quarantines in the store: one for each kind and subject, the last that was put. */
import { foldedName } from '../core/person.ts';
import {
  type Database,
  numberAt,
  numberOrNullAt,
  type Row,
  type Transaction,
  textAt,
  textOrNullAt,
  wordAt,
} from './database.ts';
import { type LiftedRevocation, REVOCATION_KINDS, type Revocation, type RevocationsStore } from './store.ts';

const LIFTED_MS = 3_600_000;

export class StoredRevocations implements RevocationsStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** In place of what was said of it before; but a quarantine that is in force does not become shorter by another. */
  put({ kind, subject, reason, by, at, until }: Revocation): Promise<void> {
    return this.#database.write(async (transaction) => {
      await transaction.all(
        `INSERT INTO sluice.revocations AS r (kind, subject, reason, by_whom, at, until)
          VALUES ($1, $2, $3, $4, $5, $6)
          ON CONFLICT (kind, subject) DO UPDATE
            SET reason = excluded.reason, by_whom = excluded.by_whom, at = excluded.at,
              until = CASE WHEN r.kind = 'quarantine' AND r.lifted_at IS NULL AND r.until > excluded.until
                THEN r.until ELSE excluded.until END,
              lifted_at = NULL, lifted_by = NULL, lifted_reason = NULL`,
        kind,
        subject,
        reason,
        by,
        at,
        until,
      );
      await transaction.changed('revocations');
    });
  }

  lift(kind: Revocation['kind'], subject: string, by: string, reason: string | null): Promise<boolean> {
    return this.#database.write(async (transaction) => {
      const now = await transaction.now();
      const lifted = await transaction.all(
        `UPDATE sluice.revocations SET lifted_at = $1, lifted_by = $2, lifted_reason = $3
          WHERE kind = $4 AND subject = $5 AND lifted_at IS NULL AND (until IS NULL OR until > $1) RETURNING kind`,
        now,
        by,
        reason,
        kind,
        subject,
      );
      if (lifted.length > 0) await transaction.changed('revocations');
      return lifted.length > 0;
    });
  }

  current(): Promise<readonly Revocation[]> {
    return this.#database.read(async (transaction) => {
      const rows = await transaction.all(
        `SELECT * FROM sluice.revocations WHERE lifted_at IS NULL AND (until IS NULL OR until > $1)
          ORDER BY at, kind, subject`,
        await transaction.now(),
      );
      return rows.map(revocationOf);
    });
  }

  lifted(): Promise<readonly LiftedRevocation[]> {
    return this.#database.read(async (transaction) => {
      const rows = await transaction.all(
        'SELECT * FROM sluice.revocations WHERE lifted_at > $1 ORDER BY lifted_at, kind, subject',
        (await transaction.now()) - LIFTED_MS,
      );
      return rows.map((row) => ({
        ...revocationOf(row),
        liftedAt: numberAt(row, 'lifted_at'),
        liftedBy: textAt(row, 'lifted_by'),
        liftedReason: textOrNullAt(row, 'lifted_reason'),
      }));
    });
  }
}

/** Principals that have no access at this moment, as names are compared (core/person.ts). */
export async function namesWithoutAccess(transaction: Transaction): Promise<ReadonlySet<string>> {
  const rows = await transaction.all(
    `SELECT subject FROM sluice.revocations WHERE kind IN ('principal', 'quarantine')
      AND lifted_at IS NULL AND (until IS NULL OR until > $1)`,
    await transaction.now(),
  );
  return new Set(rows.map((row) => foldedName(textAt(row, 'subject'))));
}

function revocationOf(row: Row): Revocation {
  return {
    kind: wordAt(row, 'kind', REVOCATION_KINDS),
    subject: textAt(row, 'subject'),
    reason: textOrNullAt(row, 'reason'),
    by: textAt(row, 'by_whom'),
    at: numberAt(row, 'at'),
    until: numberOrNullAt(row, 'until'),
  };
}
