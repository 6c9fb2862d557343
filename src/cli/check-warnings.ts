/** What is allowed in a configuration or policy, and yet likely not meant. */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { isMap, isScalar, parseDocument } from 'yaml';
import { isLoopback, type LoadedConfig, readTextFile } from '../config/load.ts';
import { sslWords } from '../config/mysql-url.ts';
import { isSqlListener } from '../config/schema.ts';
import type { Problem } from '../core/problem.ts';
import { isVerifier } from '../identity/stored-password.ts';
import type { LocatedPolicy } from './policy-files.ts';

/** Files that a configuration names and that cannot be used: they would stop `sluice run`. */
export function fileProblems({ config, directory, source }: LoadedConfig): readonly Problem[] {
  const problems: Problem[] = [];
  config.listeners.forEach((listener, n) => {
    const { tls } = listener;
    const paths = Object.entries({ client_ca: undefined, ...tls });
    for (const key of ['cert', 'key', 'client_ca']) {
      const path = paths.find(([name]) => name === key)?.[1];
      const why = path === undefined ? null : whyUnreadable(resolve(directory, path));
      if (why !== null) problems.push(source.problemAt(['listeners', n, 'tls', key], why));
    }
    if (!isSqlListener(listener)) {
      const { upstream_tls: upstreamTls } = listener;
      const why = upstreamTls === undefined ? null : whyUnreadable(resolve(directory, upstreamTls.ca));
      if (why !== null) problems.push(source.problemAt(['listeners', n, 'upstream_tls', 'ca'], why));
      return;
    }
    const { upstream } = listener;
    const certificate = upstream.sslRootCert;
    const why = certificate === null ? null : whyUnreadable(resolve(directory, certificate));
    if (why !== null)
      problems.push(source.problemAt(['listeners', n, 'upstream'], `${sslWords(upstream).rootCert}: ${why}`));
  });
  const { url } = config.state;
  const stateCertificate = url.kind === 'postgres' ? url.server.sslRootCert : null;
  const whyNot = stateCertificate === null ? null : whyUnreadable(resolve(directory, stateCertificate));
  if (whyNot !== null) problems.push(source.problemAt(['state', 'url'], `sslrootcert: ${whyNot}`));
  const journal = resolve(directory, config.journal.dir);
  if (existsSync(journal) && !statSync(journal).isDirectory()) {
    problems.push(source.problemAt(['journal', 'dir'], `expected a directory, and ${journal} is a file`));
  } else if (existsSync(journal) && !isWritable(journal)) {
    problems.push(source.problemAt(['journal', 'dir'], `there is no permission to write in ${journal}`));
  }
  return problems;
}

function whyUnreadable(path: string): string | null {
  if (!existsSync(path)) return `there is no file ${path}`;
  if (statSync(path).isDirectory()) return `expected a file, and ${path} is a directory`;
  try {
    accessSync(path, constants.R_OK);
    return null;
  } catch {
    return `there is no permission to read ${path}`;
  }
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export function configWarnings({ config, file, source }: LoadedConfig): readonly Problem[] {
  const warnings: Problem[] = [];
  config.listeners.forEach((listener, n) => {
    const at = (key: string, message: string) =>
      warnings.push(source.problemAt(['listeners', n, key], message));
    if (listener.auth.includes('trust')) {
      at('auth', 'trust: everyone on this machine can be any user, without a password');
    }
    if (!isSqlListener(listener)) {
      if (!isLoopback(listener.listen.host) && listener.tls === undefined)
        at('listen', 'clients from other machines come without TLS; tls: { cert, key } gives it');
      if ('command' in listener.upstream) return;
      const { scheme, host } = listener.upstream;
      if (!isLoopback(host) && scheme === 'http')
        at('upstream', `requests go to ${host} in the clear; https:// is the safe one`);
      return;
    }
    if (!isLoopback(listener.listen.host) && listener.tls?.mode !== 'required') {
      at('listen', 'clients from other machines may come without TLS; tls: { …, mode: required } demands it');
    }
    const { host, sslMode } = listener.upstream;
    const { mode, safest } = sslWords(listener.upstream);
    if (!isLoopback(host) && (sslMode === 'disable' || sslMode === 'prefer')) {
      at('upstream', `${mode} lets rows go to ${host} in the clear; ${safest} is the safe one`);
    }
  });
  const written = writtenPasswords(file);
  config.identity.users.forEach((user, n) => {
    if (user.password === undefined || isVerifier(user.password) || !written.has(user.name)) return;
    warnings.push(
      source.problemAt(
        ['identity', 'users', n, 'password'],
        'the password itself stands in the file; "sluice password" makes a verifier to put in its place',
      ),
    );
  });
  return warnings;
}

/** Users whose password is written out, not referred to by `${NAME}` or `${file:…}`. */
function writtenPasswords(file: string): ReadonlySet<string> {
  const users = parseDocument(readTextFile(file)).getIn(['identity', 'users'], true);
  const found = new Set<string>();
  if (typeof users !== 'object' || users === null || !('items' in users) || !Array.isArray(users.items))
    return found;
  for (const user of users.items) {
    if (!isMap(user)) continue;
    const [name, password] = [user.get('name', true), user.get('password', true)];
    if (!isScalar(name) || !isScalar(password) || String(password.value).includes('${')) continue;
    found.add(String(name.value));
  }
  return found;
}

export function policyWarnings({ policy, source }: LocatedPolicy): readonly Problem[] {
  const { document } = policy;
  const warnings: Problem[] = [];
  if (document.mode === 'observe') {
    warnings.push(source.problemAt(['mode'], 'observe: nothing is denied, only recorded'));
  }
  if (document.default === 'allow' && document.rules.length + document.masks.length === 0) {
    warnings.push(source.problemAt(['default'], 'allow, without any rule: only the baseline holds'));
  }
  if (document.default === 'deny' && !document.rules.some((rule) => rule.then === 'allow')) {
    warnings.push(source.problemAt(['default'], 'deny, without any rule that allows: nothing passes'));
  }
  for (const name of Object.keys(document.baseline)) {
    warnings.push(source.problemAt(['baseline', name], 'this baseline rule is turned off, for everyone'));
  }
  if (document.default === 'allow') {
    document.rules.forEach((rule, n) => {
      if (rule.then !== 'allow') return;
      const why = 'allows what passes anyway, since the default is allow; a deny rule is not undone by it';
      warnings.push(source.problemAt(['rules', n, 'then'], why));
    });
  }
  return warnings;
}
