/** Statements within statements: PREPARE, EXECUTE, EXECUTE IMMEDIATE, EXPLAIN. */
import { type EffectSet, effectSet } from '../../core/effects.ts';
import type { ConstantArgument, RowBound, SessionAct, StatementFacts } from '../../core/facts.ts';
import { Analysis } from './analysis.ts';
import type { Expression, Statement } from './ast.ts';
import { expression } from './expression.ts';
import { factsFrom } from './facts.ts';
import { adopt, adoptText } from './nested.ts';
import { Scope } from './scope.ts';
import { ANYTHING, analyzeStatement, DESCRIBING, NO_ACT, plain, type StatementResult } from './statement.ts';
import { Unreadable } from './unreadable.ts';

/**
 * The name of a prepared statement, as it is compared here and by the server. Without regard to case, accents and
 * spaces behind it: names for which that takes more than lower case are refused.
 */
function statementName(name: string): string {
  if (!/^[\w$]+$/.test(name))
    throw new Unreadable('a prepared statement whose name is more than letters and digits');
  return name.toLowerCase();
}

/** The one statement of a text that stands as a constant in the statement. */
function textWithin(
  a: Analysis,
  text: string,
): { readonly inner: Analysis; readonly result: StatementResult } {
  const parsed = a.parser.statements(text);
  const [only] = parsed;
  if (only === undefined || parsed.length !== 1)
    throw new Unreadable('PREPARE of a text without just one statement');
  const inner = new Analysis(a.reading, a.parser);
  const result = a.nested(() => analyzeStatement(inner, only.statement));
  return { inner, result };
}

export function prepare(a: Analysis, statement: Extract<Statement, { is: 'prepare' }>): StatementResult {
  const name = statementName(statement.name);
  const { from } = statement;
  if ('expression' in from) {
    a.addEffects('dynamic');
    expression(a, from.expression, new Scope(null), 'source');
    return plain('PREPARE', { act: 'prepare', name, inner: UNREAD });
  }
  const { inner, result } = textWithin(a, from.text);
  const facts = factsFrom(inner, result);
  // What it changes of the session, it changes when it runs.
  const { changesReading } = a;
  adoptText(a, inner);
  a.changesReading = changesReading;
  a.movesLexing = false;
  return plain('PREPARE', { act: 'prepare', name, inner: facts });
}

/** A statement of which nothing is known but that it runs. */
const UNREAD: StatementFacts = {
  kind: 'EXECUTE',
  kinds: ['EXECUTE'],
  effects: effectSet('dynamic', 'execute'),
  relations: [],
  columns: [],
  textParameters: [],
  functions: [],
  settings: [],
  bound: { kind: 'unbounded' },
  unfiltered: false,
  outputs: null,
  act: { act: 'none' },
  changesReading: true,
  storesUnknown: true,
  comparesUnknown: true,
  unresolved: false,
  makesTemporary: [],
};

export function execute(a: Analysis, statement: Extract<Statement, { is: 'execute' }>): StatementResult {
  const args = argumentsOf(a, statement.using);
  // How it reads and what it changes is that statement's; the session looks it up by its name.
  return plain('EXECUTE', { act: 'execute', name: statementName(statement.name), args });
}

export function deallocate(name: string): StatementResult {
  return plain('DEALLOCATE', { act: 'deallocate', name: statementName(name) });
}

/** Values that go where the statement's parameters stand: out, into a table, or into a comparison. */
function argumentsOf(a: Analysis, using: readonly Expression[]): readonly ConstantArgument[] {
  return using.map((argument) => {
    expression(a, argument, new Scope(null), 'source');
    return constantArgument(a, argument);
  });
}

function constantArgument(a: Analysis, argument: Expression): ConstantArgument {
  if (argument.is !== 'literal') return 'other';
  a.lookAt(argument.at);
  const { literal } = argument;
  if (literal.kind === 'null') return null;
  return literal.kind === 'integer' ? Number(literal.text) : 'other';
}

/** A constant text is judged as the statement that it is; of anything else nothing is known. */
export function executeImmediate(
  a: Analysis,
  statement: Extract<Statement, { is: 'execute-immediate' }>,
): StatementResult {
  const args = argumentsOf(a, statement.using);
  const { from } = statement;
  if ('expression' in from) {
    a.addEffects('dynamic', 'execute');
    expression(a, from.expression, new Scope(null), 'source');
    return { kind: 'EXECUTE IMMEDIATE', act: NO_ACT, ...ANYTHING };
  }
  const { inner, result } = textWithin(a, from.text);
  adoptText(a, inner);
  for (const { index, ...column } of inner.textParameters) {
    const argument = statement.using[index - 1];
    const isText = argument?.is === 'literal' && argument.literal.kind === 'string';
    if (!isText) a.uses.addColumn(column, 'filter', 'anything');
  }
  a.kinds.push('EXECUTE IMMEDIATE');
  return { ...result, bound: boundWith(result.bound, args) };
}

function boundWith(bound: RowBound, args: readonly ConstantArgument[]): RowBound {
  if (bound.kind !== 'parameter') return bound;
  const value = args[bound.index - 1];
  return typeof value === 'number' ? { kind: 'rows', max: value } : { kind: 'unbounded' };
}

/** Only ANALYZE carries the statement out; without it, planning still calls functions whose value is constant. */
export function explain(
  a: Analysis,
  { statement, runs, into }: Extract<Statement, { is: 'explain' }>,
): StatementResult {
  const inner = new Analysis(a.reading, a.parser);
  const result = analyzeStatement(inner, statement);
  if (!runs) planOnly(inner);
  adopt(a, inner);
  if (into !== null) {
    // Out of a variable, a plan comes as it is.
    a.addEffects('session');
    for (const used of inner.uses.columns.values()) a.uses.addColumn(used, 'source');
    return plain('EXPLAIN');
  }
  const act: SessionAct = result.act.act === 'execute' ? result.act : NO_ACT;
  return { kind: 'EXPLAIN', act, ...DESCRIBING };
}

const CHANGES = effectSet('write', 'destroy', 'define', 'copy-in', 'copy-out');
const READ = effectSet('read');

function planOnly(inner: Analysis): void {
  const plan = (effects: EffectSet) => ((effects & CHANGES) === 0 ? effects : (effects & ~CHANGES) | READ);
  inner.effects = plan(inner.effects);
  for (const [key, used] of inner.uses.relations)
    inner.uses.relations.set(key, { ...used, effects: plan(used.effects) });
  inner.kinds.length = 0;
  inner.makesTemporary.length = 0;
  inner.unfiltered = false;
}
