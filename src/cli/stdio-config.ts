/**
 * What of a configuration serves one MCP server at somebody's standard input: its databases, for nobody but that server;
 * a journal beside that of a running Sluice; the policy, the state store and everything else as it is.
 */
import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import type { LoadedConfig } from '../config/load.ts';
import { isProgram, type McpListenerConfig, mcpListener } from '../config/mcp-listener.ts';
import { type AnyListenerConfig, isSqlListener } from '../config/schema.ts';
import { suggestion } from '../core/nearest.ts';
import { lockJournal } from '../journal/lock.ts';
import { UsageError } from './command.ts';
import { KEY_FILE } from './own-journal.ts';

const OWN_NAME = 'stdio';
/** Of one configuration on one machine, at once. */
const JOURNALS_MAX = 256;

/** The MCP listener whose rules and settings are meant; one of Sluice's own where the configuration has none. */
export function listenerFor({ config }: LoadedConfig, named: string | undefined): McpListenerConfig {
  const known = config.listeners.filter((one) => one.protocol === 'mcp');
  const found = named === undefined ? known[0] : known.find(({ name }) => name === named);
  if (named === undefined && known.length > 1) {
    const names = known.map(({ name }) => name).join(', ');
    throw new UsageError(`expected --listener with one of ${names}`);
  }
  if (found !== undefined) return found;
  if (named !== undefined) {
    const names = known.map(({ name }) => name);
    throw new UsageError(`there is no listener "${named}" of protocol: mcp${suggestion(named, names)}`);
  }
  const taken = config.listeners.some(({ name }) => name === OWN_NAME);
  return mcpListener.parse({
    name: taken ? `${OWN_NAME}-mcp` : OWN_NAME,
    protocol: 'mcp',
    listen: '127.0.0.1:0',
    upstream: { command: ['true'] },
  });
}

/** The program to start: what the command line says, else what the listener does. */
export function commandFor(
  { name, upstream }: McpListenerConfig,
  given: readonly string[],
): readonly [string, ...string[]] {
  const own = isProgram(upstream) && name !== OWN_NAME ? upstream.command : [];
  const [file, ...args] = given.length > 0 ? given : own;
  if (file === undefined) {
    throw new UsageError('expected a program behind --: sluice stdio -- npx -y @bytebase/dbhub …');
  }
  return [file, ...args];
}

/** The configuration as one process of `sluice stdio` runs it, with the n-th of its journals. */
export function configFor(loaded: LoadedConfig, listener: McpListenerConfig, n: number): LoadedConfig {
  const { config, directory } = loaded;
  const { journal, admin: _admin, ...rest } = config;
  const main = resolve(directory, journal.dir);
  const others = config.listeners.filter(({ name }) => name !== listener.name);
  const own = {
    ...journal,
    dir: join(main, OWN_NAME, String(n)),
    key: resolve(directory, journal.key ?? join(main, KEY_FILE)),
    ...(journal.s3 === undefined ? {} : { s3: { ...journal.s3, prefix: prefixOf(journal.s3.prefix, n) } }),
  };
  return {
    ...loaded,
    config: { ...rest, journal: own, listeners: [...others.map(reachedFromHere), listener] },
  };
}

function prefixOf(prefix: string, n: number): string {
  return `${prefix}${OWN_NAME}/${hostname().replaceAll(/[^A-Za-z0-9._=-]/g, '-')}/${n}/`;
}

/** Nobody but the program that is started here can log in, and from this machine alone. */
function reachedFromHere(listener: AnyListenerConfig): AnyListenerConfig {
  if (!isSqlListener(listener)) return listener;
  const { tls: _tls, ...rest } = listener;
  return { ...rest, listen: { host: '127.0.0.1', port: 0 }, auth: ['session'] };
}

/** The first of the journals that no living process writes, from `from` on. */
export function freeJournal(loaded: LoadedConfig, from: number): number {
  const { config, directory } = loaded;
  for (let n = from; n <= JOURNALS_MAX; n++) {
    const place = join(resolve(directory, config.journal.dir), OWN_NAME, String(n));
    mkdirSync(place, { recursive: true });
    try {
      lockJournal(place)();
      return n;
    } catch (error) {
      if (!isWritten(error)) throw error;
    }
  }
  throw new UsageError(`${JOURNALS_MAX} MCP servers are served by this configuration already`);
}

export function isWritten(error: unknown): boolean {
  return error instanceof Error && error.message.includes('is being written by process');
}

const REFERENCES = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-[^}]*)?\}/g;
/** They change what the program itself is, or are for us. */
const OWN_VARIABLES = /^(?:SLUICE_|NODE_OPTIONS$|NODE_CHANNEL_|npm_)/;

/** Our environment as the program gets it: without what the configuration takes from it, which are secrets. */
export function environmentFor(
  environment: Readonly<Record<string, string | undefined>>,
  configText: string,
  listener: McpListenerConfig,
): Readonly<Record<string, string>> {
  const taken = new Set([...configText.matchAll(REFERENCES)].map(([, name]) => name));
  const passed = Object.entries(environment).flatMap(([name, value]) =>
    value === undefined || taken.has(name) || OWN_VARIABLES.test(name) ? [] : [[name, value] as const],
  );
  const own = isProgram(listener.upstream) ? listener.upstream.environment : {};
  return { ...Object.fromEntries(passed), ...own };
}

const USUAL_VARIABLES = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'TERM',
  // Where certificates are that this machine trusts: npx and its like fetch over TLS.
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
];

/** For programs behind a listener, which serve many people: what programs need anywhere, and what is configured. */
export function servedEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  own: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const usual = USUAL_VARIABLES.flatMap((name) => {
    const value = environment[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(usual), ...own };
}

/** A program as people are shown it: without arguments, which may hold secrets, but for the package that npx runs. */
export function shownCommand([file, ...args]: readonly [string, ...string[]]): string {
  const runs = /(?:^|[/\\])(?:npx|bunx|uvx|node|python3?|deno)$/.test(file);
  const named = runs ? args.find((argument) => !argument.startsWith('-')) : undefined;
  return named === undefined || named.includes('://') ? file : `${file} ${named}`;
}
