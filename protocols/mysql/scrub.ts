/**
 * Errors and warnings of a statement that touches masked columns may quote their values: `Duplicate entry
 * '123-45-6789' for key 'ssn'`. What is kept are the error number and the SQLSTATE, and a message that quotes nothing
 * but the client's own text.
 */
import type { MaskDuties } from '../../src/core/masks.ts';
import type { Err, Ok } from './decode.ts';
import type { ErrFields } from './encode.ts';
import type { Run } from './replies.ts';

const TOUCHED_SHOWN = 3;

/** Errors of names, syntax and privileges, of locks and limits, whose texts have names of the statement in them at most. */
const OF_NAMES: ReadonlySet<number> = new Set([
  1046, 1048, 1049, 1051, 1052, 1054, 1055, 1056, 1060, 1064, 1065, 1066, 1091, 1101, 1109, 1110, 1111, 1136,
  1142, 1143, 1146, 1205, 1213, 1222, 1226, 1227, 1235, 1241, 1242, 1248, 1305, 1317, 1364, 1370, 1406, 1969,
  3024,
]);

/** Whether what is said of the statement may quote a masked value. */
export function mayQuote(duties: MaskDuties | null): duties is MaskDuties {
  return duties !== null && (duties.unknown !== null || duties.touched.length > 0);
}

/** The error as the client may read it; null: as the server wrote it. */
export function scrubError(err: Err, duties: MaskDuties | null, text: Buffer | null): ErrFields | null {
  if (!mayQuote(duties)) return null;
  if (OF_NAMES.has(err.errno) && quotesOnly(err.message, text)) return null;
  const named = duties.touched.slice(0, TOUCHED_SHOWN).join(', ');
  return {
    errno: err.errno,
    sqlstate: err.sqlstate,
    message: `the statement failed (error ${err.errno}); the server's own text is withheld, since it may quote masked values${
      named === '' ? '' : ` (${named})`
    }`,
  };
}

/** Whether everything that the message quotes stands in the statement, and no number that does not. */
function quotesOnly(message: string, text: Buffer | null): boolean {
  if (text === null) return false;
  const statement = text.toString('utf8').toLowerCase();
  const rest = message.replaceAll(/'([^']*)'|`([^`]*)`|\(([^()]*)\)/g, (_whole, ...groups) => {
    const quoted = groups.slice(0, 3).find((group) => typeof group === 'string') ?? '';
    return isIn(statement, quoted) ? ' ' : ' 0x ';
  });
  return (rest.match(/\d[\w.]*/g) ?? []).every(
    (number) => number === '1' || statement.includes(number.toLowerCase()),
  );
}

/** A name may be qualified where the statement has it bare. */
function isIn(statement: string, quoted: string): boolean {
  if (PLACES.has(quoted)) return true;
  const plain = quoted.toLowerCase();
  if (statement.includes(plain)) return true;
  return plain.split('.').every((part) => /^[a-z_$][\w$]*$/.test(part) && statement.includes(part));
}

/** What the server calls parts of a statement. */
const PLACES: ReadonlySet<string> = new Set([
  'field list',
  'where clause',
  'on clause',
  'order clause',
  'group statement',
  'having clause',
  'from clause',
]);

const ITS_OWN_INFO =
  /^(Records: \d+ {2}Duplicates: \d+ {2}Warnings: \d+|Rows matched: \d+ {2}Changed: \d+ {2}Warnings: \d+|Records: \d+ {2}Deleted: \d+ {2}Skipped: \d+ {2}Warnings: \d+)$/;

interface Scrubs {
  readonly info: boolean;
  readonly insertId: boolean;
  /** What is told in place of the number of rows that were changed; null: that number. */
  readonly affected: bigint | null;
}

const FOUND = /^(?:Rows matched|Records): (\d+) /;

/**
 * How many rows a statement was about that writes a masked column: those that it has found, or was given. Setting
 * what is there already changes no row, and so does what an upsert is given anew.
 */
function rowsFound(ok: Ok): bigint {
  const found = FOUND.exec(ok.info.toString('latin1'))?.[1];
  return found === undefined ? 1n : BigInt(found);
}

/** Whether an OK packet of a run may carry a value: its text and number of rows, or the insert id that LAST_INSERT_ID(x) has set. */
export function okToScrub(ok: Ok, run: Run, endsResult: boolean): Scrubs {
  const masks = run.decision?.obligations.masks ?? null;
  if (!mayQuote(masks)) return NOTHING_TO_SCRUB;
  const sets = run.facts?.functions.some(({ name }) => name.toLowerCase() === 'last_insert_id') ?? false;
  if (masks.assigned) {
    const kinds = run.facts?.kinds ?? [];
    const upserts = kinds.includes('INSERT') && kinds.includes('UPDATE');
    const affected = endsResult ? null : rowsFound(ok);
    return { info: ok.info.length > 0, insertId: sets || upserts, affected };
  }
  const isForeign = ok.info.length > 0 && !ITS_OWN_INFO.test(ok.info.toString('latin1'));
  return { info: isForeign, insertId: sets, affected: null };
}

/** Whether how many warnings there are may depend on masked values: `CAST(ssn AS SIGNED)` gives one for each that is no number. */
export function warningsTell(run: Run, warnings: number): boolean {
  return warnings > 0 && mayQuote(run.decision?.obligations.masks ?? null);
}

const NOTHING_TO_SCRUB: Scrubs = { info: false, insertId: false, affected: null };
