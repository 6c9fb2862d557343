/**
 * A real MariaDB or MySQL server of our own, which the demo, the tests and the bench talk to. It lives in a temporary
 * folder, listens on loopback and is gone after `stop`.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dataTemplate } from './mysql-data.ts';
import { serverFlags } from './mysql-flags.ts';
import { type MysqlFlavour, type MysqlPrograms, requireMysql } from './mysql-programs.ts';
import { freePort, launchPrivateServer } from './private-server.ts';

export interface MysqlServerOptions {
  readonly flavour: MysqlFlavour;
  /** The programs to use, in place of those that are found. */
  readonly programs?: MysqlPrograms;
  /** Server settings, as in my.cnf: `{ 'sql-mode': 'ANSI_QUOTES' }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface MysqlServer {
  readonly flavour: MysqlFlavour;
  /** As the server tells it. */
  readonly version: string;
  readonly programs: MysqlPrograms;
  readonly port: number;
  readonly directory: string;
  /** The socket on which root needs no password. */
  readonly socket: string;
  /** The superuser's connection string, for a database. */
  url(database?: string): string;
  /** The connection string of `app`, who has what a database's owner has, and nothing of the server's. */
  appUrl(database?: string): string;
  /** What the server wrote to its log so far. */
  log(): string;
  /** Kills it at once, as a crash would. */
  kill(): void;
  stop(): Promise<void>;
}

const ATTEMPTS = 3;

/** Starts a server; resolves when it takes connections. Throws with the server's own log when it does not start. */
export async function startMysql(options: MysqlServerOptions): Promise<MysqlServer> {
  const programs = options.programs ?? requireMysql(options.flavour);
  const template = await dataTemplate(programs);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await launch(programs, template, options);
    } catch (error) {
      // Between our look and the server's own, somebody else may have taken the port.
      const taken =
        error instanceof Error && /Address already in use|Can't start server: Bind/i.test(error.message);
      if (!taken || attempt === ATTEMPTS) throw error;
    }
  }
}

async function launch(
  programs: MysqlPrograms,
  template: string,
  { settings }: MysqlServerOptions,
): Promise<MysqlServer> {
  const { flavour, version, server } = programs;
  const directory = mkdtempSync(join(tmpdir(), `sluice-${flavour}-`));
  try {
    const data = join(directory, 'data');
    cpSync(template, data, { recursive: true });
    const port = await freePort();
    const socket = join(directory, 'socket');
    const more = Object.entries({ port: String(port), ...settings });
    const running = await launchPrivateServer({
      name: `${flavour} ${version}`,
      file: server.file,
      args: [
        ...server.args,
        ...serverFlags(programs, data, socket),
        ...more.map(([name, value]) => `--${name}=${value}`),
      ],
      cwd: data,
      directory,
      readyText: 'ready for connections',
      stopSignal: 'SIGKILL',
    });
    const url = (account: string, database: string) =>
      `${flavour}://${account}@127.0.0.1:${port}/${database}`;
    return {
      flavour,
      version,
      programs,
      port,
      directory,
      socket,
      url: (database = '') => url('root:rootpw', database),
      appUrl: (database = '') => url('app:apppw', database),
      log: running.log,
      kill: running.kill,
      stop: running.stop,
    };
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}
