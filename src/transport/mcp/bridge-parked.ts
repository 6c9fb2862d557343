/**
 * Requests that wait for their client to come back with what the server asked for. The state that the client carries is
 * a random name of the place here, good once, for the same principal and the same request (2026-07-28, multi round-trip
 * requests, server requirements).
 */
import { randomBytes } from 'node:crypto';
import type { AskedOfClient, BridgeCall } from './bridge-call.ts';
import type { LegacySession } from './bridge-legacy-session.ts';

const STATE_BYTES = 24;

export interface ParkedCall {
  readonly session: LegacySession;
  readonly call: BridgeCall;
  /** By the keys under which the client was asked. */
  readonly asked: ReadonlyMap<string, AskedOfClient>;
  /** Who may take it up again. */
  readonly principal: string;
  /** Of the request, so that nothing else is answered with it. */
  readonly digest: string;
}

export interface ParkedLimits {
  readonly expiresAfterMs: number;
  readonly perPrincipalMax: number;
}

interface Place {
  readonly parked: ParkedCall;
  readonly timer: NodeJS.Timeout;
}

export class ParkedCalls {
  readonly #limits: ParkedLimits;
  readonly #places = new Map<string, Place>();

  constructor(limits: ParkedLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#places.size;
  }

  /** The state for the client. Of a principal that has too many, the oldest is given up. */
  park(parked: ParkedCall): string {
    const own = [...this.#places].filter(([, place]) => place.parked.principal === parked.principal);
    for (const [state] of own.slice(0, Math.max(0, own.length + 1 - this.#limits.perPrincipalMax)))
      this.#giveUp(state);
    const state = randomBytes(STATE_BYTES).toString('base64url');
    const timer = setTimeout(() => this.#giveUp(state), this.#limits.expiresAfterMs).unref();
    this.#places.set(state, { parked, timer });
    parked.call.signal.addEventListener('abort', () => this.#take(state), { once: true });
    return state;
  }

  /** Null: it is not known, has expired, was used before, or is not for this principal or request. */
  claim(state: string, principal: string, digest: string): ParkedCall | null {
    const parked = this.#places.get(state)?.parked;
    if (parked === undefined || parked.principal !== principal || parked.digest !== digest) return null;
    return this.#take(state);
  }

  close(): void {
    for (const state of [...this.#places.keys()]) this.#giveUp(state);
  }

  #take(state: string): ParkedCall | null {
    const place = this.#places.get(state);
    if (place === undefined) return null;
    clearTimeout(place.timer);
    this.#places.delete(state);
    return place.parked;
  }

  #giveUp(state: string): void {
    const parked = this.#take(state);
    if (parked === null) return;
    for (const { id } of parked.asked.values())
      parked.session.refuse(id, 'the client has not answered in time');
    parked.session.cancel(parked.call);
  }
}
