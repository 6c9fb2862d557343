/** How refusals and denials are told: problem details (RFC 9457), in words that an agent can act on. */

export interface Problem {
  readonly status: number;
  /** A short name of the kind of problem, such as `denied`. */
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  /** The rule that decided; left out where none did. */
  readonly rule?: string;
  /** What to do about it. */
  readonly hint?: string;
  readonly approval?: { readonly ids: readonly string[]; readonly url?: string };
}

export const PROBLEM_TYPE = 'application/problem+json';

export function problemBody(problem: Problem): Buffer {
  const { code, title, status, detail, rule, hint, approval } = problem;
  return Buffer.from(
    `${JSON.stringify({ type: `urn:sluice:${code}`, title, status, detail, rule, hint, approval })}\n`,
  );
}
