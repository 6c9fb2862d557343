/**
 * One session's spending: whether statements may run within their budgets and rates, and how much the result that is
 * under way may send before it has to ask for more. One result is under way at a time.
 */
import {
  type BudgetDuty,
  type Decision,
  type Denial,
  type LimitDuty,
  untilBudgets,
} from '../core/decision.ts';
import { ProxyError } from '../core/errors.ts';
import type { StatementFacts } from '../core/facts.ts';
import type { SpendAnswer, SpendingRun } from '../core/gate.ts';
import type { SessionContext } from '../core/principal.ts';
import type { Account, Allotment, Taken } from '../limits/account.ts';
import type { Budgets } from '../limits/budgets.ts';
import type { Rates } from '../limits/rates.ts';
import { budgetDenial, cancelledWait, rateDenial } from './spending-denials.ts';

/** The accounts of an instance. */
export interface Spendings {
  readonly budgets: Budgets;
  readonly rates: Rates;
}

type Unit = 'rows' | 'bytes';

/** A statement or request that is about to run. */
export interface Charged {
  readonly facts: Pick<StatementFacts, 'bound'>;
  readonly decision: Pick<Decision, 'obligations'>;
}

/** What one budget has allotted to the run that is under way. */
class RunAllotment implements Allotment {
  granted = 0;
  readonly duty: BudgetDuty;
  readonly account: Account;
  readonly unit: Unit;
  readonly #spending: Spending;
  #from = 0;

  constructor(spending: Spending, duty: BudgetDuty, account: Account, unit: Unit) {
    this.#spending = spending;
    this.duty = duty;
    this.account = account;
    this.unit = unit;
    this.#from = spending.run.counted[unit];
  }

  get used(): number {
    return this.#spending.run.counted[this.unit] - this.#from;
  }

  get left(): number {
    return this.granted - this.used;
  }

  begin(): void {
    this.#from = this.#spending.run.counted[this.unit];
  }

  taken(): void {
    this.begin();
    this.#spending.tighten();
  }
}

/** A run with what its budgets have allotted to it. */
class Spending {
  readonly run: SpendingRun;
  allotments: RunAllotment[] = [];

  constructor(run: SpendingRun) {
    this.run = run;
  }

  /** The least that any of them leaves. */
  tighten(): void {
    const { run } = this;
    const { counted, bounds } = run;
    let limit = bounds;
    for (const { unit, left, duty } of this.allotments) {
      const max = counted[unit] + Math.max(0, left);
      if (unit === 'rows' && (limit.rows === null || max < limit.rows))
        limit = { ...limit, rows: max, rowsRule: duty.rule };
      if (unit === 'bytes' && (limit.bytes === null || max < limit.bytes))
        limit = { ...limit, bytes: max, bytesRule: duty.rule };
    }
    run.limit = limit;
  }

  close(): void {
    for (const allotment of this.allotments) allotment.account.close(allotment);
    this.allotments = [];
  }
}

export class SessionSpending {
  readonly #spendings: Spendings | null;
  readonly #context: SessionContext;
  readonly #upstream: string;
  readonly #wake: () => void;
  #current: Spending | null = null;
  /** Of the message that was counted last, until it is admitted or refused. */
  #charged: Charged['facts'] | null = null;
  /** Budgets that people have let a result go beyond, by what it counts into. */
  readonly #lifted = new WeakMap<object, Set<string>>();
  #withdrawn = false;

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
      for (const duty of decision.obligations.budgets) {
        for (const [unit, max] of countedBy(duty)) {
          // What people may lift is asked about when rows come.
          if (duty.approval !== null || (unit !== 'statements' && facts.bound.kind === 'none')) continue;
          for (const account of this.#accounts(duty, unit, max)) {
            const ahead = spent.filter((one) => one === account).length;
            const answer = this.#answer(account.available(1 + ahead, this.#wake), account, duty);
            if (answer.answer !== 'granted') return answer;
            if (unit === 'statements') spent.push(account);
          }
        }
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
    const duties = new Set(judged.flatMap(({ decision }) => decision.obligations.rates));
    for (const duty of duties) {
      const { rule, per, statements, everyMs, burst, groups } = duty;
      const amount = judged.filter(({ decision }) => decision.obligations.rates.includes(duty)).length;
      for (const subject of this.#subjects(per, groups, [])) {
        const name = JSON.stringify([rule, subject]);
        const waitMs = rates.take(name, amount, statements / everyMs, burst);
        if (waitMs > 0) return rateDenial(duty, subject, waitMs);
      }
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
      const answer = this.#answer(taken, account, duty);
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
    const spending = new Spending(run);
    const lifted = this.#lifted.get(run.counted);
    for (const duty of run.decision?.obligations.budgets ?? []) {
      if (lifted?.has(duty.rule) === true) continue;
      for (const [unit, max] of countedBy(duty)) {
        if (unit === 'statements') continue;
        for (const account of this.#accounts(duty, unit, max))
          spending.allotments.push(new RunAllotment(spending, duty, account, unit));
      }
    }
    this.#current = spending;
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

  #answer(
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

  #accounts(duty: BudgetDuty, unit: Unit | 'statements', max: number): readonly Account[] {
    const { rule, windowMs } = duty;
    const budgets = this.#spendings?.budgets;
    if (budgets === undefined) return [];
    return this.#subjects(duty.per, duty.groups, duty.objects).map((subject) =>
      budgets.account({ rule, subject, unit, windowMs }, max),
    );
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

function countedBy(duty: BudgetDuty): readonly (readonly [Unit | 'statements', number])[] {
  return (['statements', 'rows', 'bytes'] as const).flatMap((unit) => {
    const max = duty[unit];
    return max === null ? [] : [[unit, max] as const];
  });
}

/** For people to decide on, as they decide on a limit. */
function overDuty({ rule, approval, ...duty }: BudgetDuty, unit: Unit): LimitDuty {
  return { rule, unit, max: duty[unit] ?? 0, approval, hold: false };
}
