/** Everything that runs while the bench does: the server with its data, and the proxies in front of it. */
import { type PostgresServer, startPostgres } from '../src/demo/postgres-server.ts';
import type { Child } from './child.ts';
import { createDatabase } from './database.ts';
import type { Peers } from './peers/debian.ts';
import { startHaproxy } from './peers/haproxy.ts';
import type { BenchServer, PeerStart } from './peers/peer-start.ts';
import { startPgbouncer } from './peers/pgbouncer.ts';
import { startSluice } from './peers/sluice.ts';
import { DATABASE } from './pgbench.ts';
import type { Target, TargetName } from './scenario.ts';
import { PEOPLE_TABLE } from './scenarios/mask-tables.ts';
import { STREAM_TABLE } from './scenarios/stream.ts';
import type { SluiceProgram } from './sluice-program.ts';

const SCALE = 10;
const CONNECTIONS = 500;
/** Data and results fit into memory, and nothing is written back in the middle of a round. */
const SETTINGS = {
  max_connections: '600',
  shared_buffers: '512MB',
  synchronous_commit: 'off',
  max_wal_size: '4GB',
  checkpoint_timeout: '1h',
  autovacuum: 'off',
  jit: 'off',
};

export class Stage {
  readonly #peers: Peers;
  readonly #program: SluiceProgram;
  readonly #directory: string;
  readonly #proxyCore: number | null;
  readonly #say: (text: string) => void;
  readonly #proxies = new Map<TargetName, Child>();
  #server: PostgresServer | null = null;

  constructor(
    peers: Peers,
    program: SluiceProgram,
    directory: string,
    proxyCore: number | null,
    say: (text: string) => void,
  ) {
    this.#peers = peers;
    this.#program = program;
    this.#directory = directory;
    this.#proxyCore = proxyCore;
    this.#say = say;
  }

  /** Targets in front of the server with the bench's data; started once, kept until the end. */
  async targets(...names: readonly TargetName[]): Promise<readonly Target[]> {
    const server = this.#server ?? (await this.#startServer());
    const targets: Target[] = [];
    for (const name of names) {
      if (name === 'direct') {
        targets.push({ name, port: server.port, pid: null });
        continue;
      }
      const proxy = this.#proxies.get(name) ?? (await this.start(name, server, DATABASE, CONNECTIONS));
      this.#proxies.set(name, proxy);
      targets.push({ name, port: proxy.port, pid: proxy.pid });
    }
    return targets;
  }

  async #startServer(): Promise<PostgresServer> {
    this.#say(`starting Postgres and filling it (pgbench scale ${SCALE}, 270 MB of rows)`);
    const server = await startPostgres({ settings: SETTINGS });
    this.#server = server;
    await createDatabase(this.#peers, server, SCALE, STREAM_TABLE, PEOPLE_TABLE);
    return server;
  }

  /** Another proxy, in front of any server; the caller stops it. */
  start(
    name: Exclude<TargetName, 'direct'>,
    server: PostgresServer,
    database: string,
    connections: number,
  ): Promise<Child> {
    return this.startProxy(name, { protocol: 'postgres', port: server.port, database }, connections);
  }

  startProxy(name: Exclude<TargetName, 'direct'>, server: BenchServer, connections: number): Promise<Child> {
    const start: PeerStart = {
      peers: this.#peers,
      program: this.#program,
      server,
      directory: this.#directory,
      core: this.#proxyCore,
      connections,
    };
    switch (name) {
      case 'pgbouncer':
        return startPgbouncer(start);
      case 'haproxy':
        return startHaproxy(start);
      case 'sluice-open':
      case 'sluice':
      case 'sluice-synced':
      case 'sluice-columns':
      case 'sluice-detectors':
        return startSluice(name, start);
    }
  }

  async stop(): Promise<void> {
    for (const proxy of this.#proxies.values()) await proxy.stop();
    await this.#server?.stop();
  }
}
