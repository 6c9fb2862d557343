/** Names with `*`, as rules write them: `shop.orders`, `billing.*`, `*.*.card_number`. */
import type { ColumnUse, FunctionUse, RelationName, RelationUse } from '../core/facts.ts';

/** `some`: may this be meant (deny rules). `every`: is this surely meant (allow rules). They differ for names not known. */
export type Quantifier = 'some' | 'every';

export interface NamePattern {
  readonly written: string;
  /** One test per part, outermost first; parts that the writer left out match anything. */
  readonly parts: readonly PartTest[];
}

interface PartTest {
  readonly any: boolean;
  /** The one name that it takes; null where there are several. */
  readonly only: string | null;
  test(name: string): boolean;
}

const ANY: PartTest = { any: true, only: null, test: () => true };

/** Compiles a pattern of at most `width` parts; null where it has more, or an empty one. */
export function compilePattern(written: string, width: number): NamePattern | null {
  const names = splitName(written);
  if (names === null || names.length === 0 || names.length > width) return null;
  const parts = names.map(partTest);
  while (parts.length < width) parts.unshift(ANY);
  return { written, parts };
}

function partTest(name: string): PartTest {
  if (name === '*') return ANY;
  if (!name.includes('*')) return { any: false, only: name, test: (candidate) => candidate === name };
  const expression = new RegExp(`^${name.split('*').map(escapeExpression).join('.*')}$`, 's');
  return { any: false, only: null, test: (candidate) => expression.test(candidate) };
}

function escapeExpression(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Splits at dots outside double quotes; a quoted part may hold dots. */
function splitName(written: string): readonly string[] | null {
  const parts: string[] = [];
  for (const [, quoted, bare] of `${written.trim()}.`.matchAll(/(?:"((?:[^"]|"")+)"|([^".\s]+))\./gy)) {
    parts.push(quoted === undefined ? (bare ?? '') : quoted.replaceAll('""', '"'));
  }
  const length = [...`${written.trim()}.`.matchAll(/(?:"(?:[^"]|"")+"|[^".\s]+)\./gy)].reduce(
    (sum, match) => sum + match[0].length,
    0,
  );
  return length === written.trim().length + 1 ? parts : null;
}

function part(pattern: NamePattern, n: number): PartTest {
  return pattern.parts[n] ?? ANY;
}

/** A schema that is not known may be any: enough for a deny rule, too little for an allow rule. */
function schemaMatches(test: PartTest, schema: string | null, quantifier: Quantifier): boolean {
  if (test.any) return true;
  return schema === null ? quantifier === 'some' : test.test(schema);
}

const SYSTEM_SCHEMAS: ReadonlySet<string> = new Set(['pg_catalog', 'information_schema']);

export function matchesRelation(
  pattern: NamePattern,
  relation: RelationName & Pick<RelationUse, 'outsideSystem'>,
  quantifier: Quantifier,
): boolean {
  if (relation.outsideSystem === true && SYSTEM_SCHEMAS.has(part(pattern, 0).only ?? '')) return false;
  return schemaMatches(part(pattern, 0), relation.schema, quantifier) && part(pattern, 1).test(relation.name);
}

export function matchesFunction(pattern: NamePattern, fn: FunctionUse, quantifier: Quantifier): boolean {
  return schemaMatches(part(pattern, 0), fn.schema, quantifier) && part(pattern, 1).test(fn.name);
}

/** `*` as a column stands for the whole row of a relation that the catalog does not have. */
export function matchesColumn(pattern: NamePattern, use: ColumnUse, quantifier: Quantifier): boolean {
  if (!schemaMatches(part(pattern, 0), use.schema, quantifier) || !part(pattern, 1).test(use.table))
    return false;
  const column = part(pattern, 2);
  if (column.any) return true;
  return use.column === '*' ? quantifier === 'some' : column.test(use.column);
}
