/** What has been seen, in the store. */
import type { Database } from './database.ts';
import type { SightingsStore } from './store.ts';

export class StoredSightings implements SightingsStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  first(what: string, subject: string): Promise<boolean> {
    return this.#database.write(async (transaction) => {
      const rows = await transaction.all(
        `INSERT INTO sluice.sightings (what, subject, at) VALUES ($1, $2, $3)
          ON CONFLICT (what, subject) DO NOTHING RETURNING what`,
        what,
        subject,
        await transaction.now(),
      );
      return rows.length > 0;
    });
  }
}
