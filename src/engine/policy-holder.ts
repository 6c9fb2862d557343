import type { Policy } from '../policy/policy.ts';

/** The policy in force; a reload puts another in its place, and sessions notice at their next statement. */
export class PolicyHolder {
  #current: Policy;
  readonly #onChange: (policy: Policy) => void;

  /** `onChange` hears of each policy, the first included, before anything is judged by it. */
  constructor(policy: Policy, onChange: (policy: Policy) => void = () => {}) {
    this.#current = policy;
    this.#onChange = onChange;
    onChange(policy);
  }

  get current(): Policy {
    return this.#current;
  }

  replace(policy: Policy): void {
    this.#onChange(policy);
    this.#current = policy;
  }
}
