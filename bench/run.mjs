/** `npm run bench` and `npm run bench:compare`: installs what is missing, then runs the bench with the project's Node. */
import { spawn } from 'node:child_process';
import { installDependencies, NODE, ROOT } from '../deploy/dependencies.mjs';

if (installDependencies()) {
  const bench = spawn(NODE, process.argv.slice(2), { cwd: ROOT, stdio: 'inherit' });
  // Ctrl-C reaches the bench by itself; this process waits until it has ended what it started.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => bench.kill(signal));
  bench.on('exit', (code) => {
    process.exit(code ?? 1);
  });
} else {
  process.exitCode = 1;
}
