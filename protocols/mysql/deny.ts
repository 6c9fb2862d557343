/**
 * How a refusal enters the conversation: the command is not sent, and the client reads an ERR packet in the place of
 * the server's reply. A transaction is left as it is, as MySQL leaves it after most errors of its own.
 */
import type { Denial } from '../../src/core/decision.ts';
import type { ProxyError } from '../../src/core/errors.ts';
import { native } from '../sql/refusals.ts';
import type { ErrFields } from './encode.ts';
import { MYSQL_ERRORS } from './errors.ts';

/** Clients have room for so much (MYSQL_ERRMSG_SIZE of the server, with its terminator). */
const MESSAGE_BYTES_MAX = 511;
const ELLIPSIS = '…';

/** Cut where a character ends. */
function shortened(message: string): string {
  const bytes = Buffer.from(message);
  if (bytes.length <= MESSAGE_BYTES_MAX) return message;
  let end = MESSAGE_BYTES_MAX - Buffer.byteLength(ELLIPSIS);
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return `${bytes.toString('utf8', 0, end)}${ELLIPSIS}`;
}

/** https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html */
export const UNKNOWN_COMMAND: ErrFields = { errno: 1047, sqlstate: '08S01', message: 'Unknown command' };
export const UNKNOWN_STATEMENT_ERRNO = 1243;

export function unknownStatement(handler: string, command: string): Denial {
  return native('26000', `Unknown prepared statement handler (${handler}) given to ${command}`);
}

/** A command that no rule can allow. */
export function refusedCommand(name: string): Denial {
  return {
    sqlstate: '0A000',
    message: `denied by rule "${COMMAND_RULE}": ${name} is not served`,
    detail: null,
    hint: null,
    position: null,
    rule: COMMAND_RULE,
    native: false,
  };
}

const COMMAND_RULE = 'sluice/command';

/** SQLSTATEs of denials, as errno and SQLSTATE of MySQL's. */
const BY_SQLSTATE: ReadonlyMap<string, readonly [number, string]> = new Map([
  // ER_SPECIFIC_ACCESS_DENIED_ERROR
  ['42501', [1227, '42000']],
  // ER_QUERY_INTERRUPTED
  ['57014', [1317, '70100']],
  // ER_USER_LIMIT_REACHED
  ['53400', [1226, '42000']],
  // ER_PARSE_ERROR
  ['42601', [1064, '42000']],
  // ER_EMPTY_QUERY
  ['03000', [1065, '42000']],
  ['42000', [1064, '42000']],
  // ER_NO_SUCH_TABLE
  ['42P01', [1146, '42S02']],
  ['42S02', [1146, '42S02']],
  // ER_BAD_FIELD_ERROR
  ['42703', [1054, '42S22']],
  ['42S22', [1054, '42S22']],
  // ER_SP_DOES_NOT_EXIST
  ['42883', [1305, '42000']],
  // ER_BAD_DB_ERROR, ER_NO_DB_ERROR
  ['3F000', [1049, '42000']],
  ['3D000', [1046, '3D000']],
  // ER_UNKNOWN_STMT_HANDLER
  ['26000', [UNKNOWN_STATEMENT_ERRNO, 'HY000']],
  // ER_STMT_HAS_NO_OPEN_CURSOR
  ['34000', [1421, 'HY000']],
  // ER_NO_SUCH_THREAD
  ['HY094', [1094, 'HY000']],
  // ER_WRONG_ARGUMENTS
  ['22023', [1210, 'HY000']],
  // ER_NOT_SUPPORTED_YET
  ['0A000', [1235, '42000']],
  // ER_STACK_OVERRUN_NEED_MORE
  ['54001', [1436, 'HY000']],
  // ER_UNKNOWN_SYSTEM_VARIABLE
  ['42704', [1193, 'HY000']],
]);

/** ER_UNKNOWN_ERROR */
const OTHER = [1105, 'HY000'] as const;

export function denialError(denial: Denial): ErrFields {
  const [errno, sqlstate] = BY_SQLSTATE.get(denial.sqlstate) ?? OTHER;
  const message = [denial.message, denial.detail, denial.hint].filter((part) => part !== null).join('; ');
  return { errno, sqlstate, message: shortened(message) };
}

export function failureError(error: ProxyError): ErrFields {
  const message = error.detail === null ? error.message : `${error.message}: ${error.detail}`;
  return { ...MYSQL_ERRORS[error.code], message: shortened(message) };
}
