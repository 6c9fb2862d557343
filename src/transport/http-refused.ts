/** A request that ends with a problem, thrown wherever that shows. */
import type { Problem } from '../../protocols/http/index.ts';

export class Refused extends Error {
  override readonly name = 'Refused';
  readonly problem: Problem;
  /** What follows on the connection cannot be trusted, or is not waited for. */
  readonly closes: boolean;

  constructor(told: Problem, closes = false) {
    super(told.code);
    this.problem = told;
    this.closes = closes;
  }
}
