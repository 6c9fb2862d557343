/** What the journal keeps of approvals: the request as it was shown, each vote, and how it was settled, once each. */
import type { Approval } from '../state/store.ts';
import type { AskedResult } from './ask.ts';

/** Adds a record; the one that a statement waits for is written before it runs. */
export type RecordApproval = (type: string, members: string) => void;

/** Ids of settled requests that are remembered, so that each is recorded once. */
const SETTLED_MAX = 10_000;

export class ApprovalRecords {
  readonly #record: RecordApproval;
  /** How many votes of each open request are in the journal. */
  readonly #votes = new Map<string, number>();
  readonly #settled = new Set<string>();

  constructor(record: RecordApproval) {
    this.#record = record;
  }

  /** Requests of this instance that are not settled as far as it knows. */
  get open(): { readonly size: number; [Symbol.iterator](): Iterator<string> } {
    const votes = this.#votes;
    return { size: votes.size, [Symbol.iterator]: () => votes.keys() };
  }

  requested(approval: Approval, result: AskedResult | null): void {
    const { id, session, principal, rule, by, approvers, kind, reason, expiresAt, shown } = approval;
    this.#votes.set(id, 0);
    const number = result === null ? {} : { number: result.number };
    this.#add('approval-request', {
      session,
      ...number,
      approval: id,
      user: principal,
      rule,
      by,
      approvers,
      kind,
      reason,
      expiresAt: new Date(expiresAt).toISOString(),
      shown,
    });
  }

  resumed(approval: Approval): void {
    this.#votes.set(approval.id, approval.votes.length);
  }

  /** Those votes that are not in the journal yet. */
  votes(approval: Approval): void {
    const { id, session, votes } = approval;
    const known = this.#votes.get(id);
    if (known === undefined || known >= votes.length) return;
    this.#votes.set(id, votes.length);
    for (const vote of votes.slice(known)) {
      const { by, groups, verdict, reason, channel, at } = vote;
      this.#add('approval-vote', {
        session,
        approval: id,
        by,
        groups,
        vote: verdict,
        reason,
        channel,
        votedAt: new Date(at).toISOString(),
      });
    }
  }

  /** False where it is in the journal already. */
  settled(approval: Approval): boolean {
    const { id, session, state, votes, rule } = approval;
    this.#votes.delete(id);
    if (this.#settled.has(id)) return false;
    this.#settled.add(id);
    if (this.#settled.size > SETTLED_MAX)
      for (const oldest of this.#settled) {
        this.#settled.delete(oldest);
        break;
      }
    const deciders = votes.map(({ by, verdict, channel }) => ({ by, vote: verdict, channel }));
    this.#add('approval', {
      session,
      approval: id,
      rule,
      outcome: state === 'used' ? 'approved' : state,
      votes: deciders,
    });
    return true;
  }

  #add(type: string, members: Readonly<Record<string, unknown>>): void {
    this.#record(type, JSON.stringify(members).slice(1, -1));
  }
}
