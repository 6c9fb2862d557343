/**
 * The journal could not be written, so nothing staged in that turn has gone upstream. The reply that was expected is
 * taken back, and the client gets an error in its place; the session goes on.
 */
import { ProxyError } from '../../src/core/errors.ts';
import { failureError } from './deny.ts';
import type { Link } from './link.ts';

export function retract(link: Link, turn: number): void {
  const { reply } = link;
  if (reply === null || reply.turn !== turn) return;
  const last = link.server.due - 1;
  link.replied();
  if (reply.of === 'own') link.ask(reply.question);
  else link.refuse(failureError(new ProxyError('journal-unavailable')), last);
}
