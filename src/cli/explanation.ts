/**
 * What the gate would say of a text, statement by statement. It is judged by the gate's own function; names that
 * SQL gives within the text (PREPARE, DECLARE) are followed, as a session follows them.
 */
import { integerParameter } from '../../protocols/postgres/resolve.ts';
import { native } from '../../protocols/sql/refusals.ts';
import { type Decision, type Denial, NO_LIMIT, type ResultLimit } from '../core/decision.ts';
import type { ConstantArgument, StatementFacts } from '../core/facts.ts';
import type { SessionContext } from '../core/principal.ts';
import { denialFrom } from '../engine/denials.ts';
import { decideBound, judgeStatement } from '../engine/judge-statement.ts';
import type { Policy, PolicyContext } from '../policy/policy.ts';
import type { Premises } from './premises.ts';

export interface Asked {
  readonly sql: string;
  readonly context: SessionContext;
  /** Values bound to $1, $2 and so on, as text; what is not given is bound to NULL. */
  readonly parameters: readonly (string | null)[];
  /** Milliseconds since the epoch, for rules with `at`. */
  readonly atMs: number;
  /** False: what its parameters will be is not known yet, and is judged when it is. True where not given. */
  readonly isBound?: boolean;
}

export interface ExplainedStatement {
  /** Null where the text could not be cut into its statements. */
  readonly text: string | null;
  readonly facts: StatementFacts;
  /** What runs when it does: for EXECUTE and FETCH, what they name; otherwise its own facts. */
  readonly runs: StatementFacts;
  /** The most rows that `runs` can return; null for no bound. */
  readonly rowsMax: number | null;
  readonly decision: Decision;
  /** Null where it passes. */
  readonly denial: Denial | null;
}

export interface Explanation {
  readonly asked: Asked;
  readonly verdict: Decision['verdict'];
  /** What the client is told: the first denial; null where all of it passes. */
  readonly denial: Denial | null;
  readonly statements: readonly ExplainedStatement[];
  /** Every rule that matched, and those of them that only observe. */
  readonly rules: readonly string[];
  readonly observed: readonly string[];
  readonly policyVersion: string;
}

/** What a statement is judged from. */
export type Judging = Pick<Premises, 'ground'> & { readonly policy: Pick<Premises['policy'], 'policy'> };

export async function explain(premises: Judging, asked: Asked): Promise<Explanation> {
  const { policy } = premises.policy;
  const read = await premises.ground.read(Buffer.from(asked.sql));
  if (read.outcome === 'denied') return explanationOf(asked, policy, [], read.denial);
  const run = new Run(policy, policy.contextFor(asked.context, asked.atMs), asked);
  const facts = read.entry.statements;
  const texts = premises.ground.texts(asked.sql);
  const statements = facts.map((own, n) => ({
    text: texts?.length === facts.length ? (texts[n] ?? null) : null,
    ...run.statement(own, facts.length),
  }));
  const denial = statements.find((statement) => statement.denial !== null)?.denial ?? null;
  const several = asked.parameters.length > 0 && statements.length > 1 ? MULTIPLE_COMMANDS : null;
  return explanationOf(asked, policy, statements, denial ?? several);
}

/** What only gives a text a name runs nothing: what the name stands for is held when it runs. */
export function isHeld({ facts, decision, denial }: ExplainedStatement): boolean {
  return denial === null && decision.verdict === 'approve' && facts.act.act !== 'prepare';
}

function needsApproval(statements: readonly ExplainedStatement[]): boolean {
  return statements.some(isHeld);
}

/** Parameters are bound to one statement only: the server's own words. */
const MULTIPLE_COMMANDS = native('42601', 'cannot insert multiple commands into a prepared statement');

function explanationOf(
  asked: Asked,
  policy: Policy,
  statements: readonly ExplainedStatement[],
  denial: Denial | null,
): Explanation {
  const decisions = statements.map((statement) => statement.decision);
  return {
    asked,
    verdict: denial === null ? (needsApproval(statements) ? 'approve' : 'allow') : 'deny',
    denial,
    statements,
    rules: [...new Set(decisions.flatMap((decision) => decision.rules))],
    observed: [...new Set(decisions.flatMap((decision) => decision.observed))],
    policyVersion: policy.version,
  };
}

/** A name within the text and what stands behind it. */
interface Named {
  readonly facts: StatementFacts;
  readonly rowsMax: number | null;
}

class Run {
  readonly #policy: Policy;
  readonly #context: PolicyContext;
  readonly #parameters: readonly (string | null)[];
  readonly #isBound: boolean;
  readonly #prepared = new Map<string, StatementFacts>();
  readonly #cursors = new Map<string, Named>();

  constructor(
    policy: Policy,
    context: PolicyContext,
    { parameters, isBound = true }: Pick<Asked, 'parameters' | 'isBound'>,
  ) {
    this.#policy = policy;
    this.#context = context;
    this.#parameters = parameters;
    this.#isBound = isBound;
  }

  statement(facts: StatementFacts, batchSize: number): Omit<ExplainedStatement, 'text'> {
    const judged = judgeStatement(this.#policy, this.#context, facts, batchSize);
    const bound = this.#boundBy(facts, (index) => this.#parameter(index));
    if (judged.denial !== null) return { ...judged, facts, runs: facts, rowsMax: bound };
    const named = this.#named(facts);
    if (named === null) {
      const denial = native(...unknownName(facts));
      return { facts, runs: facts, rowsMax: null, decision: { ...judged.decision, verdict: 'deny' }, denial };
    }
    const { facts: runs, rowsMax } = named;
    // What was decided of the text holds, unless a name or a bound parameter has a say in it.
    const isSettled = runs === facts && (facts.bound.kind !== 'parameter' || !this.#isBound);
    const decision = isSettled
      ? judged.decision
      : decideBound(this.#policy, this.#context, runs, rowsMax, batchSize);
    this.#follow(facts, rowsMax);
    return {
      facts,
      runs,
      rowsMax,
      decision,
      denial: decision.verdict === 'deny' ? denialFrom(decision, runs) : null,
    };
  }

  #parameter(index: number): number | null {
    const value = this.#parameters[index - 1] ?? null;
    return value === null ? null : integerParameter({ bytes: Buffer.from(value), binary: false }, 0);
  }

  #boundBy(facts: StatementFacts, value: (index: number) => number | null): number | null {
    const { bound } = facts;
    return bound.kind === 'rows' ? bound.max : bound.kind === 'parameter' ? value(bound.index) : null;
  }

  /** What runs; null where the text names something that it did not make. */
  #named(facts: StatementFacts): Named | null {
    switch (facts.act.act) {
      case 'execute': {
        const inner = this.#prepared.get(facts.act.name);
        const { args } = facts.act;
        return inner === undefined
          ? null
          : { facts: inner, rowsMax: this.#boundBy(inner, (index) => integerIn(args, index)) };
      }
      case 'fetch':
        return this.#cursors.get(facts.act.name) ?? null;
      default:
        return { facts, rowsMax: this.#boundBy(facts, (index) => this.#parameter(index)) };
    }
  }

  #follow({ act, ...facts }: StatementFacts, rowsMax: number | null): void {
    switch (act.act) {
      case 'prepare':
        this.#prepared.set(act.name, act.inner);
        break;
      case 'declare':
        this.#cursors.set(act.name, { facts: { ...facts, act }, rowsMax });
        break;
      case 'deallocate':
        if (act.name === null) this.#prepared.clear();
        else this.#prepared.delete(act.name);
        break;
      case 'close':
        if (act.name === null) this.#cursors.clear();
        else this.#cursors.delete(act.name);
        break;
      case 'discard-all':
        this.#prepared.clear();
        this.#cursors.clear();
        break;
      default:
        break;
    }
  }
}

function integerIn(args: readonly ConstantArgument[], index: number): number | null {
  const value = args[index - 1];
  return typeof value === 'number' ? value : null;
}

function unknownName({ act }: StatementFacts): [sqlstate: string, message: string] {
  if (act.act === 'execute') return ['26000', `prepared statement "${act.name}" does not exist`];
  return ['34000', `cursor "${act.act === 'fetch' ? act.name : ''}" does not exist`];
}

/** Whether the rows that it returns are bounded; true where it returns none. */
export function isBounded({ runs, rowsMax }: ExplainedStatement): boolean {
  return runs.bound.kind === 'none' || runs.bound.kind === 'system' || rowsMax !== null;
}

/** The limit that the result runs under. */
export function limitOf(statement: ExplainedStatement): ResultLimit {
  return statement.denial === null ? statement.decision.obligations.limit : NO_LIMIT;
}
