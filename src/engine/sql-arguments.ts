/**
 * SQL that is not sent to a database but to somebody who will send it there, such as an MCP server: judged by the very gate
 * of the listener in front of that database, for the principal who sends it. Only verdicts count here: approvals, budgets,
 * limits and masks are owed where the statement itself arrives.
 */
import type { Denial } from '../core/decision.ts';
import type { ProxyError } from '../core/errors.ts';
import type { SqlAnswer } from '../core/gate.ts';
import type { SessionId } from '../core/ids.ts';
import type { SessionContext } from '../core/principal.ts';
import type { SqlDomain } from './sql-domain.ts';
import { SessionGate } from './sql-gate.ts';

/** Texts of one request: more are not judged. */
const TEXTS_MAX = 1_000;

export type SqlVerdict =
  | { readonly verdict: 'passes' }
  | { readonly verdict: 'denied'; readonly denial: Denial }
  | { readonly verdict: 'failed'; readonly error: ProxyError };

/** Where SQL in arguments goes. */
export interface SqlTarget {
  /** Of the listener that is in front of the database: rules may name it. */
  readonly listener: string;
  readonly domain: SqlDomain;
  /** As sessions begin there: schemas that are searched, or the current database. Null: names are read every way. */
  readonly path: readonly string[] | null;
  /** The sql_mode that sessions begin with, where the dialect has modes. */
  readonly mode: string | null;
}

export class SqlArguments {
  readonly #target: SqlTarget;

  constructor(target: SqlTarget) {
    this.#target = target;
  }

  get listener(): string {
    return this.#target.listener;
  }

  /** Every text has to pass; the first that does not says why none does. */
  async judge(
    texts: readonly string[],
    session: SessionId,
    { principal, clientAddress }: SessionContext,
  ): Promise<SqlVerdict> {
    if (texts.length > TEXTS_MAX) return { verdict: 'denied', denial: TOO_MANY };
    const { listener, domain, path, mode } = this.#target;
    const context: SessionContext = { principal, clientAddress, listener };
    let wake = () => {};
    const gate = new SessionGate(
      domain,
      session,
      context,
      (step) => step(),
      () => wake(),
    );
    gate.setPath(path);
    gate.setMode(mode);
    try {
      for (const text of texts) {
        const bytes = Buffer.from(text);
        for (;;) {
          const woken = new Promise<void>((resolve) => {
            wake = resolve;
          });
          const verdict = verdictOf(gate.judge(bytes, 0, bytes.length));
          if (verdict === 'pending') await woken;
          else if (verdict.verdict !== 'passes') return verdict;
          else break;
        }
      }
      return { verdict: 'passes' };
    } finally {
      gate.close();
    }
  }
}

function verdictOf(answer: SqlAnswer): SqlVerdict | 'pending' {
  switch (answer.outcome) {
    case 'pending':
      return 'pending';
    case 'clear':
      return { verdict: 'passes' };
    case 'denied':
      return { verdict: 'denied', denial: answer.denial };
    case 'failed':
      return { verdict: 'failed', error: answer.error };
  }
}

const TOO_MANY: Denial = {
  sqlstate: '54000',
  message: `a call with more than ${TEXTS_MAX} SQL texts is not judged`,
  detail: null,
  hint: 'Send fewer statements at a time.',
  position: null,
  rule: 'sluice/unreadable',
  native: false,
};
