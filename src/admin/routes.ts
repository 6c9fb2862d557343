/** Everything that the API can be asked, once somebody is logged in. */
import { z } from 'zod';
import { nameAlias } from '../core/person.ts';
import { ACCESS_ROUTES } from './access-routes.ts';
import { ALERT_ROUTES } from './alert-routes.ts';
import { PIN_ROUTES } from './pin-routes.ts';
import { policySchema, trialSchema, triedSchema } from './policy-wire.ts';
import type { AdminPorts } from './ports.ts';
import { Refusal } from './refusal.ts';
import { mayAct } from './roles.ts';
import { type Caller, type Route, reading, writing } from './route.ts';
import {
  type ApprovalDetail,
  type ApprovalInfo,
  approvalDetailSchema,
  approvalListSchema,
  approvalQuerySchema,
  liveSchema,
  type Me,
  meSchema,
  recordingQuerySchema,
  recordingSchema,
  searchSchema,
  sessionPageSchema,
  terminatedSchema,
  trafficQuerySchema,
  trafficSchema,
  voteSchema,
} from './wire.ts';

const nothing = z.strictObject({});
/** Sessions in one answer; more nobody reads. */
export const LIVE_MAX = 200;
const HISTORY_MAX = 8;
const MINUTE_MS = 60_000;

export const ROUTES: readonly Route[] = [
  reading({
    path: '/api/v1/me',
    role: 'viewer',
    summary: 'who is logged in, and with which role',
    query: nothing,
    answer: meSchema,
    run: async (_asked, caller, ports) => meOf(caller, ports),
  }),
  reading({
    path: '/api/v1/live',
    role: 'viewer',
    summary: 'the sessions that are open now; /api/v1/live/events sends the same every second',
    query: nothing,
    answer: liveSchema,
    run: async (_asked, _caller, { live }) => live.snapshot(LIVE_MAX),
  }),
  writing({
    path: '/api/v1/live/{id}/terminate',
    role: 'admin',
    summary: 'ends a session, whatever runs in it',
    body: nothing,
    answer: terminatedSchema,
    run: async ({ id }, { principal }, { live, record }) => {
      if (!record(principal.name, 'terminate', { target: id }))
        throw new Refusal(503, 'The journal cannot be written, and without a record nothing is ended.');
      if (live.terminate(id)) return { terminated: id };
      throw new Refusal(404, `No session "${id}" is open on this instance.`);
    },
  }),
  reading({
    path: '/api/v1/sessions',
    role: 'viewer',
    summary: 'recorded sessions, newest first, by user, rule, table, time',
    query: searchSchema,
    answer: sessionPageSchema,
    run: async ({ query }, _caller, { recordings }) => recordings.search(query),
  }),
  reading({
    path: '/api/v1/sessions/{id}',
    role: 'viewer',
    summary: 'a recorded session, statement by statement',
    query: recordingQuerySchema,
    answer: recordingSchema,
    run: async ({ id, query }, _caller, { recordings }) => {
      const found = await recordings.get(id, query.from, query.limit);
      if (found === null) throw new Refusal(404, `The journal of this instance has no session "${id}".`);
      return found;
    },
  }),
  reading({
    path: '/api/v1/approvals',
    role: 'viewer',
    summary: 'requests for approval, newest first',
    query: approvalQuerySchema,
    answer: approvalListSchema,
    run: async ({ query }, _caller, { approvals }) => ({
      approvals: await approvals.list({ state: query.state ?? null, limit: query.limit }),
    }),
  }),
  reading({
    path: '/api/v1/approvals/{id}',
    role: 'viewer',
    summary: 'one request, with all that a decision needs',
    query: nothing,
    answer: approvalDetailSchema,
    run: async ({ id }, caller, { approvals, recordings, now }): Promise<ApprovalDetail> => {
      const approval = await approvals.get(id);
      if (approval === null) throw new Refusal(404, `There is no request "${id}".`);
      const mayNot = whyNot(approval, caller, now());
      const history = await recordings.recent(approval.principal, HISTORY_MAX).catch(() => []);
      return { approval, mayVote: mayNot === null, mayNot, history };
    },
  }),
  writing({
    path: '/api/v1/approvals/{id}/votes',
    role: 'approver',
    summary: 'approves or denies a request; final where as many as are needed have agreed',
    body: voteSchema,
    answer: approvalDetailSchema.pick({ approval: true }),
    run: async ({ id, body }, { identity }, { approvals }) => {
      const answer = await approvals.vote(id, identity, body.verdict, body.reason);
      if (answer.outcome === 'counted') return { approval: answer.approval };
      const { status, detail } = VOTE_REFUSALS[answer.why];
      throw new Refusal(status, detail, { type: `urn:sluice:vote:${answer.why}` });
    },
  }),
  reading({
    path: '/api/v1/policy',
    role: 'viewer',
    summary: 'the policy in force',
    query: nothing,
    answer: policySchema,
    run: async (_asked, _caller, { policy }) => policy.current(),
  }),
  writing({
    path: '/api/v1/policy/try',
    role: 'viewer',
    summary:
      'what the policy says of a statement, a request or a call, and why; nothing is run and nothing recorded',
    body: trialSchema,
    answer: triedSchema,
    run: async ({ body }, _caller, { policy }) => policy.try(body),
  }),
  reading({
    path: '/api/v1/traffic',
    role: 'viewer',
    summary: 'statements, rows and bytes by principal and by table over time',
    query: trafficQuerySchema,
    answer: trafficSchema,
    run: async ({ query }, _caller, { recordings, now }) =>
      recordings.traffic(now() - query.minutes * MINUTE_MS, now()),
  }),
  ...ALERT_ROUTES,
  ...ACCESS_ROUTES,
  ...PIN_ROUTES,
];

export function meOf({ principal, role, csrf }: Caller, { version }: AdminPorts): Me {
  return { name: principal.name, groups: principal.groups, role, csrf, version };
}

const VOTE_REFUSALS = {
  unknown: { status: 404, detail: 'There is no such request.' },
  settled: { status: 409, detail: 'The request has been settled already; look at it again.' },
  expired: { status: 409, detail: 'The request has expired; whoever asked can ask again.' },
  own: { status: 403, detail: 'Nobody decides on a request of their own: somebody else has to.' },
  'not-allowed': { status: 403, detail: "You are in none of the groups that the rule's `by` names." },
  twice: { status: 409, detail: 'You have voted on this request; another person has to agree.' },
} as const;

/** In the words of the API; the store decides in the end. */
function whyNot(approval: ApprovalInfo, { principal, role }: Caller, nowMs: number): string | null {
  if (approval.state !== 'pending') return `It is ${approval.state}.`;
  if (Date.parse(approval.expiresAt) <= nowMs) return VOTE_REFUSALS.expired.detail;
  if (nameAlias(approval.principal) === nameAlias(principal.name)) return VOTE_REFUSALS.own.detail;
  if (!mayAct(role, 'approver')) return 'Your role is viewer: approvers decide (admin.roles.approver).';
  if (!approval.by.some((group) => principal.groups.includes(group)))
    return VOTE_REFUSALS['not-allowed'].detail;
  return approval.votes.some(({ by }) => by === principal.name) ? VOTE_REFUSALS.twice.detail : null;
}
