/** What becomes of a message that does not pass as it is. */
import type { Denial } from '../../src/core/decision.ts';
import type { ProxyError } from '../../src/core/errors.ts';
import type { StatementEntry } from '../../src/core/gate.ts';
import type { Clearance } from '../../src/core/judgement.ts';
import { type Outcome, throwIfFinal } from '../sql/refusals.ts';
import { type Refused, refuseExtended, type refuseQuery } from './deny.ts';
import { denialResponse, failureResponse } from './encode.ts';
import { BLOCK, type Link } from './link.ts';
import type { Resolved } from './resolve.ts';

export const SYNTAX_ERROR = '42601';

/** A message of the extended protocol does not pass, for no reason of policy's. */
export function refuseWith(link: Link, error: ProxyError): Outcome {
  throwIfFinal(error);
  refuseExtended(link, { error: failureResponse(error), native: 'none' });
  return 'drop';
}

/** A denial as the client reads it, and whether the server has to fail as well. */
export function refusedBy(denial: Denial): Refused {
  const native = denial.native ? (denial.sqlstate === SYNTAX_ERROR ? 'text' : 'run') : 'none';
  return { error: denialResponse(denial), native };
}

/** What does not run, for whatever reason: held, or refused in the way that the message asks for. */
export function unresolved(
  link: Link,
  resolved: Exclude<Resolved, { resolved: 'runs' }>,
  clearance: Clearance,
  statement: StatementEntry,
  refuse: typeof refuseQuery,
): Outcome {
  switch (resolved.resolved) {
    case 'pending':
      link.block(BLOCK.answer);
      return 'hold';
    case 'uncertain':
      link.block(BLOCK.replies);
      return 'hold';
    case 'failed':
      throwIfFinal(resolved.error);
      refuse(link, { error: failureResponse(resolved.error), native: 'none' });
      return 'drop';
    case 'denied':
      link.gate.refuse(resolved.denial, clearance.journalMembers, statement);
      refuse(link, refusedBy(resolved.denial));
      return 'drop';
  }
}
