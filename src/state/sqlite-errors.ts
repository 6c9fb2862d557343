/** What SQLite's result codes mean for the store (https://www.sqlite.org/rescode.html). */
import { StoreUnavailable } from './store.ts';

export interface SqliteProblem {
  readonly message: string;
  /** Whether the file is opened anew at the next call. */
  readonly reopen: boolean;
}

const BUSY = 5;
const CODES: ReadonlyMap<number, { readonly why: string; readonly reopen: boolean }> = new Map([
  [BUSY, { why: 'another process holds it for too long', reopen: false }],
  [6, { why: 'it is locked', reopen: false }],
  [7, { why: 'there is not enough memory', reopen: false }],
  [8, { why: 'it can be read and not be written', reopen: true }],
  [10, { why: 'the disk gives an error', reopen: true }],
  [11, { why: 'it is damaged', reopen: true }],
  [13, { why: 'the disk is full', reopen: false }],
  [14, { why: 'it cannot be opened or made', reopen: true }],
  [15, { why: 'it is locked in a way that cannot be', reopen: true }],
  [26, { why: 'it is no SQLite database', reopen: true }],
]);

const FILE_CODES: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such directory',
  ENOTDIR: 'a part of its path is no directory',
  EISDIR: 'it is a directory',
  EACCES: 'there is no permission to make it',
  EROFS: 'its file system can be read and not be written',
  ENOSPC: 'the disk is full',
};

/** Null where the error is not of the store's availability. */
export function sqliteProblem(error: unknown, file: string): SqliteProblem | null {
  if (error instanceof StoreUnavailable) return { message: error.message, reopen: true };
  const known = CODES.get(primaryCode(error));
  if (known !== undefined) {
    const own = error instanceof Error ? error.message : '';
    return { message: `the store ${file} cannot be used: ${known.why} (${own})`, reopen: known.reopen };
  }
  const why = error instanceof Error && 'code' in error ? FILE_CODES[String(error.code)] : undefined;
  return why === undefined ? null : { message: `the store ${file} cannot be used: ${why}`, reopen: true };
}

export function isBusy(error: unknown): boolean {
  return primaryCode(error) === BUSY;
}

/** The lowest byte; the others say more of the same. 0 where it is no error of SQLite's. */
function primaryCode(error: unknown): number {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode & 0xff
    : 0;
}
