/** One writer per journal, over processes. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { lockJournal } from '../../../src/journal/lock.ts';
import { journalFolder } from '../../support/journals.ts';

const LOCK = new URL('../../../src/journal/lock.ts', import.meta.url).href;

/** A process that takes the lock, says so, and keeps it until it is killed. */
async function holder(directory: string): Promise<{ readonly child: ChildProcess; readonly said: string }> {
  const script = `const { lockJournal } = await import(${JSON.stringify(LOCK)});
    try { lockJournal(${JSON.stringify(directory)}); console.log('taken'); setInterval(() => {}, 1000); }
    catch (error) { console.log(error.message); }`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = await once(child.stdout, 'data');
  return { child, said: String(said).trim() };
}

test('a second process is refused while the first lives, and takes over when it was killed', async (context) => {
  const { directory } = journalFolder(context);
  const first = await holder(directory);
  assert.equal(first.said, 'taken');
  assert.throws(() => lockJournal(directory), new RegExp(`being written by process ${first.child.pid}`));
  const second = await holder(directory);
  assert.match(second.said, new RegExp(`being written by process ${first.child.pid}`));
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  const release = lockJournal(directory);
  assert.throws(() => lockJournal(directory), /being written by process/, 'nor twice by one process');
  release();
  assert.ok(!existsSync(join(directory, 'journal.lock')));
});

test('promise 8: of many processes that start at once behind a dead one, one gets the lock', async (context) => {
  const { directory } = journalFolder(context);
  const dead = await holder(directory);
  dead.child.kill('SIGKILL');
  await once(dead.child, 'exit');
  const all = await Promise.all(Array.from({ length: 6 }, () => holder(directory)));
  for (const { child } of all) child.kill('SIGKILL');
  assert.equal(all.filter(({ said }) => said === 'taken').length, 1, all.map(({ said }) => said).join('\n'));
});

test('a process id that has come round again does not hold the lock', (context) => {
  const { directory } = journalFolder(context);
  // Our own id, as after the restart of a container, but another beginning.
  writeFileSync(join(directory, 'journal.lock'), `${process.pid} 00000000-0000-0000-0000-000000000000/1\n`);
  lockJournal(directory)();
  writeFileSync(join(directory, 'journal.lock'), '');
  lockJournal(directory)();
});
