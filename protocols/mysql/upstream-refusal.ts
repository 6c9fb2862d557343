/** Why the way into the server ends: an error that it has for Sluice's own login, or what it demands in vain. */
import { ProxyError } from '../../src/core/errors.ts';
import { readErr } from './decode.ts';

/** ER_CON_COUNT_ERROR, ER_TOO_MANY_USER_CONNECTIONS, ER_USER_LIMIT_REACHED. */
const TOO_MANY_CONNECTIONS: ReadonlySet<number> = new Set([1040, 1203, 1226]);
/** ER_DBACCESS_DENIED_ERROR and ER_BAD_DB_ERROR. */
const BAD_DATABASE: ReadonlySet<number> = new Set([1044, 1049]);

/** Throws a ProxyError for an ERR packet. `database`: the one that was asked for. */
export function refused(database: string | null, bytes: Buffer, start: number, end: number): never {
  const { errno, message } = readErr(bytes, start, end);
  if (BAD_DATABASE.has(errno) && database !== null) {
    throw new ProxyError('wrong-database', {
      detail: `"${database}" is not there, or not for the account that Sluice uses`,
    });
  }
  // The text is about Sluice's own account and address: that is for the log alone.
  const detail = TOO_MANY_CONNECTIONS.has(errno) ? 'too many connections there' : `error ${errno}`;
  throw new ProxyError('upstream-refused', { detail, cause: new Error(message) });
}

/** The server asks for what it does not get: throws a ProxyError. */
export function demands(what: string): never {
  throw new ProxyError('upstream-refused', { detail: `the server demands ${what}` });
}

/** Ends the session: the server breaks the protocol. */
export function malformed(what: string): never {
  throw new ProxyError('upstream-malformed', { detail: what });
}
