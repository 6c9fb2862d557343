import type { ErrorRow } from './error-row.ts';
import { IDENTITY_ERRORS } from './identity-errors.ts';

export type { Blame, ErrorKind, LogLevel } from './error-row.ts';

/**
 * Every way in which a session or a message of it can fail, apart from denials by policy.
 * docs/errors.md is generated from this table; test/pins freezes it.
 */
export const ERRORS = {
  'malformed-frame': {
    kind: 'malformed',
    blame: 'peer',
    sqlstate: '08P01',
    session: 'end',
    log: 'warn',
    message: 'malformed message',
  },
  'unknown-message': {
    kind: 'violation',
    blame: 'peer',
    sqlstate: '08P01',
    session: 'end',
    log: 'warn',
    message: 'message type not known to Sluice',
  },
  'protocol-violation': {
    kind: 'violation',
    blame: 'peer',
    sqlstate: '08P01',
    session: 'end',
    log: 'warn',
    message: 'message not allowed at this point',
  },
  'unsafe-startup': {
    kind: 'unsafe',
    blame: 'peer',
    sqlstate: '0A000',
    session: 'end',
    log: 'warn',
    message: 'Sluice does not serve this kind of session',
  },
  'function-call': {
    kind: 'unsafe',
    blame: 'peer',
    sqlstate: '0A000',
    session: 'go-on',
    log: 'info',
    message: 'the FunctionCall message is not served; call the function with SELECT',
  },
  'unsafe-reading': {
    kind: 'unsafe',
    blame: 'peer',
    sqlstate: '0A000',
    session: 'end',
    log: 'warn',
    message: 'the session is in a mode in which statements can be read in two ways',
  },
  'frame-too-large': {
    kind: 'limit',
    blame: 'peer',
    sqlstate: '54000',
    session: 'go-on',
    log: 'info',
    message: 'message is larger than this listener allows',
  },
  'startup-too-large': {
    kind: 'limit',
    blame: 'peer',
    sqlstate: '08P01',
    session: 'end',
    log: 'info',
    message: 'start-up packet is larger than 10000 bytes',
  },
  'too-many-names': {
    kind: 'limit',
    blame: 'peer',
    sqlstate: '54000',
    session: 'go-on',
    log: 'info',
    message: 'too many prepared statements or portals in this session; close some',
  },
  'held-memory': {
    kind: 'limit',
    blame: 'us',
    sqlstate: '53200',
    session: 'go-on',
    log: 'warn',
    message: 'Sluice holds as much as it may at the moment; try again',
  },
  'too-many-connections': {
    kind: 'limit',
    blame: 'us',
    sqlstate: '53300',
    session: 'end',
    log: 'warn',
    message: 'too many connections',
  },
  'handshake-timeout': {
    kind: 'limit',
    blame: 'peer',
    sqlstate: '08006',
    session: 'end',
    log: 'info',
    message: 'the start-up of the session took too long',
  },
  'idle-timeout': {
    kind: 'limit',
    blame: 'peer',
    sqlstate: '57P05',
    session: 'end',
    log: 'info',
    message: 'terminating the session: idle for too long',
  },
  'statement-timeout': {
    kind: 'limit',
    blame: 'peer',
    sqlstate: '57014',
    session: 'go-on',
    log: 'info',
    message: 'canceling statement due to the statement timeout of Sluice',
  },
  'struck-off': {
    kind: 'limit',
    blame: 'peer',
    sqlstate: '57P01',
    session: 'end',
    log: 'warn',
    message: 'terminating the session: too many statements that are too complex to judge',
  },
  terminated: {
    kind: 'limit',
    blame: 'operator',
    sqlstate: '57P01',
    session: 'end',
    log: 'info',
    message: 'terminating the session: an administrator of Sluice has ended it',
  },
  killed: {
    kind: 'limit',
    blame: 'peer',
    sqlstate: '57P01',
    session: 'end',
    log: 'info',
    message: 'terminating the session: another session of the same user asked for it',
  },
  draining: {
    kind: 'unavailable',
    blame: 'us',
    sqlstate: '57P01',
    session: 'end',
    log: 'info',
    message: 'terminating the session: Sluice is shutting down',
  },
  'journal-unavailable': {
    kind: 'unavailable',
    blame: 'us',
    sqlstate: '58030',
    session: 'go-on',
    log: 'error',
    message: 'the journal cannot be written, so nothing is passed on; the statement was not run',
  },
  'catalog-unavailable': {
    kind: 'unavailable',
    blame: 'us',
    sqlstate: '57P03',
    session: 'go-on',
    log: 'error',
    message: 'the catalog of the upstream cannot be read at the moment; the statement was not run',
  },
  'approvals-unavailable': {
    kind: 'unavailable',
    blame: 'us',
    sqlstate: '57P03',
    session: 'go-on',
    log: 'error',
    message: 'approvals cannot be asked for at the moment; the statement was not run',
  },
  'budgets-unavailable': {
    kind: 'unavailable',
    blame: 'us',
    sqlstate: '57P03',
    session: 'go-on',
    log: 'error',
    message:
      'the store of budgets cannot be asked at the moment, so nothing that a budget counts is passed on',
  },
  'canary-read': {
    kind: 'limit',
    blame: 'peer',
    sqlstate: '57P01',
    session: 'end',
    log: 'warn',
    message: 'terminating the session: it was about to read what nobody should read',
  },
  ...IDENTITY_ERRORS,
  'wrong-database': {
    kind: 'identity',
    blame: 'peer',
    sqlstate: '3D000',
    session: 'end',
    log: 'info',
    message: 'this database is not served here',
  },
  'upstream-unreachable': {
    kind: 'upstream',
    blame: 'upstream',
    sqlstate: '08001',
    session: 'end',
    log: 'error',
    message: 'the database behind Sluice cannot be reached',
  },
  'upstream-refused': {
    kind: 'upstream',
    blame: 'operator',
    sqlstate: '08004',
    session: 'end',
    log: 'error',
    message: 'the database behind Sluice refused the connection',
  },
  'upstream-lost': {
    kind: 'upstream',
    blame: 'upstream',
    sqlstate: '08006',
    session: 'end',
    log: 'error',
    message: 'the connection to the database behind Sluice was lost',
  },
  'masking-failed': {
    kind: 'unavailable',
    blame: 'us',
    sqlstate: '58000',
    session: 'go-on',
    log: 'error',
    message: 'the result could not be masked, so the rest of it was not sent',
  },
  'masked-row-too-large': {
    kind: 'limit',
    blame: 'upstream',
    sqlstate: '54000',
    session: 'end',
    log: 'warn',
    message: 'a row in which values are masked is larger than Sluice holds',
  },
  'upstream-malformed': {
    kind: 'malformed',
    blame: 'upstream',
    sqlstate: '08P01',
    session: 'end',
    log: 'error',
    message: 'the database behind Sluice sent something that Sluice cannot follow',
  },
  invariant: {
    kind: 'invariant',
    blame: 'us',
    sqlstate: 'XX000',
    session: 'end',
    log: 'error',
    message: 'internal error in Sluice; this session ends',
  },
} as const satisfies Readonly<Record<string, ErrorRow>>;

export type ErrorCode = keyof typeof ERRORS;

/** The end of a message or of a session, by a row of the table. `detail` is safe to show to the client. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';
  readonly code: ErrorCode;
  readonly detail: string | null;

  constructor(code: ErrorCode, more: { readonly detail?: string; readonly cause?: unknown } = {}) {
    super(ERRORS[code].message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.detail = more.detail ?? null;
  }
}
