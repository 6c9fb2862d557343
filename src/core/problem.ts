/** Something wrong in a file that a person wrote: where, what, and how to mend it. */
export interface Problem {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  readonly column: number;
  /** The key at fault, as `rules[2].when.effects`; empty for the whole file. */
  readonly key: string;
  readonly message: string;
}

/** `policy.yaml:12:9: rules[2].when.effects: expected …`, as compilers print it. */
export function formatProblem(problem: Problem): string {
  const key = problem.key === '' ? '' : `${problem.key}: `;
  return `${problem.file}:${problem.line}:${problem.column}: ${key}${problem.message}`;
}

/** Files that cannot be used, with every problem found in them. */
export class ProblemsError extends Error {
  override readonly name = 'ProblemsError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}
