/** The sample shop: a schema and a few thousand rows, the same on every machine. */
import { readFileSync } from 'node:fs';
import { Client } from 'pg';

/** A file of fixtures/shop, from the repository or from the package. */
export function shopFile(name: string): string {
  for (const path of ['../../fixtures/shop/', '../../../fixtures/shop/']) {
    try {
      return readFileSync(new URL(`${path}${name}`, import.meta.url), 'utf8');
    } catch {}
  }
  throw new Error(`the file fixtures/shop/${name} is missing`);
}

/** Creates the database `shop` and fills it; `url` names a database of the same server. */
export async function createShop(url: (database?: string) => string, database = 'shop'): Promise<void> {
  const server = new Client({ connectionString: url() });
  await server.connect();
  await server.query(`CREATE DATABASE "${database}"`);
  await server.end();
  const shop = new Client({ connectionString: url(database) });
  await shop.connect();
  await shop.query(shopFile('schema.sql'));
  await shop.query(shopFile('data.sql'));
  await shop.end();
}
