import type { StatementFacts } from '../core/facts.ts';
import type { Judgement } from '../core/judgement.ts';

/**
 * A text that has been read: the facts of its statements, and what the gate has said of it in each context so
 * far, so that a text seen before costs a look-up. One entry stands for every text that differs from it only in
 * literals on which no fact depends.
 */
export class SqlEntry {
  readonly statements: readonly StatementFacts[];
  /** By context id (policy/contexts.ts); the gate's own memory, kept here so that one look-up finds both. */
  readonly judgements = new Map<number, Judgement>();

  constructor(statements: readonly StatementFacts[]) {
    this.statements = statements;
  }
}
