/** What becomes of a command that does not pass as it is. */
import type { Denial } from '../../src/core/decision.ts';
import type { ProxyError } from '../../src/core/errors.ts';
import type { StatementEntry } from '../../src/core/gate.ts';
import type { Clearance } from '../../src/core/judgement.ts';
import { entry, type Outcome, throwIfFinal } from '../sql/refusals.ts';
import { denialError, failureError } from './deny.ts';
import { BLOCK, type Link } from './link.ts';
import type { Unresolved } from './resolve.ts';

/** A command: its payload, and the sequence id of its last packet. */
export interface Command {
  readonly bytes: Buffer;
  /** Of its first byte, which says what it is. */
  readonly start: number;
  readonly end: number;
  readonly last: number;
}

const NOTHING = Buffer.alloc(0);

export function hold(link: Link): Outcome {
  link.block(BLOCK.answer);
  return 'hold';
}

export function unresolved(
  link: Link,
  resolved: Unresolved,
  command: Command,
  clearance: Clearance,
  statement: StatementEntry,
): Outcome {
  switch (resolved.resolved) {
    case 'pending':
      return hold(link);
    case 'failed':
      return fail(link, resolved.error, command);
    case 'denied':
      return deny(link, resolved.denial, command, clearance, statement);
  }
}

/** It is journaled, and the client told. */
export function deny(
  link: Link,
  denial: Denial,
  command: Command,
  clearance: Clearance | null = null,
  statement: StatementEntry = entry('execute', NOTHING),
): Outcome {
  link.gate.refuse(denial, clearance?.journalMembers ?? '', statement);
  return refuse(link, denial, command);
}

export function refuse(link: Link, denial: Denial, command: Command): Outcome {
  link.refuse(denialError(denial), command.last);
  return 'drop';
}

/** Some failures end the session. */
export function fail(link: Link, error: ProxyError, command: Command): Outcome {
  throwIfFinal(error);
  link.refuse(failureError(error), command.last);
  return 'drop';
}
