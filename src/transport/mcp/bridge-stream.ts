/** The stream of a legacy session: what belongs to no request. */
import { setTimeout as delay } from 'node:timers/promises';
import { type ReadMessage, readBytes } from './bridge-messages.ts';
import { LegError, type ServerLeg } from './legs.ts';

const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 30_000;

/**
 * Reads it until `signal` is aborted or the server offers it no more, and takes it up again where it breaks off. True:
 * the session is not known there any more.
 */
export async function followStream(
  leg: ServerLeg,
  signal: AbortSignal,
  onMessage: (read: ReadMessage) => Promise<void>,
): Promise<boolean> {
  let wait = RETRY_MIN_MS;
  let last: string | null = null;
  while (!signal.aborted) {
    try {
      const stream = await leg.listen(last, signal);
      if (stream === null) return false;
      for await (const event of stream.events) {
        wait = event.retryMs ?? RETRY_MIN_MS;
        last = event.id ?? last;
        if (event.message !== null) await onMessage(readBytes(event.message));
      }
    } catch (error) {
      if (error instanceof LegError && (error.fault === 'session-gone' || error.fault === 'ended'))
        return true;
    }
    try {
      await delay(wait, undefined, { signal, ref: false });
    } catch {
      return false;
    }
    wait = Math.min(wait * 2, RETRY_MAX_MS);
  }
  return false;
}
