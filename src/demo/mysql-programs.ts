/** Where the programs of MariaDB and MySQL are: on this system, or in a folder of ours with Debian's packages. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installDebianRoot } from './debian-root.ts';

export type MysqlFlavour = 'mariadb' | 'mysql';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

export interface MysqlPrograms {
  readonly flavour: MysqlFlavour;
  /** As the server tells it: `10.11.18-MariaDB-0+deb12u1`, `9.7.4-2`. */
  readonly version: string;
  /** The folder with bin, lib and share: /usr or our own. */
  readonly base: string;
  readonly server: Command;
  /** The command that runs one of the client programs, such as `mariadb` or `mysqldump`. */
  client(name: string): Command;
}

interface Source {
  readonly name: string;
  readonly suite: string;
  readonly packages: readonly string[];
  /** Names that the server may have on a system. */
  readonly servers: readonly string[];
  /** Megabytes, with the list of packages that apt needs. */
  readonly download: number;
}

/** Debian has Oracle's MySQL in its unstable release alone. */
const SOURCES = {
  mariadb: {
    name: 'MariaDB 10.11',
    suite: 'bookworm',
    packages: ['mariadb-server-core', 'mariadb-client-core', 'mariadb-client', 'libmariadb3'],
    servers: ['mariadbd', 'mysqld'],
    download: 29,
  },
  mysql: {
    name: 'MySQL 9',
    suite: 'sid',
    packages: ['mysql-server-core', 'mysql-client-core'],
    servers: ['mysqld'],
    download: 64,
  },
} as const satisfies Record<MysqlFlavour, Source>;

const LOADER = ['usr', 'lib64', 'ld-linux-x86-64.so.2'];
const LIBRARIES = ['usr/lib/x86_64-linux-gnu', 'usr/lib/mysql/private'];

/** Where downloaded servers stay: in the working tree where this is one, and else with the user's other caches. */
export function serversFolder(): string {
  const tree = fileURLToPath(new URL('../..', import.meta.url));
  if (existsSync(join(tree, 'deploy', 'test.mjs'))) return join(tree, '.servers');
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'sluice');
}

/** What the system has, else what was downloaded earlier; null where there is neither. */
export function findMysql(flavour: MysqlFlavour): MysqlPrograms | null {
  return onSystem(flavour) ?? downloaded(flavour);
}

/** As `findMysql`, after a download if need be. Throws with the reason when that does not work. */
export async function obtainMysql(
  flavour: MysqlFlavour,
  onDownload: (what: string) => void,
): Promise<MysqlPrograms> {
  const found = findMysql(flavour);
  if (found !== null) return found;
  const { name, suite, packages, download } = SOURCES[flavour];
  if (process.arch !== 'x64' || process.platform !== 'linux') {
    throw new Error(`${name} is downloaded for Linux on x64 only; put a server of your own into the PATH`);
  }
  onDownload(`Downloading ${name} from Debian's packages (${download} MB)`);
  await installDebianRoot({ root: rootFolder(flavour), suite, packages });
  const programs = downloaded(flavour);
  if (programs === null)
    throw new Error(`${name} was unpacked into ${rootFolder(flavour)}, but has no server`);
  return programs;
}

/** The programs of a flavour, which have to be there. */
export function requireMysql(flavour: MysqlFlavour): MysqlPrograms {
  const found = findMysql(flavour);
  if (found !== null) return found;
  const { name } = SOURCES[flavour];
  throw new Error(`${name} is not installed; \`npm test\` installs it, and says why when it cannot`);
}

function rootFolder(flavour: MysqlFlavour): string {
  return join(serversFolder(), flavour, 'root');
}

function downloaded(flavour: MysqlFlavour): MysqlPrograms | null {
  const root = rootFolder(flavour);
  const loader = join(root, ...LOADER);
  if (!existsSync(loader)) return null;
  const libraries = LIBRARIES.map((folder) => join(root, folder)).join(':');
  const command = (path: string): Command => ({
    file: loader,
    args: ['--library-path', libraries, join(root, 'usr', path)],
  });
  const names: readonly string[] = SOURCES[flavour].servers;
  const server = names.find((name) => existsSync(join(root, 'usr', 'sbin', name)));
  if (server === undefined) return null;
  return programs(flavour, join(root, 'usr'), command(join('sbin', server)), (name) =>
    command(join('bin', name)),
  );
}

/** A server of MariaDB's may be called mysqld as well, so that its own word on its version decides. */
function onSystem(flavour: MysqlFlavour): MysqlPrograms | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  for (const name of SOURCES[flavour].servers) {
    const folder = folders.find((candidate) => candidate !== '' && existsSync(join(candidate, name)));
    if (folder === undefined) continue;
    const file = realpathSync(join(folder, name));
    const found = programs(flavour, dirname(dirname(file)), { file, args: [] }, (client) => ({
      file: client,
      args: [],
    }));
    if (found.version.includes('MariaDB') === (flavour === 'mariadb')) return found;
  }
  return null;
}

function programs(
  flavour: MysqlFlavour,
  base: string,
  server: Command,
  client: (name: string) => Command,
): MysqlPrograms {
  const said = execFileSync(server.file, [...server.args, '--no-defaults', '--version'], {
    encoding: 'utf8',
  });
  const [, version = ''] = /Ver (\S+)/.exec(said) ?? [];
  return { flavour, version, base, server, client };
}

/** The folder with the server's messages and its SQL files; its name differs between versions. */
export function shareFolder({ base }: MysqlPrograms): string {
  const folders = ['mysql', 'mariadb', '.'].map((name) => join(base, 'share', name));
  return folders.find((folder) => existsSync(join(folder, 'charsets'))) ?? join(base, 'share', 'mysql');
}

/** A file of MariaDB's system tables, which begin with mysql_ or mariadb_, by version. */
export function systemSqlFile(programs: MysqlPrograms, name: string): string {
  const folder = shareFolder(programs);
  const files = readdirSync(folder);
  const file = [`mariadb_${name}.sql`, `mysql_${name}.sql`, `${name}.sql`].find((one) => files.includes(one));
  if (file === undefined) throw new Error(`${folder} has no file for ${name}`);
  return join(folder, file);
}
