/**
 * Sessions are utf8mb4, on both legs: one reading of a statement's bytes for Sluice and the server. What a client says
 * of its character set in the handshake:
 *
 * - utf8mb4: its own collation is kept where the server knows it, since literals compare by it;
 * - utf8mb3 and ASCII: taken, as utf8mb4, of which they are a part;
 * - 8, latin1_swedish_ci: taken, as utf8mb4. It is what clients send that were told nothing (libmysqlclient up to 5.7,
 *   libmariadb, sysbench with either), seldom what anybody chose, and the servers have the same answer to it in
 *   `skip-character-set-client-handshake`. A client that does send latin1 has its statements refused at the first byte
 *   that is no UTF-8, not misread;
 * - 63, binary: taken likewise: the bytes are the client's own affair;
 * - everything else is a choice that cannot be kept (GBK and SJIS hide quotes in their characters), and is refused.
 */

/** utf8mb4_general_ci: every server and every client knows it. */
export const UTF8MB4_GENERAL_CI = 45;
/** utf8mb4_0900_ai_ci, and from here to utf8mb4_0900_bin, only MySQL knows. */
const MYSQL_ONLY_FROM = 255;

const LATIN1_SWEDISH_CI = 8;
const BINARY = 63;
const ASCII: ReadonlySet<number> = new Set([11, 65]);
/** utf8_general_ci, utf8_tolower_ci, utf8_bin; 192 to 215 and 223 are the languages'. */
const UTF8MB3: ReadonlySet<number> = new Set([33, 76, 83, 223]);

function isUtf8mb3(id: number): boolean {
  return UTF8MB3.has(id) || (id >= 192 && id <= 215) || (id >= 576 && id <= 607);
}

function isUtf8mb4(id: number): boolean {
  // 608 to 639, 2304 and up: the utf8mb4 collations that MariaDB added.
  return (
    id === UTF8MB4_GENERAL_CI ||
    id === 46 ||
    (id >= 224 && id <= 247) ||
    (id >= 255 && id <= 323) ||
    (id >= 608 && id <= 639) ||
    (id >= 2304 && id <= 2559)
  );
}

/** The collation that the session gets for a client that named `id`; null where the client is to be refused. */
export function sessionCollation(id: number): number | null {
  if (isUtf8mb4(id)) return id;
  const taken = isUtf8mb3(id) || ASCII.has(id) || id === LATIN1_SWEDISH_CI || id === BINARY || id === 0;
  return taken ? UTF8MB4_GENERAL_CI : null;
}

/** The same, as the handshake's one byte can tell it to a server. */
export function collationForServer(id: number, flavour: 'mysql' | 'mariadb'): number {
  if (id > 255) return UTF8MB4_GENERAL_CI;
  return flavour === 'mariadb' && id >= MYSQL_ONLY_FROM ? UTF8MB4_GENERAL_CI : id;
}
