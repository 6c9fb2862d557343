/** What servers offer to models, as it was seen first or reviewed last, and what waits for a review. */
import { type Database, numberAt, type Row, textAt, textOrNullAt, wordAt } from './database.ts';
import { PIN_KINDS, type Pin, type PinKey, type PinsStore } from './store.ts';

export class StoredPins implements PinsStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  list(listener: string | null): Promise<readonly Pin[]> {
    return this.#database.read(async (transaction) => {
      const rows =
        listener === null
          ? await transaction.all('SELECT * FROM sluice.pins ORDER BY listener, kind, name')
          : await transaction.all(
              'SELECT * FROM sluice.pins WHERE listener = $1 ORDER BY kind, name',
              listener,
            );
      return rows.map(pinOf);
    });
  }

  first(pin: Omit<Pin, 'seenAt'>): Promise<Pin> {
    const { listener, kind, name, skeleton, accepted, acceptedBy, pending, pendingWhy } = pin;
    return this.#database.write(async (transaction) => {
      const now = await transaction.now();
      const made = await transaction.all(
        `INSERT INTO sluice.pins (listener, kind, name, skeleton, accepted, accepted_by, pending, pending_why, seen_at)
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (listener, kind, name) DO NOTHING RETURNING name`,
        listener,
        kind,
        name,
        skeleton,
        accepted,
        acceptedBy,
        pending,
        pendingWhy,
        now,
      );
      if (made.length > 0) {
        await transaction.changed('pins');
        return { ...pin, seenAt: now };
      }
      const [row] = await transaction.all(FIND, listener, kind, name);
      if (row === undefined) throw new Error('a pin that is there is not found');
      return pinOf(row);
    });
  }

  hold({ listener, kind, name }: PinKey, definition: string, why: string): Promise<boolean> {
    return this.#database.write(async (transaction) => {
      const held = await transaction.all(
        `UPDATE sluice.pins SET pending = $4, pending_why = $5, seen_at = $6
          WHERE listener = $1 AND kind = $2 AND name = $3
            AND (accepted IS NULL OR accepted <> $4) AND (pending IS NULL OR pending <> $4) RETURNING name`,
        listener,
        kind,
        name,
        definition,
        why,
        await transaction.now(),
      );
      if (held.length > 0) await transaction.changed('pins');
      return held.length > 0;
    });
  }

  accept({ listener, kind, name }: PinKey, definition: string, by: string): Promise<Pin | null> {
    return this.#database.write(async (transaction) => {
      const [row] = await transaction.all(
        `UPDATE sluice.pins SET accepted = pending, accepted_by = $5, pending = NULL, pending_why = NULL
          WHERE listener = $1 AND kind = $2 AND name = $3 AND pending = $4 RETURNING *`,
        listener,
        kind,
        name,
        definition,
        by,
      );
      if (row === undefined) return null;
      await transaction.changed('pins');
      return pinOf(row);
    });
  }

  forget({ listener, kind, name }: PinKey): Promise<boolean> {
    return this.#database.write(async (transaction) => {
      const gone = await transaction.all(
        'DELETE FROM sluice.pins WHERE listener = $1 AND kind = $2 AND name = $3 RETURNING name',
        listener,
        kind,
        name,
      );
      if (gone.length > 0) await transaction.changed('pins');
      return gone.length > 0;
    });
  }
}

const FIND = 'SELECT * FROM sluice.pins WHERE listener = $1 AND kind = $2 AND name = $3';

function pinOf(row: Row): Pin {
  return {
    listener: textAt(row, 'listener'),
    kind: wordAt(row, 'kind', PIN_KINDS),
    name: textAt(row, 'name'),
    skeleton: textAt(row, 'skeleton'),
    accepted: textOrNullAt(row, 'accepted'),
    acceptedBy: textOrNullAt(row, 'accepted_by'),
    pending: textOrNullAt(row, 'pending'),
    pendingWhy: textOrNullAt(row, 'pending_why'),
    seenAt: numberAt(row, 'seen_at'),
  };
}
