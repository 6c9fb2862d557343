/**
 * Installs what package-lock.json names, where it is not installed already. Runs with the machine's own Node, which
 * may be older than what the project runs with, and before there is any package: built-in modules only.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installLibraries } from './debian-packages.mjs';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The Node that everything of the project runs with. */
export const NODE = join(ROOT, 'node_modules', 'node', 'bin', 'node');

/** What the proxy runs with, the same as in the first line of src/main.ts, where the reason stands. */
export const PROXY_FLAGS = ['--single-threaded-gc', '--min-semi-space-size=8', '--max-semi-space-size=8'];

function packagesOf(path) {
  return JSON.parse(readFileSync(path, 'utf8')).packages;
}

/** Why the installed packages are not the ones in the lock file; null where they are. */
export function staleness(root = ROOT) {
  const installedFile = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installedFile)) return 'no packages are installed yet';
  if (!existsSync(join(root, 'node_modules', 'node', 'bin', 'node')))
    return 'the package node is not complete';
  const installed = packagesOf(installedFile);
  for (const [path, wanted] of Object.entries(packagesOf(join(root, 'package-lock.json')))) {
    if (path === '') continue;
    const found = installed[path];
    // Optional packages of other platforms are in the lock file only.
    if (found === undefined && wanted.optional === true) continue;
    if (found?.version !== wanted.version || found?.integrity !== wanted.integrity) {
      return `${path.slice('node_modules/'.length)} is not at version ${wanted.version}`;
    }
  }
  return null;
}

/** Installs if need be, with progress on the terminal; false when npm could not. */
export function installDependencies() {
  const problem = installLibraries();
  if (problem !== null) {
    console.error(problem);
    return false;
  }
  const reason = staleness();
  if (reason === null) return true;
  console.log(`Installing packages with npm ci, since ${reason} (about 500 MB, mostly Postgres and Node) …`);
  const begun = Date.now();
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, PATH: systemPath() },
  });
  if (status !== 0) {
    console.error('npm ci did not work; its message is above.');
    return false;
  }
  console.log(`Installed in ${Math.round((Date.now() - begun) / 1000)} s.\n`);
  return true;
}

/** npm puts node_modules/.bin first, where the very Node lies that is about to be replaced. */
function systemPath() {
  const own = join('node_modules', '.bin');
  return (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.endsWith(own))
    .join(delimiter);
}
