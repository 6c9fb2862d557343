import type { Pending } from '../core/login.ts';

/** The answer of a promise that never rejects; `wake` is called once it is there. */
export function pendingOf<Answer>(promise: Promise<Answer>, wake: () => void): Pending<Answer> {
  let settled: Answer | null = null;
  void promise.then((answer) => {
    settled = answer;
    wake();
  });
  return { answer: () => settled };
}
