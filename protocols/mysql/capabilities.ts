/**
 * Capability flags: what Sluice offers to clients and asks of servers. A flag that it does not follow in full is
 * neither offered nor asked for, so that no packet can take a form that it cannot read.
 */

/** https://dev.mysql.com/doc/dev/mysql-server/latest/group__group__cs__capabilities__flags.html */
export const CAPABILITY = {
  /** MariaDB calls it CLIENT_MYSQL: a server that sets it has no extended flags, and a client that does sends none. */
  LONG_PASSWORD: 1,
  FOUND_ROWS: 1 << 1,
  LONG_FLAG: 1 << 2,
  CONNECT_WITH_DB: 1 << 3,
  NO_SCHEMA: 1 << 4,
  COMPRESS: 1 << 5,
  LOCAL_FILES: 1 << 7,
  IGNORE_SPACE: 1 << 8,
  PROTOCOL_41: 1 << 9,
  INTERACTIVE: 1 << 10,
  SSL: 1 << 11,
  TRANSACTIONS: 1 << 13,
  SECURE_CONNECTION: 1 << 15,
  MULTI_STATEMENTS: 1 << 16,
  MULTI_RESULTS: 1 << 17,
  PS_MULTI_RESULTS: 1 << 18,
  PLUGIN_AUTH: 1 << 19,
  CONNECT_ATTRS: 1 << 20,
  PLUGIN_AUTH_LENENC_CLIENT_DATA: 1 << 21,
  SESSION_TRACK: 1 << 23,
  DEPRECATE_EOF: 1 << 24,
  OPTIONAL_RESULTSET_METADATA: 1 << 25,
  ZSTD_COMPRESSION_ALGORITHM: 1 << 26,
  QUERY_ATTRIBUTES: 1 << 27,
  MULTI_FACTOR_AUTHENTICATION: 1 << 28,
} as const;

const C = CAPABILITY;

/** Without these a client or a server speaks an older protocol. */
export const DEMANDED = C.PROTOCOL_41 | C.SECURE_CONNECTION;

/**
 * What the client chooses and the server is told in turn: packets, or the reading of statements, depend on it, so
 * both legs have the same. NO_SCHEMA is not among them: under it the server drops the schema of `schema.table`,
 * and the reading with it.
 */
const MIRRORED =
  C.FOUND_ROWS |
  C.IGNORE_SPACE |
  C.INTERACTIVE |
  C.MULTI_STATEMENTS |
  C.MULTI_RESULTS |
  C.PS_MULTI_RESULTS |
  C.DEPRECATE_EOF;

/** What concerns one leg alone. */
const OFFERED =
  DEMANDED |
  C.LONG_PASSWORD |
  C.LONG_FLAG |
  C.CONNECT_WITH_DB |
  C.TRANSACTIONS |
  C.PLUGIN_AUTH |
  C.PLUGIN_AUTH_LENENC_CLIENT_DATA |
  C.CONNECT_ATTRS |
  C.SESSION_TRACK;

/**
 * What Sluice asks of every server whatever the client has. It has to hear of changed settings, so it always asks for
 * SESSION_TRACK: for a client without that flag, OK packets are written anew (`okPacket`).
 */
const ASKED =
  DEMANDED |
  C.LONG_PASSWORD |
  C.LONG_FLAG |
  C.TRANSACTIONS |
  C.PLUGIN_AUTH |
  C.PLUGIN_AUTH_LENENC_CLIENT_DATA |
  C.SESSION_TRACK;

export interface Offer {
  readonly tls: boolean;
  /** Several statements in one command: off unless the listener allows it. */
  readonly multiStatements: boolean;
}

/** The flags of the greeting. */
export function offered(offer: Offer): number {
  let flags = OFFERED | MIRRORED;
  if (!offer.multiStatements) flags &= ~C.MULTI_STATEMENTS;
  if (offer.tls) flags |= C.SSL;
  return flags;
}

/** The flags that a session has with a client that answered `client` to `offer`. */
export function agreedWithClient(client: number, offer: Offer): number {
  return client & offered(offer);
}

/**
 * The flags for a server that announces `server`, in front of which a client has agreed to `client`; null where the
 * server lacks what the client was promised.
 */
export function agreedWithServer(
  client: number,
  server: number,
  login: { readonly database: boolean; readonly tls: boolean },
): number | null {
  let flags = ASKED | (client & MIRRORED);
  if (login.database) flags |= C.CONNECT_WITH_DB;
  if (login.tls) flags |= C.SSL;
  // INTERACTIVE and IGNORE_SPACE are accepted by every server, and announced by few; the first flag is MariaDB's to clear.
  const missing = flags & ~server & ~(C.INTERACTIVE | C.IGNORE_SPACE | C.LONG_PASSWORD | C.FOUND_ROWS);
  return missing === 0 ? flags : null;
}

/** Status flags of OK and EOF packets. */
export const STATUS = {
  IN_TRANSACTION: 1,
  AUTOCOMMIT: 1 << 1,
  MORE_RESULTS: 1 << 3,
  CURSOR_EXISTS: 1 << 6,
  LAST_ROW_SENT: 1 << 7,
  NO_BACKSLASH_ESCAPES: 1 << 9,
  METADATA_CHANGED: 1 << 10,
  PS_OUT_PARAMS: 1 << 12,
  IN_TRANSACTION_READONLY: 1 << 13,
  SESSION_STATE_CHANGED: 1 << 14,
  ANSI_QUOTES: 1 << 15,
} as const;
