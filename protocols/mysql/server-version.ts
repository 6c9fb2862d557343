/**
 * The server's version as its greeting has it. Clients choose their SQL by it, and the MariaDB ones their protocol.
 *
 * Sluice greets before it has met the server. It says what the server said to an earlier connection (the catalog's
 * reader has one before the first client comes), or else the oldest version that it serves of that flavour, so that
 * a client does not count on what may be missing.
 */
export type Flavour = 'mysql' | 'mariadb';

/** MariaDB 10 puts `5.5.5-` in front, for replicas that take a leading 1 for MySQL 1. */
const FALLBACK: Readonly<Record<Flavour, string>> = {
  mysql: '8.4.0',
  mariadb: '5.5.5-10.11.2-MariaDB',
};
const REPLICATION_PREFIX = '5.5.5-';
const VERSION_CHARACTERS_MAX = 100;

export interface ServerVersion {
  readonly flavour: Flavour;
  readonly major: number;
  readonly minor: number;
  /** Without the prefix, as `SELECT version()` gives it. */
  readonly text: string;
}

/** Null where the greeting's text is no version of a server of this kind. */
export function readServerVersion(greeting: string): ServerVersion | null {
  const text = greeting.startsWith(REPLICATION_PREFIX) ? greeting.slice(REPLICATION_PREFIX.length) : greeting;
  const match = /^(\d{1,3})\.(\d{1,3})\.\d{1,5}/.exec(text);
  if (match === null || text.length > VERSION_CHARACTERS_MAX) return null;
  const flavour = text !== greeting || /mariadb/i.test(text) ? 'mariadb' : 'mysql';
  return { flavour, major: Number(match[1]), minor: Number(match[2]), text };
}

/** What to greet a client with, given what the server behind has been heard to say. */
export function greetingVersion(flavour: Flavour, known: string | null): string {
  if (known === null || !/^[\x20-\x7e]{1,100}$/.test(known)) return FALLBACK[flavour];
  const isTen = flavour === 'mariadb' && known.startsWith('10.');
  return isTen ? `${REPLICATION_PREFIX}${known}` : known;
}
