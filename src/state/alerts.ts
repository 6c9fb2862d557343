/** Alerts that were raised, for who looks at them; the journal keeps them for good. */
import { ALERT_CAUSES, type AlertEvent } from '../core/alerts.ts';
import { type Database, numberAt, numberOrNullAt, textAt, textOrNullAt, wordAt } from './database.ts';
import type { AlertsStore } from './store.ts';

export class StoredAlerts implements AlertsStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  put(event: AlertEvent): Promise<void> {
    const { id, alert, on, principal, listener, session, message, quarantinedUntil } = event;
    return this.#database.write(async (transaction) => {
      await transaction.all(
        `INSERT INTO sluice.alerts (id, at, alert, cause, principal, listener, session, message, quarantined_until)
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING`,
        id,
        await transaction.now(),
        alert,
        on,
        principal,
        listener,
        session,
        message,
        quarantinedUntil,
      );
      await transaction.changed('alerts');
    });
  }

  list({
    since,
    limit,
  }: {
    readonly since?: number;
    readonly limit: number;
  }): Promise<readonly AlertEvent[]> {
    return this.#database.read(async (transaction) => {
      const rows = await transaction.all(
        'SELECT * FROM sluice.alerts WHERE at >= $1 ORDER BY at DESC, id LIMIT $2',
        since ?? 0,
        limit,
      );
      return rows.map((row) => ({
        id: textAt(row, 'id'),
        at: numberAt(row, 'at'),
        alert: textAt(row, 'alert'),
        on: wordAt(row, 'cause', ALERT_CAUSES),
        principal: textAt(row, 'principal'),
        listener: textOrNullAt(row, 'listener'),
        session: textOrNullAt(row, 'session'),
        message: textAt(row, 'message'),
        quarantinedUntil: numberOrNullAt(row, 'quarantined_until'),
      }));
    });
  }
}
