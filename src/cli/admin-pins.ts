/** Pinned definitions of the state store, as the admin API shows and reviews them. */
import { hash } from 'node:crypto';
import type { PinInfo } from '../admin/pin-wire.ts';
import type { PinsPort } from '../admin/ports.ts';
import { hashOf } from '../engine/pins.ts';
import type { Pin, PinKey, StateStore } from '../state/store.ts';
import { shownDefinition } from './definition-text.ts';
import { acceptLooked, differenceOf } from './pin-review.ts';

const ID_DIGITS = 32;

export function pinsOf(state: Pick<StateStore, 'pins'>): PinsPort {
  const found = async (id: string): Promise<Pin | null> =>
    (await state.pins.list(null)).find((pin) => idOf(pin) === id) ?? null;
  return {
    async list() {
      const pins = await state.pins.list(null);
      const isHeld = ({ pending }: Pin) => pending !== null;
      return [...pins.filter(isHeld), ...pins.filter((pin) => !isHeld(pin))].map(infoOf);
    },
    async get(id) {
      const pin = await found(id);
      if (pin === null) return null;
      const { accepted, pending } = pin;
      return {
        pin: infoOf(pin),
        acceptedText: accepted === null ? null : shownDefinition(accepted),
        pendingText: pending === null ? null : shownDefinition(pending),
        difference: differenceOf(pin),
      };
    },
    async accept(id, definition, by) {
      const pin = await found(id);
      return pin !== null && (await acceptLooked(state, pin, definition, by)).outcome === 'accepted';
    },
    async forget(id) {
      const pin = await found(id);
      return pin !== null && state.pins.forget(pin);
    },
  };
}

/** Names are the server's, of any length and any characters: addresses take this in their place. */
function idOf({ listener, kind, name }: PinKey): string {
  return hash('sha256', JSON.stringify([listener, kind, name]), 'hex').slice(0, ID_DIGITS);
}

function infoOf(pin: Pin): PinInfo {
  const { listener, kind, name, seenAt, accepted, acceptedBy, pending, pendingWhy } = pin;
  return {
    id: idOf(pin),
    listener,
    kind,
    name,
    seenAt: new Date(seenAt).toISOString(),
    why: pending === null ? null : (pendingWhy ?? 'has changed'),
    accepted: accepted === null ? null : hashOf(accepted),
    acceptedBy,
    pending: pending === null ? null : hashOf(pending),
  };
}
