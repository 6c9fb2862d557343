/**
 * In which mode the server reads the session's text: it tells of every change in the OK packet of the statement that
 * brought it about, since the session was prepared for that (`preparation`).
 */
import { ProxyError } from '../../src/core/errors.ts';
import type { Ok } from './decode.ts';
import type { Link } from './link.ts';
import { readSessionState, type SessionChanges } from './session-track.ts';

/** Character sets in which no byte of a character can be taken for a quote or a backslash, and names are UTF-8. */
const UTF8: ReadonlySet<string> = new Set(['utf8mb4', 'utf8mb3', 'utf8']);
/** Of results: NULL leaves each column in its own, which its definition names. */
const RESULTS: ReadonlySet<string> = new Set([...UTF8, '', 'binary']);

/**
 * Of literals. MariaDB takes the text of PREPARE … FROM 'text' through it and back: here every character of ASCII stays
 * what it is, and none becomes one, save the question mark in place of what there is no letter for. In swe7 neither
 * backticks nor backslashes do.
 */
const LITERALS: ReadonlySet<string> = new Set(
  `utf8mb4 utf8mb3 utf8 utf16 utf16le utf32 ucs2 ascii binary latin1 latin2 latin5 latin7 cp1250 cp1251 cp1256 cp1257
   cp850 cp852 cp866 koi8r koi8u hebrew greek armscii8 geostd8 dec8 hp8 keybcs2 macce macroman tis620 big5 gbk gb2312
   gb18030 euckr sjis cp932 ujis eucjpms`
    .trim()
    .split(/\s+/),
);

/** Takes note of the changes that an OK packet tells of; false where it tells of none. */
export function followState(link: Link, ok: Ok): boolean {
  if (ok.sessionState.length === 0) return false;
  applyChanges(link, readSessionState(ok.sessionState, 0, ok.sessionState.length));
  return true;
}

/** Throws where the session has got into a mode that can be read in two ways, or of which the server tells no more. */
export function applyChanges(link: Link, { schema, variables }: SessionChanges): void {
  checkCharset(variables, 'character_set_client', UTF8);
  checkCharset(variables, 'character_set_results', RESULTS);
  checkCharset(variables, 'character_set_connection', LITERALS);
  checkCollation(variables.get('collation_connection'));
  const tracked = variables.get('session_track_system_variables');
  if (tracked !== undefined && tracked !== '*' && !tracked.includes('sql_mode')) untracked();
  if (OFF.has(variables.get('session_track_schema') ?? 'ON')) untracked();
  const mode = variables.get('sql_mode');
  if (schema === null && mode === undefined) return;
  link.setReading({
    path: schema === null ? link.reading.path : schema === '' ? [] : [schema],
    mode: mode ?? link.reading.mode,
  });
}

const OFF: ReadonlySet<string> = new Set(['OFF', '0']);

function checkCharset(
  variables: ReadonlyMap<string, string>,
  name: string,
  allowed: ReadonlySet<string>,
): void {
  const value = variables.get(name);
  if (value === undefined || allowed.has(value)) return;
  throw new ProxyError('unsafe-reading', { detail: `${name} is ${value}, not utf8mb4` });
}

/** A collation begins with the name of its character set; where MariaDB's goes with any, it is one of Unicode's. */
function checkCollation(value: string | undefined): void {
  const charset = value?.split('_', 1)[0];
  if (charset === undefined || charset === '' || charset === 'uca1400' || LITERALS.has(charset)) return;
  throw new ProxyError('unsafe-reading', { detail: `collation_connection is ${value}, not of utf8mb4` });
}

function untracked(): never {
  throw new ProxyError('unsafe-reading', { detail: 'the server does not tell of changed settings any more' });
}
