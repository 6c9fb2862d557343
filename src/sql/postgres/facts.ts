/** From a parse tree to the facts that policy judges: the one door into the walk. */
import { effectSet } from '../../core/effects.ts';
import type { OutputColumn, RowBound, StatementFacts } from '../../core/facts.ts';
import { isArray, isObject, type Json } from '../../core/json.ts';
import { Analysis, type ParseText, type Reading } from './analysis.ts';
import { asNode, Unreadable } from './ast.ts';
import { isSystemSchema } from './catalog.ts';
import { checkComplete } from './completeness.ts';
import type { Shape } from './scope.ts';
import { analyzeStatement, type StatementResult } from './statement.ts';

export interface AnalyzedText {
  readonly statements: readonly StatementFacts[];
  /** Offsets, in bytes, of the constants whose values no fact depends on. */
  readonly freeConstants: ReadonlySet<number>;
}

/** Facts of every statement in a tree of libpg-query. Throws Unreadable when any of them cannot be judged. */
export function analyzeTree(tree: Json, reading: Reading, parseText: ParseText): AnalyzedText {
  const statements: StatementFacts[] = [];
  const free = new Set<number>();
  const kept = new Set<number>();
  for (const statement of statementsOf(tree)) {
    const a = new Analysis(reading, parseText);
    const result = analyzeStatement(a, statement);
    checkComplete(a, { [statement.tag]: statement.body });
    statements.push(factsFrom(a, result));
    for (const offset of a.seenConstants) free.add(offset);
    for (const offset of a.lookedAt) kept.add(offset);
  }
  for (const offset of kept) free.delete(offset);
  return { statements, freeConstants: free };
}

/** The topmost nodes of a parse result, without their RawStmt wrapping. */
export function statementsOf(tree: Json): readonly ReturnType<typeof asNode>[] {
  const raw = isObject(tree) ? tree['stmts'] : undefined;
  if (raw === undefined) return [];
  if (!isArray(raw)) throw new Unreadable('a parse result of unexpected shape');
  return raw.map((item) => {
    const statement = isObject(item) ? item['stmt'] : undefined;
    return asNode(statement);
  });
}

const MAY_RUN_ANYTHING = effectSet('execute', 'dynamic');

export function factsFrom(a: Analysis, result: StatementResult): StatementFacts {
  return {
    kind: result.kind,
    kinds: [...new Set([result.kind, ...a.kinds])],
    effects: a.effects,
    relations: [...a.relations.values()],
    columns: [...a.columns.values()],
    functions: [...a.functions.values()],
    settings: [...a.settings],
    bound: boundFor(a, result.bound),
    unfiltered: a.unfiltered,
    outputs: result.shape === null ? null : outputsOf(result.shape),
    act: result.act,
    changesReading: a.changesReading || (a.effects & MAY_RUN_ANYTHING) !== 0,
    storesUnknown: a.storesUnknown,
    comparesUnknown: a.comparesUnknown,
    unresolved: a.unresolved,
    makesTemporary: a.makesTemporary,
  };
}

/** A query over the system catalogs alone is as long as the schema, not as the data. */
function boundFor(a: Analysis, bound: RowBound): RowBound {
  if (bound.kind !== 'unbounded' || a.returnsSets || a.relations.size === 0) return bound;
  for (const use of a.relations.values()) if (!isSystemSchema(use.schema)) return bound;
  return { kind: 'system' };
}

function outputsOf(shape: Shape): readonly OutputColumn[] | null {
  return shape.open ? null : shape.columns;
}
