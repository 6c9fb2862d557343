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
  let current = reading;
  for (const statement of statementsOf(tree)) {
    const a = new Analysis(current, parseText);
    const result = analyzeStatement(a, statement);
    checkComplete(a, { [statement.tag]: statement.body });
    const facts = factsFrom(a, result);
    if (current !== reading && facts.act.act === 'execute') {
      throw new Unreadable('EXECUTE in one message behind a statement that may change what names stand for');
    }
    statements.push(facts);
    if (mayMoveNames(facts)) current = { ...reading, path: null };
    for (const offset of a.seenConstants) free.add(offset);
    for (const offset of a.lookedAt) kept.add(offset);
  }
  for (const offset of kept) free.delete(offset);
  return { statements, freeConstants: free };
}

/** The end of a transaction takes back what was set in it, which may have been sent before this message. */
function mayMoveNames(facts: StatementFacts): boolean {
  const { act } = facts;
  const ends = act.act === 'transaction' && act.kind !== 'begin' && act.kind !== 'savepoint';
  return facts.changesReading || ends;
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

const DEFINE = effectSet('define');

export function factsFrom(a: Analysis, result: StatementResult): StatementFacts {
  // A default, check, rule or function that sets how text is read would do so behind statements that do not show it.
  if ((a.effects & DEFINE) !== 0) for (const name of a.readingSettings) a.settings.add(`unsafe ${name}`);
  return {
    kind: result.kind,
    kinds: [...new Set([result.kind, ...a.kinds])],
    effects: a.effects,
    ...a.uses.asFacts(),
    // A parameter takes its type from what it is compared with.
    textParameters: [],
    settings: [...a.settings],
    bound: boundFor(a, result.bound),
    unfiltered: a.unfiltered,
    outputs: result.shape === null ? null : outputsOf(result.shape),
    act: result.act,
    changesReading: a.changesReading || (a.effects & MAY_RUN_ANYTHING) !== 0,
    unresolved: a.unresolved,
    makesTemporary: a.makesTemporary,
  };
}

/** A query over the system catalogs alone is as long as the schema, not as the data. */
function boundFor(a: Analysis, bound: RowBound): RowBound {
  if (bound.kind !== 'unbounded' || a.returnsSets || a.uses.relations.size === 0) return bound;
  for (const use of a.uses.relations.values()) if (!isSystemSchema(use.schema)) return bound;
  return { kind: 'system' };
}

function outputsOf(shape: Shape): readonly OutputColumn[] | null {
  return shape.open ? null : shape.columns;
}
