/** The MariaDB server with the bench's data, and the proxies in front of it, while the bench runs. */
import type { MysqlServer } from '../../src/demo/mysql-server.ts';
import type { Child } from '../child.ts';
import type { Peers } from '../peers/debian.ts';
import type { BenchServer } from '../peers/peer-start.ts';
import type { MysqlBench, MysqlTargetName, Target } from '../scenario.ts';
import { createMysqlDatabase, MYSQL_DATABASE, startMysqlServer } from './database.ts';

const CONNECTIONS = 500;

type MysqlProxyName = Exclude<MysqlTargetName, 'direct'>;

export interface MysqlStageOptions {
  readonly peers: Peers;
  startProxy(name: MysqlProxyName, server: BenchServer, connections: number): Promise<Child>;
  say(text: string): void;
}

export class MysqlStage implements MysqlBench {
  readonly #options: MysqlStageOptions;
  readonly #proxies = new Map<MysqlTargetName, Child>();
  #server: MysqlServer | null = null;

  constructor(options: MysqlStageOptions) {
    this.#options = options;
  }

  async targets(...names: readonly MysqlTargetName[]): Promise<readonly Target[]> {
    const server = this.#server ?? (await this.#startServer());
    const targets: Target[] = [];
    for (const name of names) {
      if (name === 'direct') {
        targets.push({ name, port: server.port, pid: null });
        continue;
      }
      const proxy = this.#proxies.get(name) ?? (await this.start(name, server, CONNECTIONS));
      this.#proxies.set(name, proxy);
      targets.push({ name, port: proxy.port, pid: proxy.pid });
    }
    return targets;
  }

  async #startServer(): Promise<MysqlServer> {
    this.#options.say('starting MariaDB and filling it (270 MB of rows)');
    const server = await startMysqlServer(CONNECTIONS);
    this.#server = server;
    await createMysqlDatabase(this.#options.peers, server, true);
    return server;
  }

  start(name: MysqlProxyName, { port }: { readonly port: number }, connections: number): Promise<Child> {
    const server = { protocol: 'mysql', port, database: MYSQL_DATABASE } as const;
    return this.#options.startProxy(name, server, connections);
  }

  async stop(): Promise<void> {
    for (const proxy of this.#proxies.values()) await proxy.stop();
    await this.#server?.stop();
  }
}
