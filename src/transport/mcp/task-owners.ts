/**
 * Which call a task came of: rules on its tool hold for its result as well, and nobody but who began it may ask about it.
 * Kept for the newest tasks; one that is not known is nobody's.
 */
import type { CallFacts } from '../../core/requests.ts';

const TASKS_MAX = 20_000;

export class TaskOwners {
  readonly #calls = new Map<string, CallFacts>();

  began(principal: string, task: string, call: CallFacts): void {
    const key = keyOf(principal, task);
    this.#calls.delete(key);
    this.#calls.set(key, { ...call, arguments: { kind: 'none' } });
    if (this.#calls.size > TASKS_MAX) this.#calls.delete(this.#calls.keys().next().value ?? '');
  }

  /** Null: this principal has begun no such task. */
  callOf(principal: string, task: string): CallFacts | null {
    return this.#calls.get(keyOf(principal, task)) ?? null;
  }
}

function keyOf(principal: string, task: string): string {
  return JSON.stringify([principal, task]);
}
