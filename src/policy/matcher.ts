/** What one key under `when:` is: how it is written, and how it tests. Each lives in a file under matchers/. */
import type { z } from 'zod';
import type { StatementFacts } from '../core/facts.ts';
import type { SessionContext } from '../core/principal.ts';
import type { RequestFacts } from '../core/requests.ts';
import type { Quantifier } from './pattern.ts';

/** One statement as rules see it. */
export interface Judged {
  readonly facts: StatementFacts;
  /** The most rows it can return as far as is known now, with parameters bound; null means no bound. */
  readonly rowsMax: number | null;
  /** How many statements came in the same text. */
  readonly batchSize: number;
}

export type ContextTest = (context: SessionContext, at: Date) => boolean;
export type StatementTest = (judged: Judged, quantifier: Quantifier) => boolean;

export type RequestTest = (facts: RequestFacts, quantifier: Quantifier) => boolean;

interface MatcherBase<Value> {
  /** The key under `when:`. */
  readonly key: string;
  readonly schema: z.ZodType<Value>;
  /** One line for the docs and the JSON Schema. */
  readonly description: string;
  readonly example: string;
}

/** Asks only about the session and the time, so it is evaluated once per session. */
export interface ContextMatcher<Value> extends MatcherBase<Value> {
  readonly about: 'context';
  compile(value: Value): ContextTest;
  /** Whether its answer changes with time alone. */
  readonly timed: boolean;
}

export interface StatementMatcher<Value> extends MatcherBase<Value> {
  readonly about: 'statement';
  compile(value: Value): StatementTest;
}

/** About HTTP requests, or about calls of MCP; it matches nothing else. */
export interface RequestMatcher<Value> extends MatcherBase<Value> {
  readonly about: 'http' | 'mcp';
  compile(value: Value): RequestTest;
}
