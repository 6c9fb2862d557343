/** `npm run build`: dist/, as it is published: compiled code, declarations, and the files that code reads. */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { installDependencies, NODE, ROOT } from './dependencies.mjs';

const DIST = join(ROOT, 'dist');
const CODE = ['src', 'protocols', 'workers'];
/** Whatever lies beside the code and is no code is read by it. */
const ASSET = /\.(json|yaml|sql|html|css|svg)$/;

function build() {
  rmSync(DIST, { recursive: true, force: true });
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  // The console runs in a browser, whose types the rest must not see.
  for (const project of ['tsconfig.json', 'tsconfig.console.json']) {
    const { status } = spawnSync(NODE, [compiler, '-p', join(ROOT, project)], {
      cwd: ROOT,
      stdio: 'inherit',
    });
    if (status !== 0) return 1;
  }
  for (const folder of CODE) {
    for (const name of readdirSync(join(ROOT, folder), { recursive: true })) {
      if (ASSET.test(name)) cpSync(join(ROOT, folder, name), join(DIST, folder, name));
    }
  }
  chmodSync(join(DIST, 'src', 'main.js'), 0o755);
  return 0;
}

process.exitCode = installDependencies() ? build() : 1;
