import type { Policy } from '../policy/policy.ts';

/** The policy in force; a reload puts another in its place, and sessions notice at their next statement. */
export class PolicyHolder {
  #current: Policy;

  constructor(policy: Policy) {
    this.#current = policy;
  }

  get current(): Policy {
    return this.#current;
  }

  replace(policy: Policy): void {
    this.#current = policy;
  }
}
