/** From syntax trees to the facts that policy judges: the one door into the walk. */
import { effectSet } from '../../core/effects.ts';
import type { ColumnUse, RowBound, StatementFacts } from '../../core/facts.ts';
import { nameKey } from '../name-key.ts';
import { Analysis, type InnerParser } from './analysis.ts';
import type { ParsedStatement } from './ast.ts';
import { BUILTIN_SCHEMA } from './builtin-functions.ts';
import { isMysqlSystemSchema } from './catalog.ts';
import type { MysqlReading } from './catalog-model.ts';
import { analyzeStatement, type StatementResult } from './statement.ts';
import { noteTriggers } from './stored-code.ts';
import { Unreadable } from './unreadable.ts';

export interface AnalyzedText {
  readonly statements: readonly StatementFacts[];
  /** Byte offsets of the literals that no fact depends on. */
  readonly freeConstants: ReadonlySet<number>;
}

/** Facts of every statement of a text. Throws Unreadable when any of them cannot be judged. */
export function analyzeStatements(
  parsed: readonly ParsedStatement[],
  reading: MysqlReading,
  parser: InnerParser,
): AnalyzedText {
  const statements: StatementFacts[] = [];
  const free = new Set<number>();
  const kept = new Set<number>();
  let moved = false;
  /** What statements before have written. */
  const assigned: ColumnUse[] = [];
  let current = reading;
  for (const { statement } of parsed) {
    // Its tokens were taken from the text in the mode before: what ran before it may have made others of them.
    if (moved) throw new Unreadable('a statement in one text behind another that may change how it is read');
    const a = new Analysis(current, parser);
    const result = analyzeStatement(a, statement);
    if (a.uses.functions.has(ROW_COUNT)) for (const column of assigned) a.uses.addColumn(column, 'filter');
    const facts = factsFrom(a, result);
    statements.push(facts);
    assigned.push(...facts.columns.filter(({ place }) => place === 'assignment'));
    moved = a.movesLexing || facts.act.act === 'execute' || (facts.effects & MAY_RUN_ANYTHING) !== 0;
    current = readingBehind(current, facts);
    for (const offset of a.seenLiterals) free.add(offset);
    for (const offset of a.lookedAt) kept.add(offset);
  }
  for (const offset of kept) free.delete(offset);
  return { statements, freeConstants: free };
}

/** What names stand for in the next statement of the same text, which runs only if this one has succeeded. */
function readingBehind(reading: MysqlReading, facts: StatementFacts): MysqlReading {
  const { act, makesTemporary } = facts;
  let next = reading;
  if (act.act === 'use') next = { ...next, schema: act.schema };
  else if (facts.kinds.includes('DROP DATABASE')) next = { ...next, schema: undefined };
  if (makesTemporary.length > 0) next = { ...next, temporary: [...next.temporary, ...makesTemporary] };
  return next;
}

/** It gives how many rows the statement before has changed, which tells of what was in them. */
const ROW_COUNT = nameKey(BUILTIN_SCHEMA, 'row_count');

const MAY_RUN_ANYTHING = effectSet('execute', 'dynamic');

export function factsFrom(a: Analysis, result: StatementResult): StatementFacts {
  const { shape } = result;
  noteTriggers(a, result.kind);
  return {
    kind: result.kind,
    kinds: [...new Set([result.kind, ...a.kinds])],
    effects: a.effects,
    ...a.uses.asFacts(),
    textParameters: a.textParameters,
    settings: [...a.settings],
    bound: boundFor(a, result.bound),
    unfiltered: a.unfiltered,
    outputs:
      shape === null || shape.open ? null : shape.columns.map(({ name, origins }) => ({ name, origins })),
    act: result.act,
    changesReading: a.changesReading || (a.effects & MAY_RUN_ANYTHING) !== 0,
    unresolved: a.unresolved,
    makesTemporary: a.makesTemporary,
  };
}

/** A query over the server's own tables alone is as long as the schema, not as the data. */
function boundFor(a: Analysis, bound: RowBound): RowBound {
  if (bound.kind !== 'unbounded' || a.returnsSets || a.uses.relations.size === 0) return bound;
  if ((a.effects & MAY_RUN_ANYTHING) !== 0) return bound;
  for (const { schema } of a.uses.relations.values()) {
    if (schema === null || !isMysqlSystemSchema(schema, a.reading.catalog.traits)) return bound;
  }
  return { kind: 'system' };
}
