/** Reads sluice.yaml: shape, references, and what only shows when its parts are seen together. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { dirname, resolve } from 'node:path';
import { type Problem, ProblemsError } from '../core/problem.ts';
import { type LocatedDocument, readYaml } from '../core/yaml-document.ts';
import { type Config, configSchema } from './schema.ts';
import { expander } from './secrets.ts';

export interface LoadedConfig {
  readonly config: Config;
  readonly file: string;
  /** What paths in the file are relative to. */
  readonly directory: string;
}

/** Reads a file as text; throws ProblemsError when it cannot be. */
export function readTextFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const message = reason === 'ENOENT' ? 'there is no such file' : `the file cannot be read (${reason})`;
    throw new ProblemsError([{ file, line: 1, column: 1, key: '', message }]);
  }
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
  return { config: source.value, file, directory };
}

function crossChecks(source: LocatedDocument<Config>): readonly Problem[] {
  const problems: Problem[] = [];
  const { listeners, identity } = source.value;
  const names = new Set<string>();
  const addresses = new Set<string>();
  listeners.forEach((listener, n) => {
    const at = (key: string, message: string) => problems.push(source.problemAt(['listeners', n, key], message));
    if (names.has(listener.name)) at('name', `a second listener named "${listener.name}"`);
    names.add(listener.name);
    const address = `${listener.listen.host}:${listener.listen.port}`;
    if (listener.listen.port !== 0 && addresses.has(address)) at('listen', `a second listener on ${address}`);
    addresses.add(address);
    if (listener.auth.includes('trust') && !isLoopback(listener.listen.host)) {
      at('auth', `trust is for loopback addresses only, and ${listener.listen.host} is none`);
    }
    const { sslMode, sslRootCert } = listener.upstream;
    if (sslMode === 'verify-ca' && sslRootCert === null) at('upstream', 'sslmode=verify-ca takes sslrootcert=FILE');
    if (!listener.auth.includes('trust') && !identity.users.some((user) => user.password !== undefined)) {
      at('auth', 'nobody can log in: no user under identity.users has a password');
    }
  });
  const users = new Set<string>();
  identity.users.forEach((user, n) => {
    if (users.has(user.name)) problems.push(source.problemAt(['identity', 'users', n, 'name'], `a second user "${user.name}"`));
    users.add(user.name);
  });
  return problems;
}

export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}
