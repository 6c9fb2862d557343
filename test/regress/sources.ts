/**
 * PostgreSQL's own sources from Debian's source packages, fetched when the suite runs: an apt of its own, whose
 * lists, status and cache lie in a temporary folder, so that the machine's stay as they are.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SUITES = ['bookworm', 'trixie', 'sid'];
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Fetches the sources of every version that Debian has and unpacks their SQL under `folder`; gives its files. */
export function fetchRegressionFiles(folder: string): readonly string[] {
  const environment = { ...process.env, APT_CONFIG: privateApt(folder) };
  const apt = (...args: readonly string[]) =>
    execFileSync('apt-get', ['-qq', ...args], { cwd: folder, env: environment, encoding: 'utf8' });
  apt('update');
  for (const name of ['postgresql-15', 'postgresql-17', 'postgresql-18']) {
    apt('source', '--download-only', name);
  }
  const archives = readdirSync(folder).filter((name) => name.includes('.orig.tar'));
  if (archives.length === 0) throw new Error('apt has fetched no sources of PostgreSQL');
  for (const archive of archives) {
    execFileSync('tar', ['-xf', archive, '--wildcards', '*.sql'], { cwd: folder });
  }
  return sqlFilesIn(folder);
}

export function sqlFilesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.sql'))
    .map((name) => join(folder, name))
    .sort();
}

function privateApt(folder: string): string {
  const root = join(folder, 'apt');
  for (const part of ['state/lists/partial', 'cache/archives/partial']) {
    mkdirSync(join(root, part), { recursive: true });
  }
  writeFileSync(join(root, 'status'), '');
  const lines = SUITES.map((suite) => `deb-src [signed-by=${KEYRING}] ${mirror()} ${suite} main`);
  writeFileSync(join(root, 'sources.list'), `${lines.join('\n')}\n`);
  const configuration = join(root, 'apt.conf');
  writeFileSync(
    configuration,
    `Dir::State "${root}/state"; Dir::State::status "${root}/status"; Dir::Cache "${root}/cache";
Dir::Etc::SourceList "${root}/sources.list"; Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null"; Dir::Etc::PreferencesParts "/dev/null";
Acquire::Languages "none"; APT::Sandbox::User "root"; Debug::NoLocking "1";
`,
  );
  return configuration;
}

/** The mirror that the machine itself uses. */
function mirror(): string {
  try {
    const sources = readFileSync('/etc/apt/sources.list.d/debian.sources', 'utf8');
    return /^URIs:\s*(\S+)/m.exec(sources)?.[1] ?? 'http://deb.debian.org/debian';
  } catch {
    return 'http://deb.debian.org/debian';
  }
}
