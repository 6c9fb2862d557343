/** Real MariaDB and MySQL servers for a test file, each with data of its own. */
import { type Connection, createConnection } from 'mysql2/promise';
import type { Command, MysqlFlavour } from '../../src/demo/mysql-programs.ts';
import { type MysqlServer, startMysql } from '../../src/demo/mysql-server.ts';
import { createMysqlShop } from '../../src/demo/mysql-shop.ts';

/** What every promise has to hold on. */
export const FLAVOURS: readonly MysqlFlavour[] = ['mariadb', 'mysql'];

export interface MysqlPair {
  readonly mariadb: MysqlServer;
  readonly mysql: MysqlServer;
  stop(): Promise<void>;
}

/** One server of each kind, with the shop unless told otherwise. */
export async function startMysqlPair(
  options: { readonly shop?: boolean; readonly settings?: Readonly<Record<string, string>> } = {},
): Promise<MysqlPair> {
  const settings = options.settings ?? {};
  const started = await Promise.allSettled(FLAVOURS.map((flavour) => startMysql({ flavour, settings })));
  const servers = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const stop = async () => {
    await Promise.all(servers.map((server) => server.stop()));
  };
  const [mariadb, mysql] = servers;
  if (mariadb === undefined || mysql === undefined) {
    await stop();
    throw started.find((one) => one.status === 'rejected')?.reason;
  }
  try {
    if (options.shop !== false) await Promise.all(servers.map((server) => createMysqlShop(server.url)));
  } catch (error) {
    await stop();
    throw error;
  }
  return { mariadb, mysql, stop };
}

/** A connection past Sluice with all rights, to see what is really in the database. */
export function adminConnection(server: MysqlServer, database?: string): Promise<Connection> {
  return createConnection({ uri: server.url(database), multipleStatements: true, flags: ['-IGNORE_SPACE'] });
}

/** The command of a client program, `mariadb` or `mysqldump`, that connects to a port of this machine. */
export function clientCommand(
  server: MysqlServer,
  name: string,
  { port, user, password }: { readonly port: number; readonly user: string; readonly password: string },
): Command {
  const { file, args } = server.programs.client(name);
  // MariaDB's programs want TLS of everybody from 11.4 on, and our servers have none.
  const tls = server.flavour === 'mariadb' ? ['--skip-ssl'] : [];
  const account = ['--no-defaults', ...tls, '--protocol=tcp', '--host=127.0.0.1', `--port=${port}`];
  return { file, args: [...args, ...account, `--user=${user}`, `--password=${password}`] };
}
