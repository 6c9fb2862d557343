/** The authenticated actor behind a session. */
export interface Principal {
  readonly name: string;
  readonly groups: readonly string[];
}

/** Everything about a session that a rule may ask for, apart from the statement. */
export interface SessionContext {
  readonly principal: Principal;
  readonly listener: string;
  /** The client's address as text, without port; null on a local socket. */
  readonly clientAddress: string | null;
}
