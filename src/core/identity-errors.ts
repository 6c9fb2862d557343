import type { ErrorRow } from './error-row.ts';

/** Rows of the table of errors: logins, and sessions that end because of what was shown at them. */
export const IDENTITY_ERRORS = {
  'login-failed': {
    kind: 'identity',
    blame: 'peer',
    sqlstate: '28P01',
    session: 'end',
    log: 'info',
    message: 'password authentication failed',
  },
  'token-refused': {
    kind: 'identity',
    blame: 'peer',
    sqlstate: '28000',
    session: 'end',
    log: 'info',
    message: 'the token is not accepted',
  },
  'login-refused': {
    kind: 'identity',
    blame: 'peer',
    sqlstate: '28000',
    session: 'end',
    log: 'info',
    message: 'this login is not allowed here',
  },
  'login-blocked': {
    kind: 'identity',
    blame: 'peer',
    sqlstate: '28000',
    session: 'end',
    log: 'warn',
    message: 'too many failed logins; try again later',
  },
  'access-revoked': {
    kind: 'identity',
    blame: 'operator',
    sqlstate: '28000',
    session: 'end',
    log: 'warn',
    message: 'access has been revoked',
  },
  'login-expired': {
    kind: 'identity',
    blame: 'peer',
    sqlstate: '57P01',
    session: 'end',
    log: 'info',
    message: 'terminating the session: what was shown at its login has expired',
  },
  'session-revoked': {
    kind: 'identity',
    blame: 'operator',
    sqlstate: '57P01',
    session: 'end',
    log: 'warn',
    message: 'terminating the session: access has been revoked',
  },
  'identity-unavailable': {
    kind: 'unavailable',
    blame: 'us',
    sqlstate: '57P03',
    session: 'end',
    log: 'error',
    message: 'it cannot be looked up at the moment who may log in',
  },
} as const satisfies Readonly<Record<string, ErrorRow>>;
