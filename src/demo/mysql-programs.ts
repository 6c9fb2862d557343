/** Where the programs of MariaDB and MySQL are: on this system, or in a folder of ours with Debian's packages. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installDebianRoot } from './debian-root.ts';

export type MysqlFlavour = 'mariadb' | 'mysql';

/** A server that can be downloaded: the one of a flavour that is used unless told otherwise, or another version. */
export type MysqlEdition = MysqlFlavour | 'mariadb-11.8';

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
  readonly flavour: MysqlFlavour;
  readonly name: string;
  readonly suite: string;
  readonly packages: readonly string[];
  /** Names that the server may have on a system. */
  readonly servers: readonly string[];
  /** Megabytes, with the list of packages that apt needs. */
  readonly download: number;
}

const MARIADB_PACKAGES = ['mariadb-server-core', 'mariadb-client-core', 'mariadb-client', 'libmariadb3'];

/** Debian has Oracle's MySQL in its unstable release alone. */
const SOURCES: Readonly<Record<MysqlEdition, Source>> = {
  mariadb: {
    flavour: 'mariadb',
    name: 'MariaDB 10.11',
    suite: 'bookworm',
    packages: MARIADB_PACKAGES,
    servers: ['mariadbd', 'mysqld'],
    download: 29,
  },
  'mariadb-11.8': {
    flavour: 'mariadb',
    name: 'MariaDB 11.8',
    suite: 'trixie',
    packages: MARIADB_PACKAGES,
    servers: ['mariadbd'],
    download: 31,
  },
  mysql: {
    flavour: 'mysql',
    name: 'MySQL 9',
    suite: 'sid',
    packages: ['mysql-server-core', 'mysql-client-core'],
    servers: ['mysqld'],
    download: 64,
  },
};

const LOADER = ['usr', 'lib64', 'ld-linux-x86-64.so.2'];
const LIBRARIES = ['usr/lib/x86_64-linux-gnu', 'usr/lib/mysql/private'];

/** Where downloaded servers stay: in the working tree where this is one, and else with the user's other caches. */
export function serversFolder(): string {
  const tree = fileURLToPath(new URL('../..', import.meta.url));
  if (existsSync(join(tree, 'deploy', 'test.mjs'))) return join(tree, '.servers');
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'sluice');
}

/**
 * What the system has, else what was downloaded earlier; null where there is neither. An edition with a version in its
 * name is only ever a downloaded one. SLUICE_MARIADB=11.8 has that one stand for MariaDB.
 */
export function findMysql(edition: MysqlEdition): MysqlPrograms | null {
  const wanted = wantedEdition(edition);
  const { flavour, servers } = SOURCES[wanted];
  return (wanted === flavour ? onSystem(flavour, servers) : null) ?? downloaded(wanted);
}

/** As `findMysql`, after a download if need be. Throws with the reason when that does not work. */
export async function obtainMysql(
  edition: MysqlEdition,
  onDownload: (what: string) => void,
): Promise<MysqlPrograms> {
  const found = findMysql(edition);
  if (found !== null) return found;
  const wanted = wantedEdition(edition);
  const { name, suite, packages, download } = SOURCES[wanted];
  if (process.arch !== 'x64' || process.platform !== 'linux') {
    throw new Error(`${name} is downloaded for Linux on x64 only; put a server of your own into the PATH`);
  }
  onDownload(`Downloading ${name} from Debian's packages (${download} MB)`);
  await installDebianRoot({ root: rootFolder(wanted), suite, packages });
  const programs = downloaded(wanted);
  if (programs === null)
    throw new Error(`${name} was unpacked into ${rootFolder(wanted)}, but has no server`);
  return programs;
}

/** The programs of an edition, which have to be there. */
export function requireMysql(edition: MysqlEdition): MysqlPrograms {
  const found = findMysql(edition);
  if (found !== null) return found;
  const { name } = SOURCES[wantedEdition(edition)];
  throw new Error(`${name} is not installed; \`npm test\` installs it, and says why when it cannot`);
}

function wantedEdition(edition: MysqlEdition): MysqlEdition {
  return edition === 'mariadb' && process.env['SLUICE_MARIADB'] === '11.8' ? 'mariadb-11.8' : edition;
}

function rootFolder(edition: MysqlEdition): string {
  return join(serversFolder(), edition, 'root');
}

function downloaded(edition: MysqlEdition): MysqlPrograms | null {
  const root = rootFolder(edition);
  const loader = join(root, ...LOADER);
  if (!existsSync(loader)) return null;
  const libraries = LIBRARIES.map((folder) => join(root, folder)).join(':');
  const command = (path: string): Command => ({
    file: loader,
    args: ['--library-path', libraries, join(root, 'usr', path)],
  });
  const { servers, flavour } = SOURCES[edition];
  const server = servers.find((name) => existsSync(join(root, 'usr', 'sbin', name)));
  if (server === undefined) return null;
  return programs(flavour, join(root, 'usr'), command(join('sbin', server)), (name) =>
    command(join('bin', name)),
  );
}

/** A server of MariaDB's may be called mysqld as well, so that its own word on its version decides. */
function onSystem(flavour: MysqlFlavour, servers: readonly string[]): MysqlPrograms | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  for (const name of servers) {
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
