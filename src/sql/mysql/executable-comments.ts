/**
 * Which comments are not comments. MySQL and MariaDB read what stands in them as SQL when they are of the version
 * it asks for. Both lexers know one level: the next end mark closes, whatever was opened before.
 */
import { BANG, isDigit, isSpace, UPPER_M } from './characters.ts';
import type { LexerMode } from './token.ts';

/** Texts with MySQL's new syntax are not for MariaDB, which leaves out what asks for these. */
const MYSQL_ONLY_FIRST = 50_700;
const MYSQL_ONLY_LAST = 99_999;
/** A node of a Galera cluster runs what stands behind this version, other servers do not. */
const GALERA_ONLY = 99_997;
/** From here on versions of six digits are known to MySQL; when exactly they came has not been established. */
const SIX_DIGITS_KNOWN = 90_000;

/** `open`: SQL goes on at `at`. `skipped`: a comment, in which one level of comments may nest. */
export type CommentReading =
  | { readonly is: 'plain' }
  | { readonly is: 'open'; readonly at: number }
  | { readonly is: 'skipped' }
  | { readonly is: 'unclear'; readonly reason: string };

const PLAIN: CommentReading = { is: 'plain' };
const SKIPPED: CommentReading = { is: 'skipped' };

/** `at` is behind the comment's opening mark of two bytes. */
export function readComment(bytes: Buffer, at: number, end: number, mode: LexerMode): CommentReading {
  const own = mode.flavour === 'mariadb' && bytes[at] === UPPER_M && bytes[at + 1] === BANG;
  if (!own && bytes[at] !== BANG) return PLAIN;
  at += own ? 2 : 1;
  if (at > end) return PLAIN;
  let digits = 0;
  let version = 0;
  while (digits < 6 && at + digits < end && isDigit(bytes[at + digits])) {
    version = version * 10 + (bytes[at + digits] ?? 0) - 0x30;
    digits++;
  }
  if (digits < 5) return { is: 'open', at };
  if (mode.flavour === 'mysql') return mysqlVersion(bytes, at, end, mode, digits, version);
  if (version === GALERA_ONLY) {
    return { is: 'unclear', reason: 'a comment of version 99997 is run by Galera nodes only: leave it out' };
  }
  const mysqlOnly = !own && version >= MYSQL_ONLY_FIRST && version <= MYSQL_ONLY_LAST;
  return version <= mode.version && !mysqlOnly ? { is: 'open', at: at + digits } : SKIPPED;
}

/** The sixth digit is part of the version only where space follows it; else it is SQL. */
function mysqlVersion(
  bytes: Buffer,
  at: number,
  end: number,
  mode: LexerMode,
  digits: number,
  version: number,
): CommentReading {
  if (digits === 6) {
    if (mode.version < SIX_DIGITS_KNOWN) {
      return {
        is: 'unclear',
        reason:
          'MySQL servers differ in executable comments of six digits: write five, and a space behind them',
      };
    }
    if (at + 6 >= end || !isSpace(bytes[at + 6])) {
      version = Math.floor(version / 10);
      digits = 5;
    }
  }
  return version <= mode.version ? { is: 'open', at: at + digits } : SKIPPED;
}
