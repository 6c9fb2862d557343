/** What a run says of where it ran, so that two results are not compared by mistake. */
import { execFileSync } from 'node:child_process';
import { statfsSync } from 'node:fs';
import { availableParallelism, cpus, hostname, loadavg, release, totalmem } from 'node:os';
import type { Run } from './measurement.ts';

/** statfs(2): magic numbers of the file systems that machines like these have. */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  61267: 'ext4',
  16914836: 'tmpfs',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  2035054128: 'overlay',
};

/** `directory` is where journals are written. */
export function describeMachine(directory: string): Run['machine'] {
  const type = statfsSync(directory).type;
  return {
    name: hostname(),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    kernel: release(),
    node: process.version,
    journalFileSystem: FILE_SYSTEMS[type] ?? `0x${type.toString(16)}`,
    loadAtStart: loadavg()[0] ?? 0,
  };
}

/** The commit that is measured, and whether files differ from it; unknown outside of a repository. */
export function describeCommit(): Pick<Run, 'commit' | 'dirty'> {
  const git = (...args: readonly string[]) =>
    execFileSync('git', args, {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    return {
      commit: git('rev-parse', '--short', 'HEAD'),
      dirty: git('status', '--porcelain', '-uno') !== '',
    };
  } catch {
    return { commit: 'unknown', dirty: false };
  }
}
