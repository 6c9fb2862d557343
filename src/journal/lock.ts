/**
 * One writer per journal: a file that says which process it is. A process is known by its id and the moment it
 * began, since ids come round again, and in a container every start has the same.
 */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const NAME = 'journal.lock';
let attempts = 0;

/** Takes the lock and gives the way to release it; throws when a living process has it. */
export function lockJournal(directory: string): () => void {
  const path = join(directory, NAME);
  const own = `${process.pid} ${beginningOf(process.pid) ?? ''}\n`;
  for (;;) {
    if (tryCreate(path, own)) return () => rmSync(path, { force: true });
    const held = read(path);
    if (held === null) continue;
    const [holder = '', beginning = ''] = held.trim().split(' ');
    if (isLiving(Number(holder), beginning)) {
      throw new Error(`the journal in ${directory} is being written by process ${holder}`);
    }
    removeStale(path, held);
  }
}

/** The file appears with its content or not at all: nobody can read it half written. */
function tryCreate(path: string, content: string): boolean {
  const draft = `${path}.${process.pid}.${++attempts}`;
  writeFileSync(draft, content);
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null;
    throw error;
  }
}

/** Between reading and removing, another process may have taken the lock: then it gets it back. */
function removeStale(path: string, held: string): void {
  const aside = `${path}.${process.pid}.${++attempts}`;
  try {
    renameSync(path, aside);
    if (read(aside) !== held) linkSync(aside, path);
  } catch (error) {
    if (!isCode(error, 'ENOENT') && !isCode(error, 'EEXIST')) throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function isLiving(processId: number, beginning: string): boolean {
  if (!Number.isInteger(processId) || processId <= 0) return false;
  const now = beginningOf(processId);
  if (now !== null && beginning !== '') return now === beginning;
  if (processId === process.pid) return false;
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return isCode(error, 'EPERM');
  }
}

/** Boot and clock tick at which a process began (proc(5), field 22 of stat); null where the system does not say. */
function beginningOf(processId: number): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${processId}/stat`, 'utf8');
    // The second field is the command in parentheses, which may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[19] === undefined ? null : `${boot}/${fields[19]}`;
  } catch {
    return null;
  }
}

export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
