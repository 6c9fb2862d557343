/** The demo's auditor: what the journal says, whether it holds, and whether it shows what somebody did to it. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { takeCheckpoint } from '../journal/checkpoint.ts';
import { SigningKey } from '../journal/keys.ts';
import { recordsIn } from '../journal/read.ts';
import { segmentsIn } from '../journal/segments.ts';
import { type JournalProblem, type VerifyReport, verifyJournal } from '../journal/verify.ts';

/** Statements in the journal by verdict. */
export function countVerdicts(directory: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { verdict } of recordsIn(directory)) {
    if (typeof verdict === 'string') counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  }
  return counts;
}

/** The id of the first session in the journal. */
export function firstSession(directory: string): string | null {
  for (const { session } of recordsIn(directory)) if (typeof session === 'string') return session;
  return null;
}

export function verify(directory: string): VerifyReport {
  return verifyJournal(directory, {});
}

/** Makes the first denial in a copy of the journal look as if it had been allowed; gives what verifying it finds. */
export function tamper(directory: string): readonly JournalProblem[] {
  return onCopy(directory, (copy) => {
    editFirst(copy, '"verdict":"deny"', (text, at) => {
      const end = at + '"verdict":"deny"'.length;
      return `${text.slice(0, at)}"verdict":"allow"${text.slice(end)}`;
    });
    return verifyJournal(copy, {});
  });
}

/** Cuts a copy of the journal off at its first denial; gives what verifying it against a checkpoint finds. */
export function cutTail(directory: string, keyFile: string): readonly JournalProblem[] {
  const checkpoint = takeCheckpoint(directory, SigningKey.loadOrCreate(keyFile), new Date());
  return onCopy(directory, (copy) => {
    editFirst(copy, '"verdict":"deny"', (text, at) => text.slice(0, text.lastIndexOf('\n', at) + 1));
    return verifyJournal(copy, checkpoint === null ? {} : { checkpoint });
  });
}

function onCopy(directory: string, check: (copy: string) => VerifyReport): readonly JournalProblem[] {
  const scratch = mkdtempSync(join(tmpdir(), 'sluice-tampered-'));
  try {
    const copy = join(scratch, basename(directory));
    cpSync(directory, copy, { recursive: true });
    return check(copy).problems.map(({ where, what }) => ({ where: basename(where), what }));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function editFirst(directory: string, sought: string, edit: (text: string, at: number) => string): void {
  for (const { path } of segmentsIn(directory)) {
    const text = readFileSync(path, 'utf8');
    const at = text.indexOf(sought);
    if (at < 0) continue;
    writeFileSync(path, edit(text, at));
    return;
  }
  throw new Error(`the journal holds no ${sought}`);
}
