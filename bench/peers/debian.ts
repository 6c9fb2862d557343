/**
 * The peers' programs from Debian packages. What the machine has already is used; the rest is downloaded by apt and
 * unpacked into a folder of our own, so that nothing is installed, no service starts, and no root is needed where
 * apt's lists are up to date.
 */
import { execFile } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Peers {
  readonly pgbench: string;
  readonly pgbouncer: string;
  readonly haproxy: string;
  readonly sysbench: Sysbench;
  /** What the programs need in their environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** What each says of its version. */
  readonly versions: Readonly<Record<string, string>>;
}

export interface Sysbench {
  readonly program: string;
  /** Point selects: its name, or its file where that is not where the program looks. */
  readonly script: string;
  readonly environment: Readonly<Record<string, string>>;
}

const ARCHITECTURE_LIBRARIES = [
  'usr/lib/x86_64-linux-gnu',
  'lib/x86_64-linux-gnu',
  'usr/lib/aarch64-linux-gnu',
  'lib/aarch64-linux-gnu',
];
/** Of what the packages depend on, the libraries; what sets up services and users is of no use here. */
const WANTED = /^(lib.*|pgbouncer|haproxy|sysbench|postgresql-\d+|postgresql-client-\d+)$/;
/** Large, and for the Postgres server only, which is not run from these packages. */
const UNWANTED = /^lib(llvm|perl|python)|-dev$/;

function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'sluice', 'bench-peers');
}

/** Finds or fetches the programs. `say` is told what takes time. */
export async function findPeers(say: (text: string) => void): Promise<Peers> {
  const root = cacheFolder();
  if (find(root) === null) await fetch(root, say);
  const found = find(root);
  if (found === null)
    throw new Error(
      `pgbench, pgbouncer, haproxy or sysbench is missing in ${root} after its packages were unpacked`,
    );
  const libraries = ARCHITECTURE_LIBRARIES.map((folder) => join(root, folder)).filter((folder) =>
    existsSync(folder),
  );
  const environment = libraries.length === 0 ? {} : { LD_LIBRARY_PATH: libraries.join(delimiter) };
  const versionOf = async (file: string, flag: string) => {
    const { stdout } = await run(file, [flag], { env: { ...process.env, ...environment } });
    return stdout.split('\n')[0] ?? '';
  };
  return {
    ...found,
    environment,
    versions: {
      pgbench: await versionOf(found.pgbench, '--version'),
      pgbouncer: await versionOf(found.pgbouncer, '--version'),
      haproxy: await versionOf(found.haproxy, '-v'),
      sysbench: await versionOf(found.sysbench.program, '--version'),
    },
  };
}

function find(root: string): Pick<Peers, 'pgbench' | 'pgbouncer' | 'haproxy' | 'sysbench'> | null {
  const pgbench = program('pgbench', [...postgresFolders('/'), ...postgresFolders(root)]);
  const pgbouncer = program('pgbouncer', ['/usr/sbin', join(root, 'usr/sbin')]);
  const haproxy = program('haproxy', ['/usr/sbin', join(root, 'usr/sbin')]);
  const sysbench = findSysbench(root);
  if (pgbench === null || pgbouncer === null || haproxy === null || sysbench === null) return null;
  return { pgbench, pgbouncer, haproxy, sysbench };
}

/** Its scripts are found by name where it is installed; unpacked, by their files. */
function findSysbench(root: string): Sysbench | null {
  const script = 'oltp_point_select';
  const own = join(root, 'usr/bin/sysbench');
  const found = program('sysbench', ['/usr/bin', join(root, 'usr/bin')]);
  if (found === null) return null;
  if (found !== own) return { program: found, script, environment: {} };
  const scripts = join(root, 'usr/share/sysbench');
  return {
    program: found,
    script: join(scripts, `${script}.lua`),
    environment: { LUA_PATH: `${scripts}/?.lua;;` },
  };
}

function postgresFolders(root: string): readonly string[] {
  const versions = join(root, 'usr/lib/postgresql');
  if (!existsSync(versions)) return [];
  return readdirSync(versions)
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(versions, version, 'bin'));
}

function program(name: string, folders: readonly string[]): string | null {
  for (const folder of [...folders, ...(process.env['PATH'] ?? '').split(delimiter)]) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      // Debian has a wrapper in /usr/bin of every Postgres program, installed or not.
      if (!realpathSync(path).endsWith('/pg_wrapper')) return path;
    } catch {}
  }
  return null;
}

async function fetch(root: string, say: (text: string) => void): Promise<void> {
  say('fetching pgbench, pgbouncer, haproxy and sysbench from Debian packages');
  const packages = await packagesToFetch().catch(async (error: unknown) => {
    if (process.getuid?.() !== 0) throw error;
    say('updating the package lists');
    await run('apt-get', ['update', '-q']);
    return packagesToFetch();
  });
  const work = `${root}.${process.pid}`;
  rmSync(work, { recursive: true, force: true });
  const debs = join(work, 'debs');
  mkdirSync(debs, { recursive: true });
  say(`downloading ${packages.join(' ')}`);
  // As root, apt would hand the download to a user that cannot write here.
  await run('apt-get', ['download', '-q', '-o', 'APT::Sandbox::User=root', ...packages], { cwd: debs });
  for (const deb of readdirSync(debs)) await run('dpkg', ['-x', join(debs, deb), join(work, 'root')]);
  rmSync(root, { recursive: true, force: true });
  renameSync(join(work, 'root'), root);
  rmSync(work, { recursive: true, force: true });
}

/** The packages, and what they need that is not installed, as apt would install them. */
async function packagesToFetch(): Promise<readonly string[]> {
  const postgres = await run('apt-cache', ['depends', 'postgresql']);
  const server = /Depends: (postgresql-\d+)/.exec(postgres.stdout)?.[1];
  if (server === undefined) throw new Error('apt knows no package postgresql; run apt-get update as root');
  const plan = await run('apt-get', [
    '-s',
    '-q',
    'install',
    '--no-install-recommends',
    'pgbouncer',
    'haproxy',
    'sysbench',
    server,
  ]);
  const missing = [...plan.stdout.matchAll(/^Inst (\S+)/gm)].flatMap((match) => match[1] ?? []);
  const names = [
    'pgbouncer',
    'haproxy',
    'sysbench',
    server,
    ...missing.filter((name) => WANTED.test(name) && !UNWANTED.test(name)),
  ];
  return [...new Set(names)];
}
