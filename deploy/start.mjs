/** `npm start`: installs what is missing and plays the demo. Arguments go to `sluice demo`. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { installDependencies, NODE, PROXY_FLAGS, ROOT } from './dependencies.mjs';

if (installDependencies()) {
  const args = [...PROXY_FLAGS, 'src/main.ts', 'demo', ...process.argv.slice(2)];
  const demo = spawn(NODE, args, { cwd: ROOT, stdio: 'inherit' });
  // Ctrl-C reaches the demo by itself; this process has to outlive it, so that the terminal stays the demo's.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => demo.kill(signal));
  demo.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
    process.exit();
  });
} else {
  process.exitCode = 1;
}
