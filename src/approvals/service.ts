/**
 * Approvals of one process: requests are made, waited for and used up through the shared store, so that it does not
 * matter at which instance somebody decides. What is settled, by whom, and what expires, is the store's to say.
 */
import { randomBytes } from 'node:crypto';
import type { ApprovalDuty } from '../core/decision.ts';
import type { Json } from '../core/json.ts';
import {
  type Approval,
  ApprovalIdTaken,
  type ApprovalRequest,
  type ApprovalState,
  type ApprovalVote,
  type StateStore,
  type VoteOutcome,
} from '../state/store.ts';
import { type ApprovalAsk, type AskedResult, digestOf, reasonIn, shownOf } from './ask.ts';
import { ApprovalRecords, type RecordApproval } from './records.ts';
import { type ApprovalView, viewOf } from './view.ts';

export interface ApprovalsOptions {
  readonly store: Pick<StateStore, 'approvals' | 'watch' | 'now'>;
  /** Names this instance over restarts: whoever has journaled a request journals what becomes of it. */
  readonly instance: string;
  readonly record: RecordApproval;
  /** Where people decide in a browser, by a request's id; null where there is no such place. */
  readonly urlOf: (id: string) => string | null;
  /** Tells people, on whatever channel; it must not throw and takes its own time. */
  readonly announce: (approval: ApprovalView, url: string | null) => void;
  readonly log: (message: string, error: Error) => void;
}

/** One rule's question about one statement or result. */
export interface Question {
  readonly digest: string;
  readonly shown: Json;
  readonly reason: string | null;
  readonly principal: string;
  readonly aliases: readonly string[];
  readonly duty: ApprovalDuty;
  readonly session: string;
  readonly result: AskedResult | null;
}

export type Begun =
  | { readonly begun: 'approved' | 'pending'; readonly approval: Approval }
  | { readonly begun: 'too-many' };

const ID_CHARACTERS = 8;
const ALPHABET = '23456789abcdefghjkmnpqrstuvwxyz';
const ID_TRIES = 5;
/** Open requests of one principal: more would bury those that matter. */
export const OPEN_MAX = 50;
/** In case that a change was not told. */
const LOOK_EVERY_MS = 1000;

export class Approvals {
  readonly #options: ApprovalsOptions;
  readonly #records: ApprovalRecords;
  /** Who waits for which request. */
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #unwatch: () => void;
  readonly #timer: NodeJS.Timeout;
  readonly counts: Record<'requested' | 'approved' | 'denied' | 'expired' | 'cancelled', number> = {
    requested: 0,
    approved: 0,
    denied: 0,
    expired: 0,
    cancelled: 0,
  };
  #closed = false;
  #looking: Promise<void> | null = null;
  #lookAgain = false;
  readonly #cancelling = new Set<Promise<void>>();

  constructor(options: ApprovalsOptions) {
    this.#options = options;
    this.#records = new ApprovalRecords(options.record);
    this.#unwatch = options.store.watch('approvals', () => this.#look());
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
    this.#timer.unref();
    this.#resume().catch((error: unknown) => this.#log('open approvals could not be taken up', error));
  }

  /** Whether somebody of this process waits; for health and metrics. */
  get waiting(): number {
    return this.#waiting.size;
  }

  urlOf(id: string): string | null {
    return this.#options.urlOf(id);
  }

  /** Nothing of the ask's bytes is kept. */
  question(ask: ApprovalAsk, session: string): Question {
    const shown = shownOf(ask);
    const { principal, aliases, duty, statement, result } = ask;
    const reason = reasonIn(statement.text);
    const digest = digestOf(ask, shown);
    return { digest, shown, reason, principal: principal.name, aliases, duty, session, result };
  }

  /**
   * An approval that is there, or a request of the same that nobody here waits for, or a new one. `waits`: the client
   * does, and needs one of its own.
   */
  async begin(question: Question, waits: boolean): Promise<Begun> {
    const { store } = this.#options;
    const { digest, principal } = question;
    const at = await store.now();
    const approved = await store.approvals.list({ state: 'approved', principal, digest, limit: 10 });
    const ready = approved.find((one) => one.openUntil > at && !(waits && this.#waiting.has(one.id)));
    if (ready !== undefined) return { begun: 'approved', approval: ready };
    const open = await store.approvals.list({ state: 'pending', principal, limit: OPEN_MAX });
    const same = open.find(
      (one) => one.digest === digest && one.expiresAt > at && !(waits && this.#waiting.has(one.id)),
    );
    if (same !== undefined) return { begun: 'pending', approval: same };
    if (open.length >= OPEN_MAX) return { begun: 'too-many' };
    const approval = await this.#create(question, at);
    this.counts.requested++;
    this.#records.requested(approval, question.result);
    this.#options.announce(viewOf(approval), this.urlOf(approval.id));
    return { begun: 'pending', approval };
  }

  async #create(question: Question, at: number): Promise<Approval> {
    const { duty, principal, aliases, digest, shown, session, reason, result } = question;
    for (let n = 1; ; n++) {
      const request: ApprovalRequest = {
        id: newId(),
        digest,
        principal,
        aliases,
        rule: duty.rule,
        by: duty.by,
        approvers: duty.approvers,
        kind: result === null ? 'statement' : 'result',
        instance: this.#options.instance,
        session,
        shown,
        reason,
        createdAt: at,
        expiresAt: at + duty.withinMs,
        windowMs: duty.windowMs,
      };
      try {
        return await this.#options.store.approvals.create(request);
      } catch (error) {
        if (!(error instanceof ApprovalIdTaken) || n === ID_TRIES) throw error;
      }
    }
  }

  /** An approval that serves now, used up by this unless its window is open. */
  async take(digest: string, principal: string): Promise<Approval | null> {
    const approval = await this.#options.store.approvals.take(digest, principal);
    // It may have been decided while this instance was down.
    if (approval !== null) this.#records.settled(approval);
    return approval;
  }

  /** Calls back when the request may have changed, until what it gives is called. */
  wait(id: string, changed: () => void): () => void {
    const waiting = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, waiting);
    waiting.add(changed);
    return () => {
      waiting.delete(changed);
      if (waiting.size === 0 && this.#waiting.get(id) === waiting) this.#waiting.delete(id);
    };
  }

  async state(id: string): Promise<Approval | null> {
    return this.#options.store.approvals.get(id);
  }

  /** Whoever asked is gone, or does not want it any more. */
  cancel(id: string): Promise<void> {
    const cancelling = this.#cancel(id).finally(() => this.#cancelling.delete(cancelling));
    this.#cancelling.add(cancelling);
    return cancelling;
  }

  async #cancel(id: string): Promise<void> {
    try {
      const approval = await this.#options.store.approvals.cancel(id);
      if (approval !== null) this.#settled(approval);
    } catch (error) {
      this.#log('an approval could not be cancelled', error);
    }
  }

  async get(id: string): Promise<ApprovalView | null> {
    const approval = await this.#options.store.approvals.get(id);
    return approval === null ? null : viewOf(approval);
  }

  async list(filter: {
    readonly state?: ApprovalState;
    readonly principal?: string;
    readonly limit: number;
  }): Promise<readonly ApprovalView[]> {
    return (await this.#options.store.approvals.list(filter)).map(viewOf);
  }

  async vote(id: string, vote: ApprovalVote): Promise<VoteOutcome> {
    const outcome = await this.#options.store.approvals.vote(id, vote);
    if (outcome.outcome === 'counted' && outcome.approval.instance === this.#options.instance)
      this.#seen(outcome.approval);
    return outcome;
  }

  /** What has changed is journaled, what is due expires, and those who wait look for themselves. */
  #look(): void {
    if (this.#closed) return;
    if (this.#looking !== null) {
      this.#lookAgain = true;
      return;
    }
    this.#looking = this.#lookOnce()
      .catch((error: unknown) => this.#log('the state store cannot be asked for approvals', error))
      .finally(() => {
        this.#looking = null;
        if (!this.#lookAgain) return;
        this.#lookAgain = false;
        this.#look();
      });
  }

  async #lookOnce(): Promise<void> {
    const { approvals } = this.#options.store;
    if (this.#records.open.size > 0 || this.#waiting.size > 0) {
      for (const expired of await approvals.expire())
        if (expired.instance === this.#options.instance) this.#settled(expired);
    }
    for (const id of [...this.#records.open]) {
      const approval = await approvals.get(id);
      if (approval !== null) this.#seen(approval);
    }
    for (const waiting of [...this.#waiting.values()]) for (const changed of [...waiting]) changed();
  }

  #seen(approval: Approval): void {
    this.#records.votes(approval);
    if (approval.state !== 'pending') this.#settled(approval);
  }

  #settled(approval: Approval): void {
    const { state } = approval;
    this.#records.votes(approval);
    if (!this.#records.settled(approval)) return;
    if (state === 'pending' || state === 'used') this.counts.approved++;
    else this.counts[state]++;
  }

  /**
   * Takes up requests that this instance has made before it was started anew. A statement may be run again once it is
   * approved; a result that had paused has ended with its session, and nobody is to be asked about it any more.
   */
  async #resume(): Promise<void> {
    const { store, instance } = this.#options;
    const startedAt = await store.now();
    const open = await store.approvals.list({ state: 'pending', limit: 1000 });
    for (const approval of open) {
      if (approval.instance !== instance || approval.createdAt >= startedAt) continue;
      this.#records.resumed(approval);
      if (approval.kind === 'result') await this.cancel(approval.id);
    }
  }

  #log(message: string, error: unknown): void {
    if (!this.#closed) this.#options.log(message, error instanceof Error ? error : new Error(String(error)));
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#unwatch();
    await this.#looking;
    await Promise.all(this.#cancelling);
  }
}

function newId(): string {
  const id = [...randomBytes(ID_CHARACTERS)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('');
  return `${id.slice(0, 4)}-${id.slice(4)}`;
}
