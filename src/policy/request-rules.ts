/** What a rule asks of requests, and of what kind of statement it speaks at all. */
import type { RequestFacts } from '../core/requests.ts';
import type { RequestTest } from './matcher.ts';
import { MATCHERS } from './matchers/index.ts';
import type { Quantifier } from './pattern.ts';
import type { WhenDocument } from './schema.ts';

/** `any`: it asks only who, where and when, so it speaks of SQL and of requests alike. */
export type Subject = 'sql' | 'http' | 'mcp' | 'any';

/** The subjects that the keys of a rule speak of; more than one, and it can never match. */
export function subjectsOf(when: WhenDocument): readonly Exclude<Subject, 'any'>[] {
  const subjects = new Set<Exclude<Subject, 'any'>>();
  for (const [key, value] of Object.entries(when)) {
    const about = Object.values(MATCHERS).find((matcher) => matcher.key === key)?.about;
    if (value === undefined || about === undefined || about === 'context') continue;
    subjects.add(about === 'statement' ? 'sql' : about);
  }
  return [...subjects];
}

export class RequestRule {
  readonly subject: Subject;
  readonly #tests: readonly RequestTest[];

  constructor(when: WhenDocument) {
    this.subject = subjectsOf(when)[0] ?? 'any';
    const tests: (RequestTest | null)[] = [
      when.methods === undefined ? null : MATCHERS.methods.compile(when.methods),
      when.paths === undefined ? null : MATCHERS.paths.compile(when.paths),
      when.headers === undefined ? null : MATCHERS.headers.compile(when.headers),
      when.body === undefined ? null : MATCHERS.body.compile(when.body),
      when.tools === undefined ? null : MATCHERS.tools.compile(when.tools),
      when.resources === undefined ? null : MATCHERS.resources.compile(when.resources),
      when.calls === undefined ? null : MATCHERS.calls.compile(when.calls),
      when.prompts === undefined ? null : MATCHERS.prompts.compile(when.prompts),
      when.arguments === undefined ? null : MATCHERS.arguments.compile(when.arguments),
    ];
    this.#tests = tests.filter((test) => test !== null);
  }

  get speaksOfSql(): boolean {
    return this.subject === 'sql' || this.subject === 'any';
  }

  /** `some`: may it be meant, for every action but allow; `every`: does it surely allow the whole of it. */
  speaksOf(facts: RequestFacts, quantifier: Quantifier): boolean {
    if (this.subject !== 'any' && this.subject !== facts.about) return false;
    return this.#tests.every((test) => test(facts, quantifier));
  }
}
