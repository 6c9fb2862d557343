/**
 * Runs a file of the project with the project's Node, after installing what is missing:
 *
 *     node deploy/run.mjs src/main.ts demo --once
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { installDependencies, NODE, PROXY_FLAGS, ROOT } from './dependencies.mjs';

const PROXY = 'src/main.ts';

function run(args) {
  const flags = args[0] === PROXY ? PROXY_FLAGS : [];
  const child = spawn(NODE, [...flags, ...args], { cwd: ROOT, stdio: 'inherit' });
  // Ctrl-C reaches the child by itself; this process has to outlive it, so that the terminal stays the child's.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exit(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
  });
}

if (installDependencies()) run(process.argv.slice(2));
else process.exitCode = 1;
