/**
 * Connection strings of a program that Sluice starts, in its arguments and its environment: those that lead to a database
 * behind one of Sluice's listeners lead to the listener instead, with a login that was made for this session.
 */
import { suggestion } from '../core/nearest.ts';
import {
  type DatabaseLogin,
  type DatabaseTarget,
  DEFAULT_PORTS,
  dsnOf,
  type ListenedDatabase,
  partOf,
} from './program-database.ts';
import { type DsnRewriting, rewriteVariables, variablesFor } from './program-variables.ts';

export interface ProgramText {
  readonly command: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string>>;
}

export interface RewrittenProgram extends ProgramText {
  /** Listeners that it now leads to. */
  readonly listeners: readonly string[];
  /** Places whose connection string leads somewhere else, for a warning: `argument 2`, `DATABASE_URL`. */
  readonly past: readonly string[];
}

/** The program would get to a database that a listener stands in front of, but past it. */
export class DsnError extends Error {
  override readonly name = 'DsnError';
}

const PLACEHOLDER = /\$\{sluice:([A-Za-z0-9][A-Za-z0-9_-]*)(?:\.(url|host|port|user|password|database))?\}/g;
const URLS = /\b(postgres(?:ql)?|mysql|mariadb)(?:\+[a-z0-9]+)?:\/\/[^\s"'`,;<>]+/gi;
/** Parameters about TLS and logins: towards the listener, which is on this machine, they would be wrong. */
const LOGIN_PARAMETERS =
  /^(?:ssl|tls|gss|require_auth|channel_binding|user$|password$|host$|port$|hostaddr|dbname)/i;
const PARTS = ['host', 'port', 'user', 'password', 'database'] as const;
const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '::1', '[::1]']);

/** `loginOf`: asked once for each listener that is led to. `dsn`: the listener that the program is told of in any case. */
export function rewriteProgram(
  program: ProgramText,
  databases: readonly ListenedDatabase[],
  dsn: string | null,
  loginOf: (listener: string) => DatabaseLogin,
): RewrittenProgram {
  const rewriting = new Rewriting(databases, loginOf);
  const [file, ...args] = program.command;
  const told = dsn === null ? {} : variablesFor(rewriting.target(dsn));
  const command: readonly [string, ...string[]] = [
    file,
    ...args.map((argument, n) => rewriting.text(argument, `argument ${n + 1}`)),
  ];
  const found = rewriteVariables(program.environment, rewriting);
  return { command, environment: { ...found, ...told }, ...rewriting.outcome };
}

class Rewriting implements DsnRewriting {
  readonly #databases: readonly ListenedDatabase[];
  readonly #loginOf: (listener: string) => DatabaseLogin;
  readonly #logins = new Map<string, DatabaseLogin>();
  readonly #past: string[] = [];

  constructor(databases: readonly ListenedDatabase[], loginOf: (listener: string) => DatabaseLogin) {
    this.#databases = databases;
    this.#loginOf = loginOf;
  }

  get outcome(): Pick<RewrittenProgram, 'listeners' | 'past'> {
    return { listeners: [...this.#logins.keys()], past: this.#past };
  }

  /** Throws DsnError where there is no such listener. */
  target(listener: string): DatabaseTarget {
    const database = this.#databases.find((one) => one.listener === listener);
    if (database === undefined) {
      const names = this.#databases.map((one) => one.listener);
      throw new DsnError(
        `there is no listener "${listener}" in front of a database${suggestion(listener, names)}`,
      );
    }
    let login = this.#logins.get(listener);
    if (login === undefined) {
      login = this.#loginOf(listener);
      this.#logins.set(listener, login);
    }
    return { ...database, ...login };
  }

  /** With every placeholder and connection string in it rewritten. */
  text(text: string, place: string): string {
    return text
      .replace(PLACEHOLDER, (_whole, listener: string, part: string | undefined) =>
        partOf(this.target(listener), PARTS.find((one) => one === part) ?? 'url'),
      )
      .replace(URLS, (written) => this.#url(written, place));
  }

  #url(written: string, place: string): string {
    const url = URL.parse(written);
    if (url === null) return written;
    const protocol = url.protocol.startsWith('postgres') ? 'postgres' : 'mysql';
    // Servers take the host from a parameter as well, where a socket is meant.
    const host = url.hostname === '' ? (url.searchParams.get('host') ?? '') : url.hostname;
    const port = url.port === '' ? DEFAULT_PORTS[protocol] : Number(url.port);
    const path = decodeURIComponent(url.pathname.slice(1));
    const database = path === '' && protocol === 'postgres' ? decodeURIComponent(url.username) : path;
    const target = this.targetOf({ protocol, host, port, database }, place);
    if (target === null) return written;
    const parameters = [...url.searchParams].filter(([name]) => !LOGIN_PARAMETERS.test(name));
    return dsnOf(target, written.slice(0, written.indexOf(':')), new URLSearchParams(parameters).toString());
  }

  /** The listener in front of what is named so; null: there is none, and it is noted that it leads past Sluice. */
  targetOf(
    named: Pick<ListenedDatabase, 'protocol' | 'host' | 'port' | 'database'>,
    place: string,
  ): DatabaseTarget | null {
    const there = this.#databases.filter((one) => isThere(one, named));
    const found = there.find(({ database }) => named.database === database || named.database === '');
    if (found !== undefined) return this.target(found.listener);
    const own = this.#databases.find((one) => isOwn(one, named));
    if (own !== undefined) return this.target(own.listener);
    if (there.length > 0) {
      const known = there.map(({ listener, database }) => `"${listener}" (${database})`).join(', ');
      throw new DsnError(
        `${place} leads to the database "${named.database}" of a server that Sluice stands in front of, past its listeners ${known}; give that database a listener, or take the string out`,
      );
    }
    this.#past.push(place);
    return null;
  }
}

function isThere(
  one: ListenedDatabase,
  named: Pick<ListenedDatabase, 'protocol' | 'host' | 'port'>,
): boolean {
  return one.protocol === named.protocol && one.port === named.port && sameHost(one.host, named.host);
}

/** The listener itself, whatever database is named: a program that was told of it before. */
function isOwn(
  { protocol, at }: ListenedDatabase,
  named: Pick<ListenedDatabase, 'protocol' | 'host' | 'port'>,
): boolean {
  return protocol === named.protocol && at.port === named.port && sameHost(at.host, named.host);
}

function sameHost(left: string, right: string): boolean {
  const [a, b] = [left.toLowerCase(), right.toLowerCase()];
  return a === b || (LOOPBACK.has(a) && LOOPBACK.has(b));
}
