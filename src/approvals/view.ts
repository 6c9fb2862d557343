/** A request as it may be shown on any channel: console, HTTP API, command line, webhook. */
import { isObject, type JsonObject } from '../core/json.ts';
import type { Approval, ApprovalState, CountedVote } from '../state/store.ts';
import { type ShownRequest, shownRequest } from './asked-request.ts';

export interface ApprovalView {
  readonly id: string;
  readonly state: ApprovalState;
  readonly kind: 'statement' | 'result';
  readonly principal: string;
  readonly rule: string;
  readonly by: readonly string[];
  readonly approvers: number;
  readonly session: string;
  readonly reason: string | null;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly settledAt: string | null;
  readonly windowMs: number | null;
  readonly uses: number;
  readonly votes: readonly VoteView[];
  /** What it is in words where it is no statement of SQL; null: it is one. */
  readonly request: ShownRequest | null;
  /** All that the digest covers. The digest itself stays inside: hidden values could be guessed against it. */
  readonly shown: JsonObject;
}

export type VoteView = Omit<CountedVote, 'at' | 'aliases'> & { readonly at: string };

export function viewOf(approval: Approval): ApprovalView {
  const { id, state, kind, principal, rule, by, approvers, session, reason, windowMs, uses } = approval;
  const { createdAt, expiresAt, settledAt, votes, shown } = approval;
  return {
    id,
    state,
    kind,
    principal,
    rule,
    by,
    approvers,
    session,
    reason,
    createdAt: isoOf(createdAt),
    expiresAt: isoOf(expiresAt),
    settledAt: settledAt === null ? null : isoOf(settledAt),
    windowMs,
    uses,
    votes: votes.map(({ aliases: _aliases, ...vote }) => ({ ...vote, at: isoOf(vote.at) })),
    request: isObject(shown) ? shownRequest(shown) : null,
    shown: isObject(shown) ? shown : {},
  };
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
