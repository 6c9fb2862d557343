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

/** Modes whose grammar Sluice does not read: MariaDB's for Oracle's SQL, and the one with names in brackets. */
export function unreadMode(sqlMode: ReadonlySet<string>): string | null {
  return ['ORACLE', 'MSSQL'].find((mode) => sqlMode.has(mode)) ?? null;
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
