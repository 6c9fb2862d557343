/**
 * Raises alerts. How often something has happened to a principal is counted in the store that instances share, so that
 * an alert is raised once, wherever its causes came. What is raised is in the journal first; then it is told.
 */
import { randomBytes } from 'node:crypto';
import type { AlertDuty, AlertEvent } from '../core/alerts.ts';
import type { StateStore } from '../state/store.ts';

export interface AlertCircumstances {
  readonly principal: string;
  readonly listener: string | null;
  readonly session: string | null;
  readonly message: string;
}

export interface AlertsOptions {
  readonly store: StateStore;
  readonly instance: string;
  /** Adds a record to the journal, as JSON members. */
  record(type: string, members: string): void;
  announce(alert: AlertEvent): void;
  log(message: string, error: Error): void;
  /** Milliseconds since the epoch. */
  clock(): number;
}

/** More that are being counted at once are not counted. */
const UNDER_WAY_MAX = 1000;
const MUTED_MAX = 10_000;
/** No rule of a policy has such a name. */
export const ALERT_RULE_PREFIX = 'sluice/alert/';
const SEEN_MAX = 50_000;

export class Alerts {
  readonly #options: AlertsOptions;
  /** Until when a principal's alert needs no counting: it has been raised, and its window is full. */
  readonly #muted = new Map<string, number>();
  readonly #seen = new Set<string>();
  readonly #underWay = new Set<Promise<void>>();
  /** How often each has happened since the store was asked about it, while it is being asked. */
  readonly #counting = new Map<string, { times: number }>();
  readonly #quarantining = new Set<string>();
  /** How many were raised since the start, by cause. */
  readonly counts = new Map<string, number>();

  constructor(options: AlertsOptions) {
    this.#options = options;
  }

  /** Something that the alert is about has happened. */
  note(duty: AlertDuty, circumstances: AlertCircumstances): void {
    const { clock } = this.#options;
    const { windowMs } = duty;
    if (windowMs === null) {
      this.#raise(duty, circumstances);
      return;
    }
    const key = JSON.stringify([duty.name, circumstances.principal]);
    const mutedUntil = this.#muted.get(key);
    if (mutedUntil !== undefined && clock() < mutedUntil) return;
    this.#muted.delete(key);
    const counting = this.#counting.get(key);
    if (counting !== undefined) {
      counting.times++;
      return;
    }
    const begun = { times: 1 };
    this.#counting.set(key, begun);
    const isTracked = this.#track(() =>
      this.#count(duty, windowMs, circumstances, begun, key).finally(() => this.#counting.delete(key)),
    );
    if (!isTracked) this.#counting.delete(key);
  }

  /** What happens while the store is asked is counted with the next question: a flood is one question at a time. */
  async #count(
    duty: AlertDuty,
    windowMs: number,
    circumstances: AlertCircumstances,
    counting: { times: number },
    key: string,
  ): Promise<void> {
    const { store, instance, clock } = this.#options;
    const account = {
      rule: `${ALERT_RULE_PREFIX}${duty.name}`,
      subject: `user:${circumstances.principal}`,
      unit: 'statements',
      windowMs,
    } as const;
    while (counting.times > 0) {
      const { times } = counting;
      counting.times = 0;
      const lease = await store.ledger.lease(account, times, duty.after, instance);
      if (lease.granted > 0) await store.ledger.settle(lease.id, lease.granted);
      if (lease.left > 0) continue;
      if (this.#muted.size >= MUTED_MAX) this.#muted.clear();
      this.#muted.set(key, clock() + Math.min(windowMs, lease.refillsInMs ?? windowMs));
      if (lease.granted > 0) this.#raise(duty, circumstances);
      return;
    }
  }

  /** Raises it where this principal has never been seen at that before, on any instance. */
  noteFirst(duty: AlertDuty, subject: string, circumstances: AlertCircumstances): void {
    const key = JSON.stringify([circumstances.principal, subject]);
    if (this.#seen.has(key)) return;
    this.#track(async () => {
      if (this.#seen.size >= SEEN_MAX) this.#seen.clear();
      this.#seen.add(key);
      try {
        if (await this.#options.store.sightings.first('masked-table', key)) this.note(duty, circumstances);
      } catch (error) {
        this.#seen.delete(key);
        throw error;
      }
    });
  }

  /** False where too much is under way already. */
  #track(step: () => Promise<void>): boolean {
    if (this.#underWay.size >= UNDER_WAY_MAX) return false;
    this.#start(step);
    return true;
  }

  #start(step: () => Promise<void>): void {
    const task = step()
      .catch((error: unknown) => this.#failed('an alert could not be counted', error))
      .finally(() => this.#underWay.delete(task));
    this.#underWay.add(task);
  }

  #raise(duty: AlertDuty, { principal, listener, session, message }: AlertCircumstances): void {
    const { record, announce, clock, store } = this.#options;
    const at = clock();
    const { name, on, quarantineMs } = duty;
    const quarantinedUntil = quarantineMs === null ? null : at + quarantineMs;
    const event: AlertEvent = {
      id: randomBytes(8).toString('hex'),
      at,
      alert: name,
      on,
      principal,
      listener,
      session,
      message,
      quarantinedUntil,
    };
    this.counts.set(on, (this.counts.get(on) ?? 0) + 1);
    const { id: _id, at: _at, ...members } = event;
    record('alert', JSON.stringify({ ...members, id: event.id }).slice(1, -1));
    announce(event);
    if (quarantineMs !== null) this.#quarantine(principal, quarantineMs, `alert "${name}": ${message}`);
    this.#track(() => store.alerts.put(event));
  }

  /** However much is under way, it is done; for one principal one at a time. */
  #quarantine(subject: string, forMs: number, reason: string): void {
    const { store } = this.#options;
    const key = JSON.stringify([subject, forMs]);
    if (this.#quarantining.has(key)) return;
    this.#quarantining.add(key);
    this.#start(async () => {
      try {
        const at = await store.now();
        await store.revocations.put({
          kind: 'quarantine',
          subject,
          reason,
          by: 'sluice',
          at,
          until: at + forMs,
        });
      } finally {
        this.#quarantining.delete(key);
      }
    });
  }

  #failed(message: string, error: unknown): void {
    this.#options.log(message, error instanceof Error ? error : new Error(String(error)));
  }

  /** Resolves once what has been noted is counted and told. */
  async close(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }
}
