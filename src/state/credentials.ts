/** Session credentials in the store, by the hash of their secret. */
import { randomBytes } from 'node:crypto';
import { type Database, jsonAt, numberAt, type Row, textAt, textsAt } from './database.ts';
import type { Credential, CredentialsStore } from './store.ts';

const SALT_BYTES = 32;

export class StoredCredentials implements CredentialsStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  put(credential: Credential): Promise<void> {
    return this.#database.write(async (transaction) => {
      await transaction.all(
        `INSERT INTO sluice.credentials
            (id, hash, principal, groups, bound, verifiers, minted_by, created_at, expires_at)
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
        credential.id,
        credential.hash,
        credential.principal,
        JSON.stringify(credential.groups),
        JSON.stringify(credential.bound),
        JSON.stringify(credential.verifiers),
        credential.mintedBy,
        credential.createdAt,
        credential.expiresAt,
      );
      await transaction.changed('credentials');
    });
  }

  find(hash: string): Promise<Credential | null> {
    return this.#database.read(async (transaction) => {
      const [row] = await transaction.all(
        'SELECT * FROM sluice.credentials WHERE hash = $1 AND expires_at > $2',
        hash,
        await transaction.now(),
      );
      return row === undefined ? null : credentialOf(row);
    });
  }

  list({ principal, limit }: Parameters<CredentialsStore['list']>[0]): Promise<readonly Credential[]> {
    return this.#database.read(async (transaction) => {
      const now = await transaction.now();
      const rows =
        principal === null
          ? await transaction.all(
              'SELECT * FROM sluice.credentials WHERE expires_at > $1 ORDER BY created_at DESC, id LIMIT $2',
              now,
              limit,
            )
          : await transaction.all(
              `SELECT * FROM sluice.credentials WHERE principal = $1 AND expires_at > $2
                ORDER BY created_at DESC, id LIMIT $3`,
              principal,
              now,
              limit,
            );
      return rows.map(credentialOf);
    });
  }

  remove(id: string): Promise<Credential | null> {
    return this.#database.write(async (transaction) => {
      const [row] = await transaction.all('DELETE FROM sluice.credentials WHERE id = $1 RETURNING *', id);
      return row === undefined ? null : credentialOf(row);
    });
  }

  salt(): Promise<string> {
    return this.#database.write(async (transaction) => {
      await transaction.all(
        "INSERT INTO sluice.settings (name, value) VALUES ('salt', $1) ON CONFLICT (name) DO NOTHING",
        randomBytes(SALT_BYTES).toString('hex'),
      );
      const [row] = await transaction.all("SELECT value FROM sluice.settings WHERE name = 'salt'");
      if (row === undefined) throw new Error('the store has no salt');
      return textAt(row, 'value');
    });
  }
}

function credentialOf(row: Row): Credential {
  return {
    id: textAt(row, 'id'),
    hash: textAt(row, 'hash'),
    principal: textAt(row, 'principal'),
    groups: textsAt(row, 'groups'),
    bound: jsonAt(row, 'bound'),
    verifiers: jsonAt(row, 'verifiers'),
    mintedBy: textAt(row, 'minted_by'),
    createdAt: numberAt(row, 'created_at'),
    expiresAt: numberAt(row, 'expires_at'),
  };
}
