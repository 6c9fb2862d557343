/**
 * The journal could not be written, so nothing staged in that turn has gone upstream. What was expected in reply
 * is taken back, and the client gets an error for each part of it that it waits for; the session goes on.
 */
import { ProxyError } from '../../src/core/errors.ts';
import { refuseExtended, refuseQuery } from './deny.ts';
import { failureResponse } from './encode.ts';
import type { Link } from './link.ts';
import { BLOCK } from './link.ts';
import type { Expectation } from './replies.ts';
import { revoke } from './run-ends.ts';

export function retract(link: Link, turn: number): void {
  const taken = takeTurn(link, turn);
  const refused = { error: failureResponse(new ProxyError('journal-unavailable')), native: 'none' } as const;
  // What the statements would have changed has not been changed.
  link.unblock(BLOCK.copy);
  link.skipping = false;
  let failedUpToSync = false;
  for (const expectation of taken) {
    revoke(link, expectation);
    switch (expectation.of) {
      case 'query':
      case 'poison-query':
        if (!failedUpToSync) refuseQuery(link, refused);
        break;
      case 'sync':
        link.skipping = false;
        link.sendSync();
        failedUpToSync = false;
        break;
      case 'owed':
        // Behind a message that has failed by now, the server would have skipped this one.
        if (failedUpToSync && !expectation.ready) break;
        link.replies.push(expectation);
        failedUpToSync ||= !expectation.ready;
        break;
      case 'probe-alone':
      case 'probe-pipeline':
        link.readingStale = true;
        break;
      default:
        // The first message of the pipeline that was to go: it fails there, up to Sync.
        if (!failedUpToSync) refuseExtended(link, refused);
        failedUpToSync = true;
        break;
    }
  }
  link.skipping = failedUpToSync;
  link.payDebts();
}

/** The expectations of that turn, oldest first, off the queue. */
function takeTurn(link: Link, turn: number): readonly Expectation[] {
  const taken: Expectation[] = [];
  for (let last = link.replies.last(); last !== null && last.turn === turn; last = link.replies.last()) {
    link.replies.pop();
    taken.unshift(last);
  }
  return taken;
}
