/** What comes from Debian's packages: programs that tests talk to Sluice with, and a library of the project's Node. */
import { spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';

/** Each program with the packages that bring it; pgbench comes with the server, not with the client. */
const PROGRAMS = {
  psql: 'postgresql-client',
  pg_dump: 'postgresql-client',
  pg_restore: 'postgresql-client',
  pgbench: 'postgresql',
  openssl: 'openssl',
  // The console is tested in it; without a font, pages have no text.
  'chromium-headless-shell': 'chromium-headless-shell fonts-liberation',
};

const VERSIONS = '/usr/lib/postgresql';
const CLUSTER_SETTINGS = '/etc/postgresql-common/createcluster.conf';

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** In the PATH, or where Debian keeps the programs of each Postgres version; its wrappers alone do not count. */
function has(program) {
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS) : [];
  if (versions.some((version) => isProgram(join(VERSIONS, version, 'bin', program)))) return true;
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.some((folder) => isProgram(join(folder, program)) && !isWrapper(join(folder, program)));
}

/** postgresql-client-common puts wrappers of every program into /usr/bin, also of those that are not installed. */
function isWrapper(path) {
  return realpathSync(path).endsWith('/pg_wrapper');
}

export function missingPrograms() {
  return Object.keys(PROGRAMS).filter((program) => !has(program));
}

/** Gives an error message, or null when every program is there. */
export function installPrograms() {
  const missing = missingPrograms();
  if (missing.length === 0) return null;
  declineCluster();
  const problem = installPackages(missing, [
    ...new Set(missing.flatMap((program) => PROGRAMS[program].split(' '))),
  ]);
  if (problem !== null) return problem;
  const still = missingPrograms();
  return still.length === 0 ? null : `${still.join(', ')} not found, although their packages are installed`;
}

/** The project's Node is linked against libatomic, which the smallest Debian does not have. */
export function installLibraries() {
  const known = spawnSync('/sbin/ldconfig', ['-p'], { encoding: 'utf8' });
  if (known.status !== 0 || known.stdout.includes('libatomic.so.1')) return null;
  return installPackages(['libatomic.so.1'], ['libatomic1']);
}

/** Installs Debian packages as root; gives an error message that names what is missing, or null. */
function installPackages(missing, packages) {
  const advice = `${missing.join(', ')} not found; on Debian: apt-get install --no-install-recommends ${packages.join(' ')}`;
  if (!isProgram('/usr/bin/apt-get')) return advice;
  if (process.getuid?.() !== 0) return `${advice} (as root)`;
  console.log(`Installing ${packages.join(' ')} for ${missing.join(', ')} …`);
  const install = [
    'install',
    '-y',
    '--no-install-recommends',
    '-o',
    'Dpkg::Options::=--force-confold',
    ...packages,
  ];
  return aptGet('update') && aptGet(...install)
    ? null
    : `apt-get did not work; its message is above. ${advice}`;
}

/** Debian starts a server of its own when it installs one. Ours are started by the tests, so that one is declined. */
function declineCluster() {
  if (existsSync(CLUSTER_SETTINGS)) return;
  mkdirSync('/etc/postgresql-common', { recursive: true });
  writeFileSync(CLUSTER_SETTINGS, 'create_main_cluster = false\n');
}

function aptGet(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync('apt-get', ['-q', ...args], { stdio: 'inherit', env }).status === 0;
}
