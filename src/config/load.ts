/** Reads sluice.yaml: shape, references, and what only shows when its parts are seen together. */
import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { dirname, resolve } from 'node:path';
import { type Problem, ProblemsError } from '../core/problem.ts';
import { type LocatedDocument, readYaml } from '../core/yaml-document.ts';
import { isProgram, type McpListenerConfig } from './mcp-listener.ts';
import { sslWords } from './mysql-url.ts';
import {
  type AnyListenerConfig,
  type Config,
  configSchema,
  isSqlListener,
  type ListenerConfig,
} from './schema.ts';
import { expander } from './secrets.ts';
import { tokenProblems } from './token-problems.ts';

export interface LoadedConfig {
  readonly config: Config;
  readonly file: string;
  /** What paths in the file are relative to. */
  readonly directory: string;
  /** Where in the file its values stand. */
  readonly source: LocatedDocument<Config>;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file: a part of its path is no directory',
  EISDIR: 'expected a file, and this is a directory',
  EACCES: 'there is no permission to read it',
};

/** Reads a file as text; throws ProblemsError when it cannot be, or is none. */
export function readTextFile(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw unreadable(file, REASONS[code] ?? `the file cannot be read (${code})`);
  }
  if (!isUtf8(bytes) || bytes.includes(0))
    throw unreadable(file, 'expected text in UTF-8, and this is a binary file');
  return bytes.toString('utf8').replace(/^\ufeff/, '');
}

function unreadable(file: string, message: string): ProblemsError {
  return new ProblemsError([{ file, line: 1, column: 1, key: '', message }]);
}

/** Throws ProblemsError naming every problem with line and column. */
export function loadConfig(
  file: string,
  environment: Readonly<Record<string, string | undefined>>,
): LoadedConfig {
  const directory = dirname(resolve(file));
  const source = readYaml(file, readTextFile(file), configSchema, expander(environment, directory));
  const problems = crossChecks(source);
  if (problems.length > 0) throw new ProblemsError(problems);
  return { config: source.value, file, directory, source };
}

function crossChecks(source: LocatedDocument<Config>): readonly Problem[] {
  const problems: Problem[] = [];
  const { listeners, identity } = source.value;
  const names = new Set<string>();
  const addresses = new Set<string>();
  listeners.forEach((listener, n) => {
    const at = (key: string, message: string) =>
      problems.push(source.problemAt(['listeners', n, key], message));
    if (names.has(listener.name)) at('name', `a second listener named "${listener.name}"`);
    names.add(listener.name);
    const address = `${listener.listen.host}:${listener.listen.port}`;
    if (listener.listen.port !== 0 && addresses.has(address)) at('listen', `a second listener on ${address}`);
    addresses.add(address);
    if (listener.auth.includes('trust') && !isLoopback(listener.listen.host)) {
      at('auth', `trust is for loopback addresses only, and ${listener.listen.host} is none`);
    }
    if (isSqlListener(listener)) upstreamProblems(listener, at);
    if (!isSqlListener(listener))
      for (const [key, problem] of tokenProblems(listener, isLoopback(listener.listen.host)))
        at(key, problem);
    if (listener.protocol === 'mcp') {
      for (const problem of mcpProblems(listener)) at('url', problem);
      for (const problem of sqlProblems(listener, listeners)) at('sql', problem);
      for (const problem of programProblems(listener, listeners)) at('upstream', problem);
    }
    for (const problem of authProblems(listener, identity)) at('auth', problem);
    for (const problem of certificateProblems(listener)) at('auth', problem);
  });
  problems.push(...adminProblems(source));
  const users = new Set<string>();
  identity.users.forEach((user, n) => {
    if (users.has(user.name))
      problems.push(source.problemAt(['identity', 'users', n, 'name'], `a second user "${user.name}"`));
    users.add(user.name);
  });
  return problems;
}

function* certificateProblems(listener: AnyListenerConfig) {
  const takes = listener.auth.includes('certificate');
  if (!isSqlListener(listener)) {
    if (takes) yield 'certificate is for protocol: postgres and mysql';
    return;
  }
  const asks = listener.tls?.client_ca !== undefined;
  if (takes && !asks) yield 'certificate takes tls.client_ca: whose certificates are taken';
  if (asks && !takes)
    yield 'tls.client_ca asks clients for certificates, which nobody looks at: expected certificate here';
}

/** Elsewhere than on the loopback it cannot be known under which names clients come. */
function* mcpProblems({ listen, url, hosts }: McpListenerConfig) {
  if (!isLoopback(listen.host) && url === undefined && hosts.length === 0)
    yield 'expected the URL under which clients reach it, or hosts: another Host is refused';
}

/** A program logs in by what is made for its session. */
function* programProblems({ upstream }: McpListenerConfig, listeners: readonly AnyListenerConfig[]) {
  if (!isProgram(upstream) || upstream.dsn === undefined) return;
  const { listener } = upstream.dsn;
  const named = listeners.find(({ name }) => name === listener);
  if (named === undefined) yield `no listener is named "${listener}"`;
  else if (!isSqlListener(named)) yield `"${listener}" is in front of no database`;
  else if (!named.auth.includes('session'))
    yield `"${listener}" takes no session credentials: add session to its auth`;
}

function* sqlProblems({ sql }: McpListenerConfig, listeners: readonly AnyListenerConfig[]) {
  if (sql === undefined) return;
  const named = listeners.find(({ name }) => name === sql.listener);
  if (named === undefined) yield `no listener is named "${sql.listener}"`;
  else if (!isSqlListener(named))
    yield `"${sql.listener}" takes no SQL: expected a listener of Postgres or MySQL`;
}

function* authProblems({ auth, protocol }: AnyListenerConfig, { users, oidc }: Config['identity']) {
  const tokens = auth.find((method) => method === 'oidc' || method === 'oauthbearer');
  if (tokens !== undefined && oidc === undefined) yield `${tokens} takes an issuer under identity.oidc`;
  if (tokens !== undefined && auth.includes('trust'))
    yield `trust lets in everybody whom ${tokens} would ask`;
  if (auth.includes('oidc') && auth.includes('oauthbearer'))
    yield 'a client cannot be asked both ways: expected oidc or oauthbearer, and a listener for each if need be';
  if (auth.includes('oauthbearer') && protocol !== 'postgres')
    yield 'oauthbearer is for protocol: postgres; oidc takes tokens as the password';
  if (auth.every((method) => method === 'password') && !users.some((user) => user.password !== undefined))
    yield 'nobody can log in: no user under identity.users has a password';
}

function upstreamProblems(listener: ListenerConfig, at: (key: string, message: string) => void): void {
  const { protocol, upstream, catalog } = listener;
  const schemes = protocol === 'postgres' ? 'postgres://' : 'mysql:// or mariadb://';
  for (const [key, url] of [
    ['upstream', upstream],
    ['catalog', catalog.upstream ?? upstream],
  ] as const) {
    if (key === 'catalog' && catalog.upstream === undefined) continue;
    if (url.protocol !== protocol) at(key, `protocol: ${protocol} takes an upstream with ${schemes}`);
    const { mode, rootCert } = sslWords(url);
    if (url.sslMode === 'verify-ca' && url.sslRootCert === null) at(key, `${mode} takes ${rootCert}=FILE`);
  }
  if (protocol === 'postgres' && listener.multi_statements !== undefined) {
    at(
      'multi_statements',
      'is for protocol: mysql; Postgres takes several statements in its simple protocol',
    );
  }
}

function adminProblems(source: LocatedDocument<Config>): readonly Problem[] {
  const { admin } = source.value;
  if (admin === undefined) return [];
  const problems: Problem[] = [];
  const at = (key: string, message: string) => problems.push(source.problemAt(['admin', key], message));
  const { host } = admin.listen;
  if (!isLoopback(host) && admin.tls === undefined && admin.url?.startsWith('https:') !== true) {
    at(
      'listen',
      `passwords pass here, and ${host} is no loopback address: expected tls, or url: https://… of a server with TLS in front`,
    );
  }
  if (Object.values(admin.roles).every((groups) => groups.length === 0)) {
    at(
      'roles',
      'nobody can log in: expected groups, such as { viewer: [dev], approver: [dba], admin: [ops] }',
    );
  }
  return problems;
}

export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}
