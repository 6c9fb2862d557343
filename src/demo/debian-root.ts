/**
 * Programs from Debian's packages without touching the system: packages of a release of choice are unpacked into a
 * folder, with all the libraries that they need and the loader, so that they run on any Linux with the same processor.
 * apt does the download, and checks the signatures, with state of its own.
 */
import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

export interface DebianRootOptions {
  /** The folder that is to hold usr/bin and so on. */
  readonly root: string;
  /** The release: bookworm, sid. */
  readonly suite: string;
  readonly packages: readonly string[];
  /** Without what they depend on: packages of data. */
  readonly alone?: boolean;
}

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const MIRROR = 'http://deb.debian.org/debian';
const SOURCE_FILES = ['/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list'];

/** Packages that only maintainer scripts need, which do not run here. */
const UNNEEDED =
  /^(perl|perl-base|perl-modules-.*|libperl.*|lib.*-perl|libgdbm.*|libdb5.*|dpkg|tar|debianutils|libselinux1|libacl1)$/;

const run = promisify(execFile);

/** Downloads and unpacks; throws with apt's own words when that does not work. Leaves no half-filled folder behind. */
export async function installDebianRoot(options: DebianRootOptions): Promise<void> {
  const { root, packages } = options;
  for (const program of ['/usr/bin/apt-get', '/usr/bin/dpkg-deb']) {
    if (!existsSync(program))
      throw new Error(`${packages.join(', ')} come from Debian: ${program} is missing`);
  }
  mkdirSync(dirname(root), { recursive: true });
  const scratch = mkdtempSync(`${root}-`);
  try {
    const archives = await download(scratch, options);
    const unpacked = join(scratch, 'root');
    mergeFolders(unpacked);
    for (const archive of archives) await unpack(archive, unpacked);
    renameSync(unpacked, root);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function download(
  scratch: string,
  { suite, packages, alone = false }: DebianRootOptions,
): Promise<string[]> {
  const failures: string[] = [];
  for (const mirror of new Set([systemMirror() ?? MIRROR, MIRROR])) {
    const apt = aptFor(scratch, `deb [signed-by=${KEYRING} arch=amd64] ${mirror} ${suite} main\n`);
    try {
      await apt('update');
      const wanted = alone ? packages : dependenciesIn(await apt('install', '--simulate', ...packages));
      await apt('download', ...wanted);
      return readdirSync(scratch)
        .filter((name) => name.endsWith('.deb'))
        .map((name) => join(scratch, name));
    } catch (error) {
      failures.push(`from ${mirror}: ${messageOf(error)}`);
    }
  }
  throw new Error(`${packages.join(', ')} of Debian ${suite} did not download\n${failures.join('\n')}`);
}

/** Runs apt-get with a state that knows of no installed package, so that every dependency is fetched, libc too. */
function aptFor(scratch: string, source: string): (...args: readonly string[]) => Promise<string> {
  const state = join(scratch, 'apt');
  mkdirSync(join(state, 'lists', 'partial'), { recursive: true });
  mkdirSync(join(state, 'archives', 'partial'), { recursive: true });
  writeFileSync(join(state, 'status'), '');
  writeFileSync(join(state, 'sources.list'), source);
  const settings = [
    `Dir::State=${state}`,
    `Dir::State::lists=${join(state, 'lists')}`,
    `Dir::State::status=${join(state, 'status')}`,
    `Dir::Cache=${state}`,
    `Dir::Etc::SourceList=${join(state, 'sources.list')}`,
    'Dir::Etc::SourceParts=/dev/null',
    'Dir::Etc::Preferences=/dev/null',
    'Dir::Etc::PreferencesParts=/dev/null',
    'APT::Architecture=amd64',
    'APT::Install-Recommends=false',
    'APT::Sandbox::User=root',
    'Debug::NoLocking=true',
    'Acquire::Languages=none',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false',
    'Acquire::IndexTargets::deb::CNF::DefaultEnabled=false',
    'Acquire::Retries=3',
    // Without an index there is nothing to install from; apt itself takes that for a mere warning.
    'APT::Update::Error-Mode=any',
  ];
  const options = settings.flatMap((setting) => ['-o', setting]);
  return async (...args) => {
    const { stdout } = await run('/usr/bin/apt-get', ['-q', ...options, ...args], {
      cwd: scratch,
      env: { ...process.env, LC_ALL: 'C' },
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  };
}

/** The packages that `apt-get --simulate` would install. */
function dependenciesIn(simulation: string): readonly string[] {
  const names = [...simulation.matchAll(/^Inst (\S+)/gm)].map(([, name = '']) => name);
  return names.filter((name) => !UNNEEDED.test(name));
}

/** The mirror that this system uses, which may be nearer than Debian's own. */
function systemMirror(): string | null {
  for (const file of SOURCE_FILES) {
    if (!existsSync(file)) continue;
    const [, mirror] =
      /^(?:URIs: *|deb (?:\[[^\]]*\] )?)(https?:\S+)/m.exec(readFileSync(file, 'utf8')) ?? [];
    if (mirror?.includes('security') === false) return mirror.replace(/\/$/, '');
  }
  return null;
}

/** So that ./lib of one package and ./usr/lib of another come to lie in one folder, as on a real system. */
function mergeFolders(root: string): void {
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(root, 'usr', name), { recursive: true });
    symlinkSync(join('usr', name), join(root, name));
  }
}

async function unpack(archive: string, root: string): Promise<void> {
  const script =
    'dpkg-deb --fsys-tarfile "$0" | tar -C "$1" -x --keep-directory-symlink --no-same-owner -f -';
  await run('/bin/sh', ['-c', script, archive, root]);
}

function messageOf(error: unknown): string {
  if (
    error instanceof Error &&
    'stderr' in error &&
    typeof error.stderr === 'string' &&
    error.stderr !== ''
  ) {
    return error.stderr.trim();
  }
  return error instanceof Error ? error.message : String(error);
}
