/**
 * Holds a policy against the world it is for: a rule that can never match is an error, because its author
 * believes that it protects something. Names are checked as far as they are known: users, groups and listeners
 * from the configuration, tables, columns and functions from the catalogs.
 */
import { suggestion } from '../core/nearest.ts';
import type { Problem } from '../core/problem.ts';
import type { LocatedDocument } from '../core/yaml-document.ts';
import { Mask } from './masks.ts';
import { compilePattern, matchesColumn, matchesFunction, matchesRelation } from './pattern.ts';
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
    const never = contradiction(rule.when);
    if (never !== null) problems.push(source.problemAt([...path, 'when'], `can never match: ${never}`));
  });
  problems.push(...problemsOfMasks(source, world));
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
    for (const earlier of masks.slice(0, n)) {
      const shared = sharedColumn(earlier.mask, mask, world.relations ?? []);
      if (shared === null || JSON.stringify(earlier.document.with) === JSON.stringify(document.with))
        continue;
      const message = `${shared} has another mask already (${earlier.mask.name}): expected one mask for each column`;
      problems.push(source.problemAt(['masks', n, 'columns'], message));
    }
  });
  return problems;
}

/** A column that both masks cover. */
function sharedColumn(left: Mask, right: Mask, relations: readonly WorldRelation[]): string | null {
  for (const { schema, name, columns } of relations) {
    for (const column of columns) {
      if (left.covers(schema, name, column) && right.covers(schema, name, column))
        return `${schema}.${name}.${column}`;
    }
  }
  return null;
}

interface Found {
  readonly key: keyof WhenDocument;
  readonly at: readonly number[];
  readonly message: string;
}

function problemsOf(when: WhenDocument, world: World): readonly Found[] {
  return [
    ...unknownNames('users', when.users, world.users, 'user', 'identity.users of sluice.yaml'),
    ...unknownNames('groups', when.groups, world.groups, 'group', 'the groups of any user in sluice.yaml'),
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
    const names = relations.flatMap((relation) =>
      relation.columns.map((column) => `${relation.schema}.${relation.name}.${column}`),
    );
    return [
      {
        key: 'columns' as const,
        at: [n],
        message: `no column matches "${written}"${suggestion(written, names)}`,
      },
    ];
  });
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

function contradiction(when: WhenDocument): string | null {
  const { statements } = when;
  if (statements === undefined || !statements.every((word) => NO_QUERY.test(word.trim()))) return null;
  const words = statements.join(', ');
  if (when.unfiltered !== undefined) return `${words} has no WHERE`;
  if (when.unbounded !== undefined) return `${words} returns no rows to bound`;
  return null;
}
