/** How much a result that is under way may send: the least that its budgets have allotted to it. */
import type { BudgetDuty } from '../core/decision.ts';
import type { SpendingRun } from '../core/gate.ts';
import type { Account, Allotment } from '../limits/account.ts';

/** What one budget has allotted to the run that is under way. */
export class RunAllotment implements Allotment {
  granted = 0;
  readonly duty: BudgetDuty;
  readonly account: Account;
  readonly unit: 'rows' | 'bytes';
  readonly #spending: RunSpending;
  #from = 0;

  constructor(spending: RunSpending, duty: BudgetDuty, account: Account, unit: 'rows' | 'bytes') {
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
export class RunSpending {
  readonly run: SpendingRun;
  allotments: RunAllotment[] = [];

  constructor(run: SpendingRun) {
    this.run = run;
  }

  /** The least that any of them leaves. */
  tighten(): void {
    const { run } = this;
    const { counted, bounds } = run;
    let { rows, rowsRule, bytes, bytesRule } = bounds;
    for (const { unit, left, duty } of this.allotments) {
      const max = counted[unit] + Math.max(0, left);
      if (unit === 'rows' && (rows === null || max < rows)) {
        rows = max;
        rowsRule = duty.rule;
      } else if (unit === 'bytes' && (bytes === null || max < bytes)) {
        bytes = max;
        bytesRule = duty.rule;
      }
    }
    run.limit = { rows, rowsRule, bytes, bytesRule };
  }

  close(): void {
    for (const allotment of this.allotments) allotment.account.close(allotment);
    this.allotments = [];
  }
}
