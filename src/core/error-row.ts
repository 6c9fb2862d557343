export type ErrorKind =
  | 'malformed'
  | 'violation'
  | 'unsafe'
  | 'limit'
  | 'unavailable'
  | 'upstream'
  | 'identity'
  | 'config'
  | 'invariant';
export type Blame = 'peer' | 'upstream' | 'operator' | 'us';
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface ErrorRow {
  readonly kind: ErrorKind;
  readonly blame: Blame;
  /** SQLSTATE that a Postgres client reads (PostgreSQL Appendix A). */
  readonly sqlstate: string;
  /** `end`: the session is over; `go-on`: only the message at fault is refused. */
  readonly session: 'end' | 'go-on';
  readonly log: LogLevel;
  /** What the client is told; never internals. */
  readonly message: string;
}
