/** The policy file in use: read, checked against the world, watched, and put in place of the old one when it is good. */
import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { readTextFile } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { type Problem, ProblemsError } from '../core/problem.ts';
import type { LocatedDocument } from '../core/yaml-document.ts';
import type { KeyRing } from '../masking/index.ts';
import { checkPolicy, type World, type WorldRelation } from '../policy/check.ts';
import { loadPolicy, type Policy } from '../policy/policy.ts';
import type { PolicyDocument } from '../policy/schema.ts';
import { type AnyCatalog, type KnownCatalog, knownIn } from './known-catalog.ts';
import { ringsOf } from './mask-keys.ts';
import { maskProblems } from './mask-problems.ts';

/** How long a file has to be left alone before it is read: editors write in several steps. */
const QUIET_MS = 100;

/** What exists, with what masks need. */
export interface KnownWorld extends World {
  /** Null: the configuration is not known. */
  readonly rings: ReadonlyMap<string, KeyRing> | null;
  readonly catalogs: readonly (KnownCatalog | null)[];
}

/** Everything that is wrong with a policy that can be parsed. */
export function policyProblems(
  source: LocatedDocument<PolicyDocument>,
  world: KnownWorld,
): readonly Problem[] {
  return [...checkPolicy(source, world), ...maskProblems(source, world.rings, world.catalogs)];
}

/** Names that exist, as far as the configuration and the catalogs say; a catalog that is null is not known. */
export function worldOf(config: Config | null, catalogs: readonly (AnyCatalog | null)[]): KnownWorld {
  const read = catalogs.map((catalog) => (catalog === null ? null : knownIn(catalog)));
  const known = read.filter((catalog) => catalog !== null);
  const complete = known.length > 0 && known.length === catalogs.length;
  return {
    users:
      config === null || acceptsAnyone(config)
        ? null
        : new Set(config.identity.users.map((user) => user.name)),
    groups:
      config === null || config.identity.oidc !== undefined
        ? null
        : new Set(config.identity.users.flatMap((user) => user.groups)),
    listeners: config === null ? null : new Set(config.listeners.map((listener) => listener.name)),
    relations: complete ? known.flatMap(relationsOf) : null,
    functions: complete ? known.flatMap(({ functions }) => functions) : null,
    rings: config === null ? null : ringsOf(config),
    catalogs: read,
  };
}

/** With `trust`, any name can be a user's. */
/** Also whom an issuer knows: its users are not ours to list. */
function acceptsAnyone(config: Config): boolean {
  if (config.identity.oidc !== undefined) return true;
  return config.listeners.some((listener) => listener.auth.includes('trust'));
}

function relationsOf({ relations, builtinRelations }: KnownCatalog): readonly WorldRelation[] {
  const own = relations.map(({ schema, name, columns }) => ({
    schema,
    name,
    columns: columns.map((column) => column.name),
  }));
  return [...own, ...builtinRelations];
}

/** Reads and checks a policy file; throws ProblemsError with everything that is wrong. */
export function readPolicy(file: string, world: KnownWorld): Policy {
  return readLocatedPolicy(file, world).policy;
}

export interface LocatedPolicy {
  readonly policy: Policy;
  /** Where in the file its rules stand. */
  readonly source: LocatedDocument<PolicyDocument>;
}

/** The same, with the places in the file. */
export function readLocatedPolicy(file: string, world: KnownWorld): LocatedPolicy {
  const located = loadPolicy(file, readTextFile(file));
  const problems = policyProblems(located.source, world);
  if (problems.length > 0) throw new ProblemsError(problems);
  return located;
}

export interface PolicyWatch {
  /** Reads the file now. */
  read(): void;
  close(): void;
}

/**
 * Watches a policy file. A changed file that is good is handed over; one that is not is reported and left: the
 * policy in force stays. The directory is watched, since editors and Kubernetes replace files rather than write them.
 */
export function watchPolicy(
  file: string,
  world: () => KnownWorld,
  take: (policy: Policy) => void,
  report: (problems: readonly Problem[]) => void,
): PolicyWatch {
  const path = resolve(file);
  let timer: NodeJS.Timeout | null = null;
  const read = () => {
    timer = null;
    try {
      take(readPolicy(file, world()));
    } catch (error) {
      // Whatever a file does to its reader, the sessions that are open go on under the policy in force.
      report(error instanceof ProblemsError ? error.problems : [unforeseen(file, error)]);
    }
  };
  const watcher: FSWatcher = watch(dirname(path), (_event, name) => {
    // Kubernetes swaps a symbolic link beside the file (`..data`), so any change there may be ours.
    if (name !== null && name !== basename(path) && !name.startsWith('..')) return;
    if (timer !== null) clearTimeout(timer);
    timer = setTimeout(read, QUIET_MS);
  });
  // Such as when the directory goes away: SIGHUP still works.
  watcher.on('error', (error) => report([unforeseen(file, error)]));
  return {
    read,
    close() {
      watcher.close();
      if (timer !== null) clearTimeout(timer);
    },
  };
}

function unforeseen(file: string, error: unknown): Problem {
  const message = error instanceof Error ? error.message : String(error);
  return { file, line: 1, column: 1, key: '', message: `cannot be used: ${message}` };
}
