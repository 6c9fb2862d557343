/** Revocations and quarantines in the store: one for each kind and subject, the last that was put. */
import { type Database, numberAt, numberOrNullAt, textAt, textOrNullAt, wordAt } from './database.ts';
import { REVOCATION_KINDS, type Revocation, type RevocationsStore } from './store.ts';

export class StoredRevocations implements RevocationsStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  put({ kind, subject, reason, by, at, until }: Revocation): Promise<void> {
    return this.#database.write(async (transaction) => {
      await transaction.all(
        `INSERT INTO sluice.revocations (kind, subject, reason, by_whom, at, until)
          VALUES ($1, $2, $3, $4, $5, $6)
          ON CONFLICT (kind, subject) DO UPDATE
            SET reason = excluded.reason, by_whom = excluded.by_whom, at = excluded.at, until = excluded.until`,
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

  lift(kind: Revocation['kind'], subject: string): Promise<void> {
    return this.#database.write(async (transaction) => {
      const gone = await transaction.all(
        'DELETE FROM sluice.revocations WHERE kind = $1 AND subject = $2 RETURNING kind',
        kind,
        subject,
      );
      if (gone.length > 0) await transaction.changed('revocations');
    });
  }

  current(): Promise<readonly Revocation[]> {
    return this.#database.read(async (transaction) => {
      const rows = await transaction.all(
        'SELECT * FROM sluice.revocations WHERE until IS NULL OR until > $1 ORDER BY at, kind, subject',
        await transaction.now(),
      );
      return rows.map((row) => ({
        kind: wordAt(row, 'kind', REVOCATION_KINDS),
        subject: textAt(row, 'subject'),
        reason: textOrNullAt(row, 'reason'),
        by: textAt(row, 'by_whom'),
        at: numberAt(row, 'at'),
        until: numberOrNullAt(row, 'until'),
      }));
    });
  }
}
