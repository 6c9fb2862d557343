/**
 * Holds a policy against the world it is for: a rule that can never match is an error, because its author
 * believes that it protects something. Names are checked as far as they are known: users, groups and listeners
 * from the configuration, tables, columns and functions from the catalogs.
 */
import { suggestion } from '../core/nearest.ts';
import type { Problem } from '../core/problem.ts';
import type { LocatedDocument } from '../core/yaml-document.ts';
import { approversOf } from './approve-schema.ts';
import { idleAccounts } from './check-accounts.ts';
import { Mask } from './mask.ts';
import { compilePattern, matchesColumn, matchesFunction, matchesRelation } from './pattern.ts';
import { subjectsOf } from './request-rules.ts';
import type { PolicyDocument, WhenDocument } from './schema.ts';

/** The names that exist; null where they are not known, so that nothing is checked against them. */
export interface World {
  readonly users: ReadonlySet<string> | null;
  readonly groups: ReadonlySet<string> | null;
  readonly listeners: ReadonlySet<string> | null;
  readonly relations: readonly WorldRelation[] | null;
  readonly functions: readonly { readonly schema: string; readonly name: string }[] | null;
}

export interface WorldRelation {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly string[];
}

export function checkPolicy(source: LocatedDocument<PolicyDocument>, world: World): readonly Problem[] {
  const problems: Problem[] = [];
  const seen = new Set<string>();
  source.value.rules.forEach((rule, n) => {
    const path = ['rules', n];
    if (seen.has(rule.name))
      problems.push(source.problemAt([...path, 'name'], `a second rule named "${rule.name}"`));
    seen.add(rule.name);
    for (const { key, at, message } of problemsOf(rule.when, world)) {
      problems.push(source.problemAt([...path, 'when', key, ...at], message));
    }
    const approvers = approversOf(rule.then);
    for (const { at, message } of unknownNames('groups', approvers?.groups, world.groups, 'group', GROUPS)) {
      problems.push(source.problemAt([...path, ...(approvers?.at ?? []), ...at], message));
    }
    const never = contradiction(rule.when);
    if (never !== null) problems.push(source.problemAt([...path, 'when'], `can never match: ${never}`));
  });
  problems.push(...problemsOfMasks(source, world));
  source.value.alerts.forEach((alert, n) => {
    for (const { key, at, message } of problemsOf(alert.when, world))
      problems.push(source.problemAt(['alerts', n, 'when', key, ...at], message));
  });
  for (const { path, message } of idleAccounts(source)) problems.push(source.problemAt(path, message));
  return problems;
}

function problemsOfMasks(source: LocatedDocument<PolicyDocument>, world: World): readonly Problem[] {
  const problems: Problem[] = [];
  const masks = source.value.masks.map((document) => ({ document, mask: new Mask(document) }));
  masks.forEach(({ document, mask }, n) => {
    for (const { at, message } of unmatchedColumns(document.columns, world.relations)) {
      problems.push(source.problemAt(['masks', n, 'columns', ...at], message));
    }
    for (const { key, at, message } of problemsOf(document.unless ?? {}, world)) {
      problems.push(source.problemAt(['masks', n, 'unless', key, ...at], message));
    }
    masks.slice(0, n).forEach((earlier, m) => {
      const message = conflict(earlier, { document, mask }, `masks[${m}]`, world);
      if (message !== null)
        problems.push(source.problemAt(['masks', n, ...(mask.isOfColumns ? ['columns'] : [])], message));
    });
  });
  return problems;
}

interface DocumentedMask {
  readonly document: PolicyDocument['masks'][number];
  readonly mask: Mask;
}

/** How what two masks say of one column differs; null where it does not, and only one of them is needed. */
function conflict(
  earlier: DocumentedMask,
  later: DocumentedMask,
  name: string,
  { relations }: World,
): string | null {
  const differing = (['with', 'unless', 'nulls', 'inference'] as const).filter(
    (key) => JSON.stringify(earlier.document[key]) !== JSON.stringify(later.document[key]),
  );
  if (differing.length === 0) return null;
  const shared = sharedColumn(earlier, later, relations);
  if (shared !== null) {
    return `${name} masks ${shared} already, and differs in ${differing.join(', ')}: expected one mask for each column`;
  }
  // For others than those whom the first leaves out, the second may be meant.
  if (differing.includes('unless')) return null;
  const path = later.mask.paths.find((one) => earlier.mask.paths.includes(one));
  if (path !== undefined) return `${name} masks ${path} already, and masks it in another way`;
  const { detectors, patterns } = later.mask;
  const twice =
    detectors.find((detector) => earlier.mask.detectors.includes(detector)) ??
    patterns.find((pattern) => earlier.mask.patterns.includes(pattern));
  return twice === undefined ? null : `${name} looks for ${twice} already, and masks it in another way`;
}

/** A column that both masks cover; without a catalog only one that both write in the same way. */
function sharedColumn(
  { document: left, mask: leftMask }: DocumentedMask,
  { document: right, mask: rightMask }: DocumentedMask,
  relations: World['relations'],
): string | null {
  if (relations === null) return right.columns?.find((written) => left.columns?.includes(written)) ?? null;
  for (const { schema, name, columns } of relations) {
    for (const column of columns) {
      if (leftMask.covers(schema, name, column) && rightMask.covers(schema, name, column))
        return `${schema}.${name}.${column}`;
    }
  }
  return null;
}

const GROUPS = 'the groups of any user in sluice.yaml';

interface Found {
  readonly key: keyof WhenDocument;
  readonly at: readonly number[];
  readonly message: string;
}

function problemsOf(when: WhenDocument, world: World): readonly Found[] {
  return [
    ...unknownNames('users', when.users, world.users, 'user', 'identity.users of sluice.yaml'),
    ...unknownNames('groups', when.groups, world.groups, 'group', GROUPS),
    ...unknownNames('listeners', when.listeners, world.listeners, 'listener', 'listeners of sluice.yaml'),
    ...unmatchedTables(when.tables, world.relations),
    ...unmatchedColumns(when.columns, world.relations),
    ...unmatchedFunctions(when.functions, world.functions),
  ];
}

function unknownNames(
  key: keyof WhenDocument,
  names: readonly string[] | undefined,
  known: ReadonlySet<string> | null,
  noun: string,
  where: string,
): readonly Found[] {
  if (names === undefined || known === null) return [];
  return names.flatMap((name, n) =>
    known.has(name)
      ? []
      : [{ key, at: [n], message: `there is no ${noun} "${name}" among ${where}${suggestion(name, known)}` }],
  );
}

function unmatchedTables(
  patterns: readonly string[] | undefined,
  relations: World['relations'],
): readonly Found[] {
  if (patterns === undefined || relations === null) return [];
  return patterns.flatMap((written, n) => {
    const pattern = compilePattern(written, 2);
    if (pattern === null || relations.some((relation) => matchesRelation(pattern, relation, 'every')))
      return [];
    const names = relations.map((relation) => `${relation.schema}.${relation.name}`);
    return [
      {
        key: 'tables' as const,
        at: [n],
        message: `no table matches "${written}"${suggestion(written, names)}`,
      },
    ];
  });
}

function unmatchedColumns(
  patterns: readonly string[] | undefined,
  relations: World['relations'],
): readonly Found[] {
  if (patterns === undefined || relations === null) return [];
  return patterns.flatMap((written, n) => {
    const pattern = compilePattern(written, 3);
    const matches = (relation: WorldRelation, column: string) =>
      pattern !== null &&
      matchesColumn(
        pattern,
        { schema: relation.schema, table: relation.name, column, place: 'output', reveals: 'anything' },
        'every',
      );
    if (relations.some((relation) => relation.columns.some((column) => matches(relation, column)))) return [];
    return [
      {
        key: 'columns' as const,
        at: [n],
        message: `no column matches "${written}"${meantColumn(written, relations)}`,
      },
    ];
  });
}

/** The column that was likely meant, written as far as the author wrote it: `*.*.ssn`, `customers.ssn`. */
function meantColumn(written: string, relations: readonly WorldRelation[]): string {
  const asTable = compilePattern(written, 2);
  const table = relations.find((relation) => asTable !== null && matchesRelation(asTable, relation, 'every'));
  if (table !== undefined) return `; for every column of the table write "${table.schema}.${table.name}.*"`;
  const parts = written.split('.');
  const elsewhere = relations.find(
    ({ name, columns }) => parts.length === 3 && name === parts[1] && columns.includes(parts[2] ?? ''),
  );
  if (elsewhere !== undefined) return `; did you mean "${elsewhere.schema}.${parts[1]}.${parts[2]}"?`;
  const names = new Set(
    relations.flatMap(({ schema, name, columns }) =>
      columns.map((column) =>
        [schema, name, column]
          .slice(-parts.length)
          .map((part, n) => (parts[n] === '*' ? '*' : part))
          .join('.'),
      ),
    ),
  );
  return suggestion(written, names);
}

function unmatchedFunctions(
  patterns: readonly string[] | undefined,
  functions: World['functions'],
): readonly Found[] {
  if (patterns === undefined || functions === null) return [];
  return patterns.flatMap((written, n) => {
    const pattern = compilePattern(written, 2);
    const found = functions.some(
      (fn) => pattern !== null && matchesFunction(pattern, { ...fn, volatility: 'unknown' }, 'every'),
    );
    return found ? [] : [{ key: 'functions' as const, at: [n], message: `no function matches "${written}"` }];
  });
}

/** Statements that hold no query of their own, so that what is asked of queries never holds for them. */
const NO_QUERY =
  /^(drop|alter|truncate|grant|revoke|set|reset|show|begin|commit|rollback|savepoint|vacuum|listen|notify)\b/i;

const SUBJECTS = { sql: 'SQL', http: 'HTTP requests', mcp: 'MCP calls' } as const;

function contradiction(when: WhenDocument): string | null {
  const [one, other] = subjectsOf(when);
  if (one !== undefined && other !== undefined)
    return `it asks of ${SUBJECTS[one]} and of ${SUBJECTS[other]}, and nothing is both`;
  const { statements } = when;
  if (statements === undefined || !statements.every((word) => NO_QUERY.test(word.trim()))) return null;
  const words = statements.join(', ');
  if (when.unfiltered !== undefined) return `${words} has no WHERE`;
  if (when.unbounded !== undefined) return `${words} returns no rows to bound`;
  return null;
}
