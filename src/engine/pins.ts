/**
 * What the server of one listener offers to models is pinned: what is seen for the first time is recorded and stands; what
 * changes is held, neither shown nor called, until somebody has reviewed the difference. So is what looks like something
 * that is pinned already, and what has something hidden in it.
 */
import { hash } from 'node:crypto';
import type { AlertCircumstances } from '../alerts/index.ts';
import type { Pin, PinKind, StateStore } from '../state/store.ts';

/** Something that a server offers, as a list has shown it. */
export interface Offered {
  readonly kind: PinKind;
  readonly name: string;
  readonly skeleton: string;
  /** In canonical JSON: equal for equal definitions. */
  readonly definition: string;
  /** What is wrong with it as it stands; null: nothing. */
  readonly problem: string | null;
}

/** `unknown`: it was never seen. `held`: it must be neither shown nor called. */
export type Standing =
  | { readonly standing: 'shown'; readonly hash: string }
  | { readonly standing: 'unknown' }
  | { readonly standing: 'held'; readonly why: string };

export interface PinsOptions {
  readonly listener: string;
  readonly store: Pick<StateStore, 'pins' | 'watch'>;
  /** Adds a record to the journal, as JSON members. */
  record(type: string, members: string): void;
  /** Somebody ought to hear of a definition that is held. */
  alert(circumstances: AlertCircumstances): void;
}

/** Who has seen it. */
export interface PinWitness {
  readonly principal: string;
  /** As `identityKey` tells principals apart. */
  readonly viewer: string;
  readonly session: string;
}

interface Seen {
  readonly hash: string;
  /** What waited for a review then. */
  readonly pending: string | null;
}

const PRINCIPALS_MAX = 1_000;
const OFFERS_MAX = 5_000;

export class Pins {
  readonly #options: PinsOptions;
  #pins: Map<string, Pin> | null = null;
  #loading: Promise<Map<string, Pin>> | null = null;
  readonly #unwatch: () => void;
  #changes = 0;
  /** What each principal was shown last here: servers may show different things to different people. */
  readonly #seen = new Map<string, Map<string, Seen>>();

  constructor(options: PinsOptions) {
    this.#options = options;
    this.#unwatch = options.store.watch('pins', () => {
      this.#changes++;
      const before = this.#pins;
      this.#pins = null;
      this.#loading = null;
      if (before !== null) void this.#recordReviews(before);
    });
  }

  /** Somebody has reviewed what was held: that is in the journal before anything is called by it. */
  async #recordReviews(before: ReadonlyMap<string, Pin>): Promise<void> {
    const now = await this.#load().catch(() => null);
    // What cannot be read now is read before the next call, and recorded by other instances.
    for (const [key, { listener, kind, name, accepted, acceptedBy: by }] of now ?? []) {
      if (accepted === null || by === null || before.get(key)?.accepted === accepted) continue;
      const members = { listener, what: 'accepted', kind, name, definition: hashOf(accepted), by };
      this.#options.record('pin', JSON.stringify(members).slice(1, -1));
    }
  }

  /** How often what is pinned has changed, at this instance or another. */
  get changes(): number {
    return this.#changes;
  }

  close(): void {
    this.#unwatch();
  }

  /** Rejects with StoreUnavailable: then nothing may be shown. */
  async look(offers: readonly Offered[], witness: PinWitness): Promise<readonly Standing[]> {
    const standings: Standing[] = [];
    for (const offer of offers) standings.push(await this.#look(offer, witness));
    return standings;
  }

  async #look(offer: Offered, witness: PinWitness): Promise<Standing> {
    const { kind, name, definition, problem } = offer;
    const { listener, store } = this.#options;
    const pins = await this.#load();
    const key = keyOf(kind, name);
    const known = pins.get(key);
    const digest = hashOf(definition);
    const sees = (pending: string | null) => this.#sees(witness.viewer, key, { hash: digest, pending });
    if (known === undefined) {
      const why = problem ?? lookalikeIn(pins, offer);
      const pin = await store.pins.first({
        listener,
        kind,
        name,
        skeleton: offer.skeleton,
        accepted: why === null ? definition : null,
        acceptedBy: null,
        pending: why === null ? null : definition,
        pendingWhy: why,
      });
      pins.set(key, pin);
      if (
        pin.accepted === (why === null ? definition : null) &&
        pin.pending === (why === null ? null : definition)
      ) {
        sees(pin.pending);
        this.#note(why === null ? 'first' : 'held', offer, digest, why, witness);
        return why === null ? { standing: 'shown', hash: digest } : held(offer, why);
      }
      return this.#look(offer, witness);
    }
    sees(known.accepted === definition ? known.pending : definition);
    if (known.accepted === definition) return { standing: 'shown', hash: digest };
    if (known.pending === definition) return held(offer, known.pendingWhy ?? CHANGED);
    const why = problem ?? CHANGED;
    const isNew = await store.pins.hold({ listener, kind, name }, definition, why);
    pins.set(key, { ...known, pending: definition, pendingWhy: why });
    if (isNew) this.#note('held', offer, digest, why, witness);
    return held(offer, why);
  }

  /** Of what is called by its name, as far as this principal was shown it. Rejects with StoreUnavailable. */
  standing(kind: PinKind, name: string, viewer: string): Standing | Promise<Standing> {
    const pins = this.#pins;
    if (pins !== null) return this.#standingIn(pins, kind, name, viewer);
    return this.#load().then((loaded) => this.#standingIn(loaded, kind, name, viewer));
  }

  #standingIn(pins: ReadonlyMap<string, Pin>, kind: PinKind, name: string, viewer: string): Standing {
    const key = keyOf(kind, name);
    const pin = pins.get(key);
    if (pin === undefined) return { standing: 'unknown' };
    const seen = this.#seen.get(viewer)?.get(key);
    const accepted = acceptedHash(pin);
    if (pin.pending === null)
      return accepted !== null && (seen === undefined || seen.hash === accepted)
        ? { standing: 'shown', hash: accepted }
        : { standing: 'unknown' };
    // It has changed for somebody since, maybe at another instance: whether for this principal, its list has to say.
    if (seen === undefined || seen.pending !== pin.pending) return { standing: 'unknown' };
    if (accepted !== null && seen.hash === accepted) return { standing: 'shown', hash: accepted };
    return held({ kind, name }, pin.pendingWhy ?? CHANGED);
  }

  #sees(viewer: string, key: string, what: Seen): void {
    let seen = this.#seen.get(viewer);
    if (seen === undefined) {
      if (this.#seen.size >= PRINCIPALS_MAX) this.#seen.delete(this.#seen.keys().next().value ?? '');
      seen = new Map();
      this.#seen.set(viewer, seen);
    }
    if (seen.size >= OFFERS_MAX) seen.delete(seen.keys().next().value ?? '');
    seen.set(key, what);
  }

  async #load(): Promise<Map<string, Pin>> {
    if (this.#pins !== null) return this.#pins;
    const { listener, store } = this.#options;
    this.#loading ??= store.pins.list(listener).then((pins) => {
      const loaded = new Map(pins.map((pin) => [keyOf(pin.kind, pin.name), pin]));
      return loaded;
    });
    const loading = this.#loading;
    try {
      const pins = await loading;
      // What has changed meanwhile is read by another one.
      if (this.#loading === loading) this.#pins = pins;
      return pins;
    } catch (error) {
      if (this.#loading === loading) this.#loading = null;
      throw error;
    }
  }

  #note(
    what: 'first' | 'held',
    { kind, name }: Offered,
    digest: string,
    why: string | null,
    { principal, session }: PinWitness,
  ): void {
    const { listener, record, alert } = this.#options;
    const members = {
      listener,
      session,
      what,
      kind,
      name,
      definition: digest,
      ...(why === null ? {} : { why }),
    };
    record('pin', JSON.stringify(members).slice(1, -1));
    if (why === null) return;
    alert({
      principal,
      listener,
      session,
      message: `the ${kind} "${shown(name)}" of ${listener} is held: it ${why}`,
    });
  }
}

const CHANGED = 'has changed since it was seen first or reviewed last';

export function hashOf(definition: string): string {
  return `sha256:${hash('sha256', definition, 'hex')}`;
}

/** A definition may be long, and is asked for with every call. */
const ACCEPTED_HASHES = new WeakMap<Pin, string>();

function acceptedHash(pin: Pin): string | null {
  if (pin.accepted === null) return null;
  const known = ACCEPTED_HASHES.get(pin);
  if (known !== undefined) return known;
  const made = hashOf(pin.accepted);
  ACCEPTED_HASHES.set(pin, made);
  return made;
}

function keyOf(kind: PinKind, name: string): string {
  return `${kind} ${name}`;
}

function lookalikeIn(pins: ReadonlyMap<string, Pin>, { kind, name, skeleton }: Offered): string | null {
  for (const pin of pins.values())
    if (pin.kind === kind && pin.name !== name && pin.skeleton === skeleton)
      return `looks like "${shown(pin.name)}", which was there before`;
  return null;
}

function held({ kind, name }: { readonly kind: PinKind; readonly name: string }, why: string): Standing {
  return { standing: 'held', why: `the ${kind} "${shown(name)}" ${why}` };
}

function shown(name: string): string {
  return name.replaceAll(/\p{C}/gu, '�').slice(0, 100);
}
