/** What the bench's databases hold. */
import pg from 'pg';
import type { PostgresServer } from '../src/demo/postgres-server.ts';
import type { Peers } from './peers/debian.ts';
import { DATABASE, initialise } from './pgbench.ts';

/** Creates the database with pgbench's tables at a scale (100,000 accounts each), and what further statements make. */
export async function createDatabase(
  peers: Peers,
  server: PostgresServer,
  scale: number,
  ...further: readonly string[]
): Promise<void> {
  await statements(server.url(), `CREATE DATABASE ${DATABASE}`);
  await initialise(peers, server.port, scale);
  await statements(server.url(DATABASE), ...further, 'VACUUM ANALYZE', 'CHECKPOINT');
}

async function statements(url: string, ...sql: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of sql) await client.query(statement);
  } finally {
    await client.end();
  }
}
