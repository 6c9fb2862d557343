/**
 * What instances of Sluice share: approvals, budgets, credentials, revocations. One interface, two stores: SQLite in the
 * process where there is one instance, Postgres where there are several. Every method is one transaction. A method
 * rejects with StoreUnavailable where the store cannot be asked: who needs the answer fails closed.
 */
import type { Json } from '../core/json.ts';

export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/** Milliseconds since the epoch, by the store's own clock where instances share one. */
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
  /** Null: it serves once. A span: it serves for the same digest until then. */
  readonly windowMs: number | null;
}

export interface ApprovalVote {
  readonly by: string;
  readonly groups: readonly string[];
  readonly verdict: 'approve' | 'deny';
  readonly reason: string | null;
  readonly channel: string;
  readonly at: Instant;
}

export interface Approval extends ApprovalRequest {
  readonly state: ApprovalState;
  readonly votes: readonly ApprovalVote[];
  readonly settledAt: Instant | null;
}

export type VoteOutcome =
  | { readonly outcome: 'counted'; readonly approval: Approval }
  /** Why it does not count: there is no such request, it is settled or expired, the voter is the requester, in none of its groups, or has voted. */
  | {
      readonly outcome: 'refused';
      readonly why: 'unknown' | 'settled' | 'expired' | 'own' | 'not-allowed' | 'twice';
    };

export interface ApprovalsStore {
  create(request: ApprovalRequest): Promise<Approval>;
  get(id: string): Promise<Approval | null>;
  list(filter: {
    readonly state?: ApprovalState;
    readonly principal?: string;
    readonly limit: number;
  }): Promise<readonly Approval[]>;
  vote(id: string, vote: ApprovalVote): Promise<VoteOutcome>;
  /** An approval of this digest that serves now; taking it uses it up unless its window is open. Null: there is none. */
  take(digest: string, principal: string, now: Instant): Promise<Approval | null>;
  cancel(id: string, now: Instant): Promise<void>;
  /** Settles what has expired; gives those that it has settled. */
  expire(now: Instant): Promise<readonly Approval[]>;
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
  /** What is left in the window after this lease, for messages. */
  readonly left: number;
  readonly expiresAt: Instant;
}

export interface LedgerStore {
  /**
   * Takes up to `wanted` of what the sliding window has left of `max`; a lease counts as spent in full until it is
   * settled or has expired. `granted` may be less than wanted, and 0.
   */
  lease(key: BudgetKey, wanted: number, max: number, instance: string, now: Instant): Promise<Lease>;
  /** What was really spent of a lease; the rest is given back. */
  settle(lease: string, spent: number, now: Instant): Promise<void>;
  /** Spent and leased within the window. */
  spent(key: BudgetKey, now: Instant): Promise<number>;
}

export interface Credential {
  readonly id: string;
  /** SHA-256 of the secret, in hex; the secret itself is nowhere. */
  readonly hash: string;
  readonly principal: string;
  readonly groups: readonly string[];
  /** What it is bound to: a listener, an address, an MCP request. */
  readonly bound: Json;
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
}

export interface CredentialsStore {
  put(credential: Credential): Promise<void>;
  find(hash: string, now: Instant): Promise<Credential | null>;
  remove(id: string): Promise<void>;
}

/** From an instant on a principal (or one credential, or one session) has no access; `until` null: for good. */
export interface Revocation {
  readonly kind: 'principal' | 'credential' | 'session' | 'quarantine';
  readonly subject: string;
  readonly reason: string | null;
  readonly by: string;
  readonly at: Instant;
  readonly until: Instant | null;
}

export interface RevocationsStore {
  put(revocation: Revocation): Promise<void>;
  lift(kind: Revocation['kind'], subject: string): Promise<void>;
  /** All that hold now. */
  current(now: Instant): Promise<readonly Revocation[]>;
}

/** Whether something has been seen before, for alerts on first use. */
export interface SightingsStore {
  /** True the first time. */
  first(what: string, subject: string, now: Instant): Promise<boolean>;
}

export type StoreTopic = 'approvals' | 'revocations' | 'budgets';

export interface StateStore {
  readonly approvals: ApprovalsStore;
  readonly ledger: LedgerStore;
  readonly credentials: CredentialsStore;
  readonly revocations: RevocationsStore;
  readonly sightings: SightingsStore;
  /** Calls back soon after any instance has changed something under the topic; at once within this one. Gives what ends it. */
  watch(topic: StoreTopic, callback: () => void): () => void;
  now(): Promise<Instant>;
  close(): Promise<void>;
}
