/**
 * Asks the server what the session's search path and lexical settings are, after anything that may have changed
 * them: SET and RESET, set_config, functions whose effects are not known, the end of a transaction in which one
 * of those ran. The client sees neither question nor answer.
 */

import { ProxyError } from '../../src/core/errors.ts';
import { readTextRow } from './decode.ts';
import { runAside } from './encode.ts';
import { stringsOfJson } from './json.ts';
import { BLOCK, type Link } from './link.ts';
import { FRONTEND, STATUS_FAILED } from './messages.ts';

const PROBE_SQL = `SELECT pg_catalog.array_to_json(pg_catalog.current_schemas(true))::pg_catalog.text,
 pg_catalog.current_setting('standard_conforming_strings'), pg_catalog.current_setting('client_encoding')
 /* sluice reads the session's search path */`;
const PROBE_NAME = 'sluice_probe';
const PROBE_ALONE = runAside(PROBE_NAME, PROBE_SQL, FRONTEND.Sync);
const PROBE_PIPELINE = runAside(PROBE_NAME, PROBE_SQL, FRONTEND.Flush);

/** Asks now, if there is something to ask and the server can answer. True when the client has to wait for it. */
export function probe(link: Link): boolean {
  if (!link.readingStale) return false;
  if (link.status === STATUS_FAILED && !(link.unsynced && link.transactionMoved)) {
    // Nothing but the end of the transaction works in it; names are read every way until then.
    link.gate.setPath(null);
    link.readingMoved = true;
    return false;
  }
  if (link.skipping) return false;
  link.readingStale = false;
  link.askedMs = link.engine.now();
  if (link.unsynced) {
    link.toServer(PROBE_PIPELINE);
    link.replies.push({ of: 'probe-pipeline', closed: 0, turn: link.turn });
  } else {
    link.toServer(PROBE_ALONE);
    link.replies.push({ of: 'probe-alone', turn: link.turn });
  }
  link.block(BLOCK.replies);
  return true;
}

/** The answer, as a DataRow. Throws when the session has got into a mode that can be read in two ways. */
export function takeAnswer(link: Link, bytes: Buffer, start: number, end: number): void {
  const [path, strings, encoding] = readTextRow(bytes, start, end);
  checkSetting('standard_conforming_strings', strings ?? '');
  checkSetting('client_encoding', encoding ?? '');
  const schemas = stringsOfJson(path ?? '');
  if (schemas === null)
    throw new ProxyError('upstream-malformed', { detail: 'search path of unexpected shape' });
  link.gate.setPath(schemas.filter((schema) => !schema.startsWith('pg_temp')));
}

/** Refuses the settings under which a text can be read in two ways. */
export function checkSetting(name: string, value: string): void {
  if (name === 'standard_conforming_strings' && value !== 'on') {
    throw new ProxyError('unsafe-reading', { detail: 'standard_conforming_strings is off' });
  }
  if (name === 'client_encoding' && value !== 'UTF8') {
    throw new ProxyError('unsafe-reading', { detail: `client_encoding is ${value}, not UTF8` });
  }
}
