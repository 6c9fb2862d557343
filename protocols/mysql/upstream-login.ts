/** What Sluice logs in to the server for, and what it has by then. */
import type { ServerVersion } from './server-version.ts';
import type { ResultsCharset, SessionChanges } from './session-track.ts';

export interface UpstreamLogin {
  /** Agreed with the client. */
  readonly capabilities: number;
  /** The session's collation, one of utf8mb4. */
  readonly collation: number;
  /** The schema to begin in; null for none. */
  readonly database: string | null;
  readonly isPatient: boolean;
}

export interface UpstreamReady {
  /** The server's id of the connection: what KILL QUERY takes. */
  readonly connectionId: number;
  /** As the greeting has it. */
  readonly serverVersion: string;
  readonly version: ServerVersion;
  /** Agreed with the server; SESSION_TRACK is among them whatever the client has. */
  readonly capabilities: number;
  readonly status: number;
  readonly results: ResultsCharset;
  /** Schema and tracked settings as they stand, `sql_mode` among them. */
  readonly session: SessionChanges;
}
