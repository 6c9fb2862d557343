/**
 * How a refusal enters the stream of replies: in its place, once, leaving the session usable.
 *
 * A message that is refused is simply not sent, and Sluice owes its error. Two cases need the server's help:
 * when statements of the same pipeline have already gone there outside a transaction block, the pipeline has to
 * fail as a whole, as it would have; and when the server itself would have failed the statement, the transaction
 * has to fail with it. Then a message that the server must refuse (POISON_SQL) goes in the place of the refused
 * one, and its error is replaced (adr/0007).
 */
import { FLUSH, parseMessage, queryMessage } from './encode.ts';
import type { Link } from './link.ts';
import { STATUS_IDLE, STATUS_TRANSACTION } from './messages.ts';
import type { NameChange } from './names.ts';

/** There is no such column anywhere. Seen in the server's log, it says where it comes from. */
export const POISON_SQL = 'SELECT sluice_refused_this_statement';
/** undefined_column: what the server says of it, unless the transaction has failed already. */
export const POISON_SQLSTATE = '42703';
const POISON_NAME = 'sluice_refused';
const POISON_QUERY = queryMessage(POISON_SQL);
const POISON_PARSE = parseMessage(POISON_NAME, POISON_SQL);

/**
 * Whether the server would have failed here, too: `text`, when it read the text, before anything else; `run`, when it
 * came to run it, where a transaction that has failed already is the better reason.
 */
export type Nativeness = 'none' | 'text' | 'run';

export interface Refused {
  readonly error: Buffer;
  readonly native: Nativeness;
}

/** A Query (or FunctionCall) does not pass: an error, then ReadyForQuery. */
export function refuseQuery(link: Link, refused: Refused): void {
  if (link.executedSinceSync || (refused.native !== 'none' && mayBeInTransaction(link))) {
    link.toServer(POISON_QUERY);
    link.replies.push({ of: 'poison-query', ...refused, failed: false, turn: link.turn });
    link.executedSinceSync = false;
    link.unsynced = false;
    link.names.beginSection();
    return;
  }
  owe(link, refused.error, true, null);
}

/**
 * A message of the extended protocol does not pass: an error, then nothing up to Sync. `lost`: a name that stands for
 * nothing from here on, since what it was to stand for is refused.
 */
export function refuseExtended(link: Link, refused: Refused, lost: NameChange | null = null): void {
  if (lost !== null) link.names.announce(lost);
  link.skipping = true;
  if (mustFailUpstream(link, refused)) {
    link.toServer(POISON_PARSE);
    link.replies.push({ of: 'poison', ...refused, turn: link.turn, change: lost });
    link.unsynced = true;
    return;
  }
  owe(link, refused.error, false, lost);
}

/** The server keeps the replies of an unfinished pipeline to itself; the error has to wait for them, so it is asked. */
function owe(link: Link, bytes: Buffer, ready: boolean, change: NameChange | null): void {
  if (link.unsynced && link.replies.size > 0) link.toServer(FLUSH);
  link.replies.push({ of: 'owed', bytes, ready, turn: link.turn, change });
  link.payDebts();
}

function mustFailUpstream(link: Link, refused: Refused): boolean {
  if (refused.native !== 'none' && mayBeInTransaction(link)) return true;
  if (!link.executedSinceSync) return false;
  const inBlock = link.status === STATUS_TRANSACTION && !link.transactionMoved;
  return !inBlock;
}

function mayBeInTransaction(link: Link): boolean {
  return link.status !== STATUS_IDLE || link.replies.size > 0;
}
