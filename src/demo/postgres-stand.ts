/** The demo's database on Postgres, from npm's packages. */
import { PostgresAgent } from './agent.ts';
import { startPostgres } from './postgres-server.ts';
import { POSTGRES_SCENES } from './scenes.ts';
import { createShop } from './shop.ts';
import type { Stand } from './stage.ts';

/** `begin` is told each step that takes a moment. */
export async function buildPostgresStand(begin: (what: string) => void): Promise<Stand> {
  begin('Starting Postgres 18');
  const postgres = await startPostgres();
  const agentUrl = (port: number) => `postgres://agent@127.0.0.1:${port}/shop`;
  try {
    begin('Filling the shop');
    await createShop(postgres.url);
    return {
      protocol: 'postgres',
      friendlyPort: 6432,
      directUrl: postgres.url('shop'),
      scenes: POSTGRES_SCENES,
      placeholder: '$1',
      agentUrl,
      connect: (url) => PostgresAgent.connect(url),
      clientCommand: (port) => `psql ${agentUrl(port)}`,
      stop: () => postgres.stop(),
    };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}
