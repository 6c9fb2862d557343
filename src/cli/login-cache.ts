/** What `sluice login` keeps from one call to the next: in the home directory, for nobody else. */
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { UsageError } from './command.ts';

const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;
const OTHERS = 0o077;

const cacheSchema = z.strictObject({
  issuer: z.string(),
  client: z.string(),
  scope: z.string(),
  resource: z.string().nullable(),
  kind: z.enum(['id', 'access']),
  token: z.string(),
  refresh: z.string().nullable(),
  /** Milliseconds since the epoch; null: nobody knows. */
  expires: z.number().nullable(),
});

export type CachedLogin = z.output<typeof cacheSchema>;

export function cacheFile(environment: Readonly<Record<string, string | undefined>>): string {
  const home = environment['HOME'] ?? homedir();
  return join(environment['XDG_CONFIG_HOME'] ?? join(home, '.config'), 'sluice', 'login.json');
}

/** Null: there is none. Throws UsageError where somebody else can read it, or it is something else. */
export function readCache(file: string): CachedLogin | null {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) return null;
  if ((found.mode & OTHERS) !== 0) {
    throw new UsageError(`${file} can be read by others: remove it and log in again, since it holds a token`);
  }
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    content = null;
  }
  const parsed = cacheSchema.safeParse(content);
  if (!parsed.success)
    throw new UsageError(`${file} is not what sluice login writes: remove it and log in again`);
  return parsed.data;
}

/** Whole or not at all, and never readable by others on the way. */
export function writeCache(file: string, login: CachedLogin): void {
  mkdirSync(dirname(file), { recursive: true, mode: DIRECTORY_MODE });
  const draft = `${file}.${process.pid}`;
  rmSync(draft, { force: true });
  writeFileSync(draft, `${JSON.stringify(login, null, 2)}\n`, { mode: FILE_MODE, flag: 'wx' });
  // The mode of a file that is made is subject to the umask.
  chmodSync(draft, FILE_MODE);
  renameSync(draft, file);
}

export function removeCache(file: string): void {
  rmSync(file, { force: true });
}
