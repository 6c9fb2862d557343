/** sql_mode as a server reports it, and what of it decides how text is read. */
import { latin1 } from '../../bytes/latin1.ts';

/** What a name in sql_mode stands for beside itself (set_names of sys_vars.cc, sql_mode_expand). */
const COMBINATIONS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    ANSI: ['REAL_AS_FLOAT', 'PIPES_AS_CONCAT', 'ANSI_QUOTES', 'IGNORE_SPACE'],
    ORACLE: ['PIPES_AS_CONCAT', 'ANSI_QUOTES', 'IGNORE_SPACE'],
    MSSQL: ['PIPES_AS_CONCAT', 'ANSI_QUOTES', 'IGNORE_SPACE'],
    POSTGRESQL: ['PIPES_AS_CONCAT', 'ANSI_QUOTES', 'IGNORE_SPACE'],
    DB2: ['PIPES_AS_CONCAT', 'ANSI_QUOTES', 'IGNORE_SPACE'],
    MAXDB: ['PIPES_AS_CONCAT', 'ANSI_QUOTES', 'IGNORE_SPACE'],
    MYSQL323: ['HIGH_NOT_PRECEDENCE'],
    MYSQL40: ['HIGH_NOT_PRECEDENCE'],
  }),
);

/** The modes that a `@@sql_mode` names, upper case, combinations resolved. */
export function sqlModeOf(written: string): ReadonlySet<string> {
  const modes = new Set<string>();
  for (const part of written.split(',')) {
    const mode = part.trim().toUpperCase();
    if (mode === '') continue;
    modes.add(mode);
    for (const implied of COMBINATIONS.get(mode) ?? []) modes.add(implied);
  }
  return modes;
}

/** Modes that lexer and parser go by. */
const FOLLOWED = [
  'ANSI_QUOTES',
  'NO_BACKSLASH_ESCAPES',
  'PIPES_AS_CONCAT',
  'IGNORE_SPACE',
  'HIGH_NOT_PRECEDENCE',
];

/** Modes that change values, errors or what SHOW prints, and no reading; combinations that say no more than their parts. */
const READING_ALIKE = [
  ...[
    'REAL_AS_FLOAT',
    'ONLY_FULL_GROUP_BY',
    'NO_UNSIGNED_SUBTRACTION',
    'NO_DIR_IN_CREATE',
    'TRADITIONAL',
    'ANSI',
  ],
  ...['NO_AUTO_VALUE_ON_ZERO', 'STRICT_TRANS_TABLES', 'STRICT_ALL_TABLES', 'NO_ZERO_IN_DATE', 'NO_ZERO_DATE'],
  ...['ALLOW_INVALID_DATES', 'ERROR_FOR_DIVISION_BY_ZERO', 'NO_AUTO_CREATE_USER', 'NO_ENGINE_SUBSTITUTION'],
  ...[
    'PAD_CHAR_TO_FULL_LENGTH',
    'TIME_TRUNCATE_FRACTIONAL',
    'INTERPRET_UTF8_AS_UTF8MB4',
    'TIME_ROUND_FRACTIONAL',
    'NO_KEY_OPTIONS',
  ],
  ...['IGNORE_BAD_TABLE_OPTIONS', 'SIMULTANEOUS_ASSIGNMENT', 'NO_TABLE_OPTIONS', 'NO_FIELD_OPTIONS'],
  ...['POSTGRESQL', 'DB2', 'MAXDB', 'MYSQL323', 'MYSQL40'],
];

const SERVED: ReadonlySet<string> = new Set([...FOLLOWED, ...READING_ALIKE]);

/**
 * A mode among these in which Sluice does not read: MariaDB's for Oracle's SQL (ORACLE), the one with names in brackets
 * (MSSQL), the one in which '' is NULL (EMPTY_STRING_IS_NULL), and whatever mode it does not know; null where it reads.
 */
export function unreadMode(sqlMode: ReadonlySet<string>): string | null {
  for (const mode of sqlMode) if (!SERVED.has(mode)) return mode;
  return null;
}

/**
 * The modes in which a text could be read, as far as they make a difference to it: what a session is read in while
 * its sql_mode is not known. Each mode counts only where the text has what it is about.
 */
export function possibleModes(bytes: Buffer, start: number, end: number): readonly ReadonlySet<string>[] {
  const text = latin1(bytes, start, end);
  let modes: ReadonlySet<string>[] = [new Set()];
  for (const [mode, mark] of DECIDING) {
    if (mark.test(text)) modes = modes.flatMap((known) => [known, new Set([...known, mode])]);
  }
  return modes;
}

/** A name with space before its parenthesis is a call by IGNORE_SPACE alone; NOT binds as `!` by HIGH_NOT_PRECEDENCE. */
const DECIDING: readonly (readonly [mode: string, mark: RegExp])[] = [
  ['ANSI_QUOTES', /"/],
  ['NO_BACKSLASH_ESCAPES', /\\/],
  ['PIPES_AS_CONCAT', /\|\|/],
  ['IGNORE_SPACE', /[\s/!\d]\(/],
  ['HIGH_NOT_PRECEDENCE', /not/i],
  ['EMPTY_STRING_IS_NULL', /''|""/],
];
