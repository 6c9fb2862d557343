/**
 * One session's spending: whether statements may run within their budgets and rates, and how much the result that is
 * under way may send before it has to ask for more. One result is under way at a time.
 */
import {
  type BudgetDuty,
  type Decision,
  type Denial,
  type LimitDuty,
  type RateDuty,
  untilBudgets,
} from '../core/decision.ts';
import { ProxyError } from '../core/errors.ts';
import type { StatementFacts } from '../core/facts.ts';
import type { SpendAnswer, SpendingRun } from '../core/gate.ts';
import type { SessionContext } from '../core/principal.ts';
import type { Account, Taken } from '../limits/account.ts';
import type { Budgets } from '../limits/budgets.ts';
import type { Rates } from '../limits/rates.ts';
import { RunAllotment, RunSpending } from './run-spending.ts';
import { budgetDenial, cancelledWait, rateDenial } from './spending-denials.ts';

/** The accounts of an instance. */
export interface Spendings {
  readonly budgets: Budgets;
  readonly rates: Rates;
}

type Unit = 'rows' | 'bytes';

/** What a decision owes, with the accounts that it is counted in. */
interface Dues {
  readonly results: readonly ResultDues[];
  readonly statements: readonly StatementDues[];
  readonly rates: readonly RateDues[];
}

interface StatementDues {
  readonly duty: BudgetDuty;
  readonly account: Account;
}

interface ResultDues extends StatementDues {
  readonly unit: Unit;
}

interface RateDues {
  readonly duty: RateDuty;
  readonly subject: string;
  readonly name: string;
  readonly perMs: number;
}

/** A statement or request that is about to run. */
export interface Charged {
  readonly facts: Pick<StatementFacts, 'bound'>;
  readonly decision: Pick<Decision, 'obligations'>;
}

export class SessionSpending {
  readonly #spendings: Spendings | null;
  readonly #context: SessionContext;
  readonly #upstream: string;
  readonly #wake: () => void;
  #current: RunSpending | null = null;
  /** Of the message that was counted last, until it is admitted or refused. */
  #charged: Charged['facts'] | null = null;
  /** Budgets that people have let a result go beyond, by what it counts into. */
  readonly #lifted = new WeakMap<object, Set<string>>();
  #withdrawn = false;
  #dues = new WeakMap<Charged['decision'], Dues>();
  #generation = 0;
  readonly #rates = new Map<string, RateDues>();

  constructor(spendings: Spendings | null, context: SessionContext, upstream: string, wake: () => void) {
    this.#spendings = spendings;
    this.#context = context;
    this.#upstream = upstream;
    this.#wake = wake;
  }

  charge(judged: readonly Charged[]): Exclude<SpendAnswer, { readonly answer: 'over' }> {
    const [first] = judged;
    if (first === undefined || first.facts === this.#charged) return GRANTED;
    if (this.#spendings === null) return UNAVAILABLE;
    const spent: Account[] = [];
    for (const { facts, decision } of judged) {
      const { results, statements } = this.#duesOf(decision);
      for (const { account, duty } of statements) {
        const ahead = spent.filter((one) => one === account).length;
        const taken = account.available(1 + ahead, this.#wake);
        if (taken !== 'granted') return answerTo(taken, account, duty);
        spent.push(account);
      }
      if (facts.bound.kind === 'none') continue;
      for (const { account, duty } of results) {
        // What people may lift is asked about when rows come.
        if (duty.approval !== null) continue;
        const taken = account.available(1, this.#wake);
        if (taken !== 'granted') return answerTo(taken, account, duty);
      }
    }
    const late = this.#rate(judged, this.#spendings.rates);
    if (late !== null) return { answer: 'refused', denial: late };
    for (const account of spent) account.spend(1);
    this.#charged = first.facts;
    return GRANTED;
  }

  /** The message that was charged has been dealt with: the next one is charged anew. */
  settled(): void {
    this.#charged = null;
  }

  #rate(judged: readonly Charged[], rates: Rates): Denial | null {
    const [first] = judged;
    if (judged.length === 1 && first !== undefined) {
      for (const dues of this.#duesOf(first.decision).rates) {
        const late = lateBy(dues, 1, rates);
        if (late !== null) return late;
      }
      return null;
    }
    const amounts = new Map<RateDues, number>();
    for (const { decision } of judged)
      for (const one of this.#duesOf(decision).rates) amounts.set(one, (amounts.get(one) ?? 0) + 1);
    for (const [dues, amount] of amounts) {
      const late = lateBy(dues, amount, rates);
      if (late !== null) return late;
    }
    return null;
  }

  spend(run: SpendingRun, unit: Unit, needed: number): SpendAnswer {
    if (this.#withdrawn) {
      this.#withdrawn = false;
      return { answer: 'refused', denial: cancelledWait(run.limit[`${unit}Rule`] ?? '') };
    }
    if (this.#spendings === null) return UNAVAILABLE;
    if (this.#current?.run !== run) this.#begin(run);
    const spending = this.#current;
    if (spending === null) return GRANTED;
    for (const allotment of spending.allotments) {
      if (allotment.unit !== unit || allotment.left >= needed) continue;
      const { account, duty } = allotment;
      const taken = this.#allot(allotment, needed);
      const answer = answerTo(taken, account, duty);
      if (answer.answer === 'granted') continue;
      spending.tighten();
      if (taken === 'empty' && duty.approval !== null) return { answer: 'over', duty: overDuty(duty, unit) };
      return answer;
    }
    spending.tighten();
    return GRANTED;
  }

  /** What was used is accounted for, and counting begins anew. */
  #allot(allotment: RunAllotment, needed: number): Taken {
    const { account } = allotment;
    account.close(allotment);
    allotment.begin();
    return account.allot(allotment, needed, this.#wake);
  }

  #begin(run: SpendingRun): void {
    this.#current?.close();
    this.#current = new RunSpending(run);
    if (run.decision === null) return;
    const lifted = this.#lifted.get(run.counted);
    for (const { duty, account, unit } of this.#duesOf(run.decision).results)
      if (lifted?.has(duty.rule) !== true)
        this.#current.allotments.push(new RunAllotment(this.#current, duty, account, unit));
  }

  lift(run: SpendingRun, rule: string): void {
    const lifted = this.#lifted.get(run.counted) ?? new Set();
    this.#lifted.set(run.counted, lifted.add(rule));
    if (this.#current?.run === run) this.#current.close();
    this.#current = null;
    run.limit = untilBudgets(
      run.bounds,
      (run.decision?.obligations.budgets ?? []).filter((duty) => !lifted.has(duty.rule)),
      run.counted,
    );
  }

  /** The client does not want any more what it waits for. */
  withdraw(): void {
    this.#withdrawn = this.#current !== null;
  }

  /** The result under way is over, or the session is. */
  close(): void {
    this.#withdrawn = false;
    this.#current?.close();
    this.#current = null;
  }

  /** Decisions are kept beside the texts that they are about: what they owe is looked up once for each. */
  #duesOf(decision: Charged['decision']): Dues {
    const generation = this.#spendings?.budgets.generation ?? 0;
    if (generation !== this.#generation) {
      this.#generation = generation;
      this.#dues = new WeakMap();
    }
    let dues = this.#dues.get(decision);
    if (dues === undefined) {
      dues = this.#newDues(decision);
      this.#dues.set(decision, dues);
    }
    return dues;
  }

  #newDues({ obligations }: Charged['decision']): Dues {
    const results: ResultDues[] = [];
    const statements: StatementDues[] = [];
    const budgets = this.#spendings?.budgets;
    for (const duty of budgets === undefined ? [] : obligations.budgets) {
      const { rule, windowMs } = duty;
      for (const subject of this.#subjects(duty.per, duty.groups, duty.objects)) {
        const accountOf = (unit: Unit | 'statements', max: number | null) =>
          max === null ? null : (budgets?.account({ rule, subject, unit, windowMs }, max) ?? null);
        const ofStatements = accountOf('statements', duty.statements);
        if (ofStatements !== null) statements.push({ duty, account: ofStatements });
        for (const unit of ['rows', 'bytes'] as const) {
          const account = accountOf(unit, duty[unit]);
          if (account !== null) results.push({ duty, account, unit });
        }
      }
    }
    const rates = obligations.rates.flatMap((duty) =>
      this.#subjects(duty.per, duty.groups, []).map((subject) => this.#rateOf(duty, subject)),
    );
    return { results, statements, rates };
  }

  /** The same object for all decisions, so that statements of one text are added up. */
  #rateOf(duty: RateDuty, subject: string): RateDues {
    const name = JSON.stringify([duty.rule, subject]);
    const known = this.#rates.get(name);
    if (known?.duty === duty) return known;
    const dues = { duty, subject, name, perMs: duty.statements / duty.everyMs };
    this.#rates.set(name, dues);
    return dues;
  }

  #subjects(
    per: BudgetDuty['per'],
    of: readonly string[] | null,
    objects: readonly string[],
  ): readonly string[] {
    const { name, groups } = this.#context.principal;
    switch (per) {
      case 'user':
        return [`user:${name}`];
      case 'group': {
        const meant = of === null ? groups : groups.filter((group) => of.includes(group));
        return meant.length === 0 ? ['group:'] : meant.map((group) => `group:${group}`);
      }
      case 'table':
      case 'column':
        return objects.map((object) => `${per}:${object} at ${this.#upstream}`);
    }
  }
}

const GRANTED = { answer: 'granted' } as const;
const UNAVAILABLE = { answer: 'failed', error: new ProxyError('budgets-unavailable') } as const;

function answerTo(
  taken: Taken,
  account: Account,
  duty: BudgetDuty,
): Exclude<SpendAnswer, { readonly answer: 'over' }> {
  switch (taken) {
    case 'granted':
      return GRANTED;
    case 'wait':
      return { answer: 'pending' };
    case 'failed':
      return UNAVAILABLE;
    case 'empty':
      return { answer: 'refused', denial: budgetDenial(duty, account) };
  }
}

function lateBy({ duty, name, subject, perMs }: RateDues, amount: number, rates: Rates): Denial | null {
  const waitMs = rates.take(name, amount, perMs, duty.burst);
  return waitMs > 0 ? rateDenial(duty, subject, waitMs) : null;
}

/** For people to decide on, as they decide on a limit. */
function overDuty({ rule, approval, ...duty }: BudgetDuty, unit: Unit): LimitDuty {
  return { rule, unit, max: duty[unit] ?? 0, approval, hold: false };
}
