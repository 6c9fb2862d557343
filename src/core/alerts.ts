/** Alerts in the words that policy, gate and store share. */

export const ALERT_CAUSES = [
  'denials',
  'budgets',
  'approvals',
  'large-results',
  'masked-table',
  'canary',
  'unexplained',
  'definition',
] as const;
export type AlertCause = (typeof ALERT_CAUSES)[number];

/** One entry of the policy's `alerts:`. */
export interface AlertDuty {
  readonly name: string;
  readonly on: AlertCause;
  /** How often it has to happen to one principal within the window. */
  readonly after: number;
  /** Null: each time by itself. */
  readonly windowMs: number | null;
  /** Of `large-results`: what is large. */
  readonly rows: number | null;
  readonly bytes: number | null;
  /** Of `canary`: what nobody should read. */
  readonly values: readonly string[];
  /** The session ends before the client has the value. */
  readonly cut: boolean;
  /** How long the principal is kept out; null: not at all. */
  readonly quarantineMs: number | null;
}

/** An alert that was raised. */
export interface AlertEvent {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly alert: string;
  readonly on: AlertCause;
  readonly principal: string;
  readonly listener: string | null;
  readonly session: string | null;
  readonly message: string;
  /** Until when the principal is kept out; null: they are not. */
  readonly quarantinedUntil: number | null;
}

/** Looks through rows on their way to a client. */
export interface CanaryPort {
  /** Bytes of the server's, in order; what goes on in the next call is put together. False: none of them may be seen. */
  scan(bytes: Buffer, start: number, end: number): boolean;
}
