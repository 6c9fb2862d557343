/** `npm run bench`: prepares, runs the scenarios, reports, and keeps the figures. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeCommit, describeMachine } from './machine.ts';
import { Recorder, type Run, writeRun } from './measurement.ts';
import { MysqlStage } from './mysql/stage.ts';
import { HELP, type Invocation, parseOptions } from './options.ts';
import { findPeers } from './peers/debian.ts';
import { renderReport } from './report.ts';
import { SCENARIOS } from './scenarios/index.ts';
import { sluiceProgram } from './sluice-program.ts';
import { Stage } from './stage.ts';

const PROXY_CORE = 0;

const begunMs = performance.now();

function say(text: string): void {
  const seconds = Math.round((performance.now() - begunMs) / 1000);
  process.stderr.write(
    `${String(Math.floor(seconds / 60)).padStart(3)}:${String(seconds % 60).padStart(2, '0')}  ${text}\n`,
  );
}

async function bench({ options, save, directory: parent }: Invocation): Promise<void> {
  const date = new Date().toISOString();
  const peers = await findPeers(say);
  const program = sluiceProgram(options.fromSource, say);
  const directory = mkdtempSync(join(parent ?? tmpdir(), 'sluice-bench-'));
  // Also where a signal ends the run.
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const machine = describeMachine(directory);
  if (options.pinned) leaveCore(PROXY_CORE);
  const recorder = new Recorder();
  const stage = new Stage(peers, program, directory, options.pinned ? PROXY_CORE : null, say);
  const mysql = new MysqlStage({
    peers,
    say,
    startProxy: (...proxy) => stage.startProxy(...proxy),
  });
  try {
    for (const scenario of SCENARIOS.filter(({ name }) => options.only.includes(name))) {
      await scenario.run({
        options,
        peers,
        recorder,
        directory,
        program,
        proxyCore: options.pinned ? PROXY_CORE : null,
        say,
        mysql,
        targets: (...names) => stage.targets(...names),
        start: (...proxy) => stage.start(...proxy),
      });
    }
  } finally {
    await mysql.stop();
    await stage.stop();
  }
  const run: Run = {
    format: 1,
    date,
    machine,
    ...describeCommit(),
    versions: {
      ...peers.versions,
      Sluice: `${options.fromSource ? 'from source' : 'as built'}, node ${program.flags.join(' ')}`,
    },
    options: { ...options, only: [...options.only] },
    measurements: recorder.measurements,
  };
  process.stdout.write(`\n${renderReport(run)}`);
  if (!save) return;
  const file = join(
    import.meta.dirname,
    'results',
    `${date.slice(0, 19).replaceAll(':', '')}-${machine.name}.json`,
  );
  writeRun(file, run);
  process.stdout.write(`\nwritten to ${file}\n`);
}

/** Moves this process, and so everything that it starts without a word about cores, to the other cores. */
function leaveCore(core: number): void {
  if (availableParallelism() < 2) throw new Error('--pin takes two cores or more');
  const others = Array.from({ length: availableParallelism() }, (_, n) => n).filter((n) => n !== core);
  execFileSync('taskset', ['-a', '-p', '-c', others.join(','), String(process.pid)], { stdio: 'ignore' });
}

// Children are killed when this process exits, which a signal alone does not let it see.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(130));

try {
  const invocation = parseOptions(process.argv.slice(2));
  if (invocation.help) process.stdout.write(HELP);
  else await bench(invocation);
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
