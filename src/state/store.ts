/**
 * What instances of Sluice share: approvals, budgets, credentials, revocations. One interface, two stores: SQLite in the
 * process where there is one instance, Postgres where there are several. Every method is one transaction. A method
 * rejects with StoreUnavailable where the store cannot be asked: who needs the answer fails closed. What is due, open or
 * expired goes by the store's own clock, which instances share: no method takes a time from who asks.
 */
import type { AlertEvent } from '../core/alerts.ts';
import type { Json } from '../core/json.ts';

/** `message` says what is wrong with the store, for operators. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/** An approval request with this id is there already: another id is made. */
export class ApprovalIdTaken extends Error {
  override readonly name = 'ApprovalIdTaken';
}

/** Milliseconds since the epoch, by the store's clock (`StateStore.now`). */
export type Instant = number;

export const APPROVAL_STATES = ['pending', 'approved', 'denied', 'expired', 'cancelled', 'used'] as const;
export type ApprovalState = (typeof APPROVAL_STATES)[number];

/** A request for approval as it was shown; never changed once it is made. */
export interface ApprovalRequest {
  /** Short, for people to read out; unguessable is not asked of it. */
  readonly id: string;
  /** SHA-256 over all of `shown`, in hex: what was approved, to the byte. */
  readonly digest: string;
  readonly principal: string;
  /** By what the requester is known as a person; see core/person.ts. */
  readonly aliases: readonly string[];
  readonly rule: string;
  /** Groups whose members may decide. */
  readonly by: readonly string[];
  /** How many of them have to agree, counted as distinct people. */
  readonly approvers: number;
  readonly kind: 'statement' | 'result';
  readonly instance: string;
  readonly session: string;
  /** Principal, target, statement, parameters, policy version, limits: what an approver sees. */
  readonly shown: Json;
  readonly reason: string | null;
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
  /** Null: it serves once, before `expiresAt`. A span: from the moment it is approved it serves for the same digest that long. */
  readonly windowMs: number | null;
}

export interface ApprovalVote {
  readonly by: string;
  /** By what the voter is known as a person. */
  readonly aliases: readonly string[];
  readonly groups: readonly string[];
  readonly verdict: 'approve' | 'deny';
  readonly reason: string | null;
  readonly channel: string;
}

export interface CountedVote extends ApprovalVote {
  readonly at: Instant;
}

export interface Approval extends ApprovalRequest {
  readonly state: ApprovalState;
  /** In the order in which they were counted. */
  readonly votes: readonly CountedVote[];
  /** When it was approved, denied, cancelled or found expired; null while it is pending. */
  readonly settledAt: Instant | null;
  /** Until when it can be decided, or once approved, until when it serves. */
  readonly openUntil: Instant;
  /** How often it has served. */
  readonly uses: number;
}

export type VoteOutcome =
  | { readonly outcome: 'counted'; readonly approval: Approval }
  /** Why it does not count: there is no such request, it is settled or expired, the voter is the requester, in none of its groups, or has voted. */
  | {
      readonly outcome: 'refused';
      readonly why: 'unknown' | 'settled' | 'expired' | 'own' | 'not-allowed' | 'twice';
    };

export interface ApprovalsStore {
  /** Rejects with ApprovalIdTaken. */
  create(request: ApprovalRequest): Promise<Approval>;
  get(id: string): Promise<Approval | null>;
  /** The newest first. */
  list(filter: {
    readonly state?: ApprovalState;
    readonly principal?: string;
    readonly digest?: string;
    readonly limit: number;
  }): Promise<readonly Approval[]>;
  /** A single deny settles it; approvals settle it once there are enough of distinct people. */
  vote(id: string, vote: ApprovalVote): Promise<VoteOutcome>;
  /** An approval of this digest that serves now; taking it uses it up unless its window is open. Null: there is none. */
  take(digest: string, principal: string): Promise<Approval | null>;
  /** Ends one that is pending, or approved and not used yet; null where there is no such one. */
  cancel(id: string): Promise<Approval | null>;
  /** Settles what has expired, approvals that nobody used in time among them; gives those that this call has settled. */
  expire(): Promise<readonly Approval[]>;
}

/** A window of a budget: what is counted, for whom, over how long. */
export interface BudgetKey {
  readonly rule: string;
  /** `user:agent`, `group:agents`, `table:shop.orders`, `column:shop.customers.ssn`. */
  readonly subject: string;
  readonly unit: 'rows' | 'bytes' | 'statements';
  readonly windowMs: number;
}

export interface Lease {
  readonly id: string;
  readonly granted: number;
  /** What is left in the window after this lease. */
  readonly left: number;
  /** What counts within the window, this lease included. */
  readonly counted: number;
  /** How much of that is leased by other instances and may yet come back. */
  readonly elsewhere: number;
  /** Milliseconds until something stops counting; null: nothing counts. */
  readonly refillsInMs: number | null;
  readonly expiresAt: Instant;
  /**
   * Milliseconds for which it may be spent, counted from the moment *before* it was asked for: for instances, whose
   * clocks need not agree with the store's.
   */
  readonly lastsMs: number;
}

export interface CountedBudget extends BudgetKey {
  /** Spent and leased within the window. */
  readonly counted: number;
  /** How much of that is leased and not settled. */
  readonly leased: number;
}

export interface LedgerStore {
  /**
   * Takes up to `wanted` of what the sliding window has left of `max`. A lease counts as spent in full while it is open,
   * and one that expires without being settled goes on counting in full until the window has passed over its expiry.
   * `granted` may be less than wanted, and 0: then there is nothing to settle.
   */
  lease(key: BudgetKey, wanted: number, max: number, instance: string): Promise<Lease>;
  /**
   * What was really spent of a lease, more than granted too; the rest is given back, also where the lease has expired.
   * A lease that is settled already, or that no window holds any more, is passed over.
   */
  settle(lease: string, spent: number): Promise<void>;
  /** Spent and leased within the window. */
  spent(key: BudgetKey): Promise<number>;
  /** Every window in which something counts, by rule and subject. */
  list(): Promise<readonly CountedBudget[]>;
}

export interface Credential {
  readonly id: string;
  /** SHA-256 of the secret, in hex; the secret itself is nowhere. */
  readonly hash: string;
  readonly principal: string;
  readonly groups: readonly string[];
  /** What it is bound to: a listener, an address, an MCP request. */
  readonly bound: Json;
  /** What the protocols need to check an answer that is made of the secret and does not show it. */
  readonly verifiers: Json;
  /** Who had it made. */
  readonly mintedBy: string;
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
}

export interface CredentialsStore {
  put(credential: Credential): Promise<void>;
  /** Null where there is none, or it has expired. */
  find(hash: string): Promise<Credential | null>;
  /** Those that have not expired, the newest first. Of everybody where `principal` is null. */
  list(filter: { readonly principal: string | null; readonly limit: number }): Promise<readonly Credential[]>;
  /** The one that is gone now; null where there was none. */
  remove(id: string): Promise<Credential | null>;
  /** 32 random bytes in hex, made once for each store: salts that instances have to agree on come of it. */
  salt(): Promise<string>;
}

export const REVOCATION_KINDS = ['principal', 'credential', 'session', 'quarantine'] as const;
export type RevocationKind = (typeof REVOCATION_KINDS)[number];

/** From an instant on a principal (or one credential, or one session) has no access; `until` null: for good. */
export interface Revocation {
  readonly kind: RevocationKind;
  readonly subject: string;
  readonly reason: string | null;
  readonly by: string;
  readonly at: Instant;
  readonly until: Instant | null;
}

export interface LiftedRevocation extends Revocation {
  readonly liftedAt: Instant;
  readonly liftedBy: string;
  readonly liftedReason: string | null;
}

export interface RevocationsStore {
  put(revocation: Revocation): Promise<void>;
  /** False where there was none to lift. */
  lift(kind: Revocation['kind'], subject: string, by: string, reason: string | null): Promise<boolean>;
  /** All that hold now. */
  current(): Promise<readonly Revocation[]>;
  /** Those that were lifted within the last hour: for whoever records by whom. */
  lifted(): Promise<readonly LiftedRevocation[]>;
}

/** Whether something has been seen before, for alerts on first use. */
export interface SightingsStore {
  /** True the first time. */
  first(what: string, subject: string): Promise<boolean>;
}

export const PIN_KINDS = ['tool', 'prompt', 'template', 'instructions'] as const;
export type PinKind = (typeof PIN_KINDS)[number];

/** Something that a server offers to models. */
export interface PinKey {
  readonly listener: string;
  readonly kind: PinKind;
  /** By which it is called; of instructions, the server's own name. */
  readonly name: string;
}

export interface Pin extends PinKey {
  /** What the name looks like. */
  readonly skeleton: string;
  /** The definition that is shown and may be called, in canonical JSON; null: none was reviewed yet. */
  readonly accepted: string | null;
  /** Who has reviewed it; null: it is as it was seen first. */
  readonly acceptedBy: string | null;
  /** Another definition that was seen and waits for a review, and why it does. */
  readonly pending: string | null;
  readonly pendingWhy: string | null;
  /** When it was seen first, or changed last. */
  readonly seenAt: Instant;
}

export interface PinsStore {
  /** By kind and name; of every listener where that is null. */
  list(listener: string | null): Promise<readonly Pin[]>;
  /** Keeps what is seen for the first time; gives what is kept, which another instance may have seen otherwise. */
  first(pin: Omit<Pin, 'seenAt'>): Promise<Pin>;
  /** Another definition was seen. True where it is neither the accepted one nor known to be waiting. */
  hold(key: PinKey, definition: string, why: string): Promise<boolean>;
  /** Somebody has reviewed exactly this definition. Null where it is not what waits (any more). */
  accept(key: PinKey, definition: string, by: string): Promise<Pin | null>;
  /** What is seen next is seen for the first time. False where there was none. */
  forget(key: PinKey): Promise<boolean>;
}

export interface TaskKey {
  readonly listener: string;
  /** Who began it, as `identityKey` tells principals apart. */
  readonly owner: string;
  /** The server's id of it. */
  readonly task: string;
}

/** A call of a tool that a server goes on with as a task. */
export interface BegunTask extends TaskKey {
  readonly tool: string;
  /** JSON. Null: there were none. `unread`: there were some, and they are longer than what is kept. */
  readonly arguments: string | 'unread' | null;
}

export interface TasksStore {
  /** Keeps it for so long, or until its owner has begun `ownTasksMax` newer ones at that listener. */
  put(task: BegunTask, keptMs: number, ownTasksMax: number): Promise<void>;
  /** Null: this owner has begun no such task, or it is not kept any more. */
  find(key: TaskKey): Promise<BegunTask | null>;
}

/** `budgets`: a window has nothing left. */
export const STORE_TOPICS = ['approvals', 'revocations', 'budgets', 'credentials', 'alerts', 'pins'] as const;
export type StoreTopic = (typeof STORE_TOPICS)[number];

export interface AlertsStore {
  /** At the store's own time. */
  put(event: AlertEvent): Promise<void>;
  /** The newest first. */
  list(filter: { readonly since?: Instant; readonly limit: number }): Promise<readonly AlertEvent[]>;
}

export interface StateStore {
  readonly approvals: ApprovalsStore;
  readonly ledger: LedgerStore;
  readonly credentials: CredentialsStore;
  readonly revocations: RevocationsStore;
  readonly sightings: SightingsStore;
  readonly alerts: AlertsStore;
  readonly pins: PinsStore;
  readonly tasks: TasksStore;
  /**
   * Calls back soon after any instance has changed something under the topic, at once within this one, and whenever
   * something may have been missed, as after an outage. Gives what ends it.
   */
  watch(topic: StoreTopic, callback: () => void): () => void;
  now(): Promise<Instant>;
  close(): Promise<void>;
}
