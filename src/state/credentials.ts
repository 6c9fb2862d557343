/** Session credentials in the store, by the hash of their secret. */
import { type Database, jsonAt, numberAt, textAt, textsAt } from './database.ts';
import type { Credential, CredentialsStore } from './store.ts';

export class StoredCredentials implements CredentialsStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  put(credential: Credential): Promise<void> {
    return this.#database.write(async (transaction) => {
      await transaction.all(
        `INSERT INTO sluice.credentials (id, hash, principal, groups, bound, created_at, expires_at)
          VALUES ($1, $2, $3, $4, $5, $6, $7)`,
        credential.id,
        credential.hash,
        credential.principal,
        JSON.stringify(credential.groups),
        JSON.stringify(credential.bound),
        credential.createdAt,
        credential.expiresAt,
      );
    });
  }

  find(hash: string): Promise<Credential | null> {
    return this.#database.read(async (transaction) => {
      const [row] = await transaction.all(
        'SELECT * FROM sluice.credentials WHERE hash = $1 AND expires_at > $2',
        hash,
        await transaction.now(),
      );
      if (row === undefined) return null;
      return {
        id: textAt(row, 'id'),
        hash: textAt(row, 'hash'),
        principal: textAt(row, 'principal'),
        groups: textsAt(row, 'groups'),
        bound: jsonAt(row, 'bound'),
        createdAt: numberAt(row, 'created_at'),
        expiresAt: numberAt(row, 'expires_at'),
      };
    });
  }

  remove(id: string): Promise<void> {
    return this.#database.write(async (transaction) => {
      await transaction.all('DELETE FROM sluice.credentials WHERE id = $1', id);
    });
  }
}
