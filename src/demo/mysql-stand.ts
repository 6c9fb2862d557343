/** The demo's database on MariaDB or MySQL: one that the system has, or MariaDB from Debian's packages. */
import { MysqlAgent } from './mysql-agent.ts';
import { findMysql, type MysqlFlavour, obtainMysql } from './mysql-programs.ts';
import { MYSQL_SCENES } from './mysql-scenes.ts';
import { startMysql } from './mysql-server.ts';
import { createMysqlShop } from './mysql-shop.ts';
import type { Stand } from './stage.ts';

const NAMES = { mariadb: 'MariaDB', mysql: 'MySQL' } as const;

/** `begin` is told each step that takes a moment. `wanted` null: whichever is there. */
export async function buildMysqlStand(
  begin: (what: string) => void,
  wanted: MysqlFlavour | null,
): Promise<Stand> {
  const found = wanted === null ? (findMysql('mariadb') ?? findMysql('mysql')) : findMysql(wanted);
  const programs = found ?? (await obtainMysql(wanted ?? 'mariadb', begin));
  const { flavour } = programs;
  const [version = ''] = /^[\d.]+/.exec(programs.version) ?? [];
  begin(`Starting ${NAMES[flavour]} ${version}`);
  const server = await startMysql({ flavour, programs });
  try {
    begin('Filling the shop');
    await createMysqlShop(server.url);
    return {
      protocol: 'mysql',
      friendlyPort: 6306,
      directUrl: server.url('shop'),
      scenes: MYSQL_SCENES,
      placeholder: '?',
      agentUrl: (port) => `mysql://agent@127.0.0.1:${port}/shop`,
      connect: (url) => MysqlAgent.connect(url),
      // MariaDB's client wants TLS of every server from 11.4 on, which the demo does without.
      clientCommand: (port) =>
        `${flavour}${flavour === 'mariadb' ? ' --skip-ssl' : ''} -h 127.0.0.1 -P ${port} -u agent shop`,
      stop: () => server.stop(),
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}
