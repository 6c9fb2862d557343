/** How a MySQL client reads each row of the error table: an error number and an SQLSTATE of the server's own. */
import type { ErrorCode } from '../../src/core/errors.ts';

interface MysqlError {
  /** https://dev.mysql.com/doc/mysql-errors/en/server-error-reference.html */
  readonly errno: number;
  readonly sqlstate: string;
}

const UNKNOWN_COMMAND: MysqlError = { errno: 1047, sqlstate: '08S01' };
const MALFORMED: MysqlError = { errno: 1835, sqlstate: 'HY000' };
const NOT_SUPPORTED: MysqlError = { errno: 1235, sqlstate: '42000' };
const SHUTDOWN: MysqlError = { errno: 1053, sqlstate: '08S01' };
const UNKNOWN: MysqlError = { errno: 1105, sqlstate: 'HY000' };
const TOO_LARGE: MysqlError = { errno: 1153, sqlstate: '08S01' };
const HANDSHAKE: MysqlError = { errno: 1043, sqlstate: '08S01' };
const INTERRUPTED: MysqlError = { errno: 1317, sqlstate: '70100' };
const LOST: MysqlError = { errno: 1158, sqlstate: '08S01' };
const DENIED: MysqlError = { errno: 1045, sqlstate: '28000' };

export const MYSQL_ERRORS: Readonly<Record<ErrorCode, MysqlError>> = {
  'malformed-frame': MALFORMED,
  'unknown-message': UNKNOWN_COMMAND,
  'protocol-violation': UNKNOWN_COMMAND,
  'unsafe-startup': NOT_SUPPORTED,
  'function-call': NOT_SUPPORTED,
  'unsafe-reading': NOT_SUPPORTED,
  'frame-too-large': TOO_LARGE,
  'startup-too-large': HANDSHAKE,
  'too-many-names': { errno: 1461, sqlstate: '42000' },
  'held-memory': { errno: 1041, sqlstate: 'HY000' },
  'too-many-connections': { errno: 1040, sqlstate: '08004' },
  'handshake-timeout': HANDSHAKE,
  'idle-timeout': { errno: 4031, sqlstate: 'HY000' },
  'statement-timeout': { errno: 3024, sqlstate: 'HY000' },
  'struck-off': SHUTDOWN,
  draining: SHUTDOWN,
  terminated: SHUTDOWN,
  killed: { errno: 1927, sqlstate: '70100' },
  'journal-unavailable': UNKNOWN,
  'catalog-unavailable': UNKNOWN,
  'approvals-unavailable': UNKNOWN,
  'budgets-unavailable': UNKNOWN,
  'canary-read': SHUTDOWN,
  'login-failed': DENIED,
  'token-refused': DENIED,
  'login-refused': DENIED,
  'login-blocked': { errno: 1129, sqlstate: 'HY000' },
  'access-revoked': DENIED,
  'login-expired': SHUTDOWN,
  'session-revoked': SHUTDOWN,
  'identity-unavailable': UNKNOWN,
  'wrong-database': { errno: 1049, sqlstate: '42000' },
  'upstream-unreachable': { errno: 1429, sqlstate: 'HY000' },
  'upstream-refused': { errno: 1429, sqlstate: 'HY000' },
  'upstream-lost': LOST,
  'masking-failed': INTERRUPTED,
  'masked-row-too-large': TOO_LARGE,
  'upstream-malformed': LOST,
  invariant: { errno: 1815, sqlstate: 'HY000' },
};
