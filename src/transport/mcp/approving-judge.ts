/**
 * A judge in front of another one, for calls that wait for people: where the client can do better than to come again by
 * itself, it gets a task (2025-11-25) or a page to open (2026-07-28) in place of a refusal. What is decided, recorded and
 * masked is the other judge's.
 */
import { randomUUID } from 'node:crypto';
import { errorAnswer } from '../../../protocols/mcp/answers.ts';
import {
  offersTasks,
  opensPages,
  pageAsked,
  pageOutcome,
  taskAsked,
  withoutState,
} from '../../../protocols/mcp/approval-answers.ts';
import type { Reading } from '../../../protocols/mcp/conversation.ts';
import { type RequestId, RPC_ERRORS } from '../../../protocols/mcp/message.ts';
import { traitsOf } from '../../../protocols/mcp/revisions.ts';
import type { Denial } from '../../core/decision.ts';
import { identityKey } from '../../core/principal.ts';
import { awaitApprovals, withdrawApprovals } from '../../engine/awaited-approvals.ts';
import type { RequestSession } from '../../engine/request-session.ts';
import type { Waiting } from '../../engine/request-text.ts';
import type { ApprovalStates, StateOf } from './approval-state.ts';
import { ApprovalTasks, type Ran } from './approval-tasks.ts';
import { runCall } from './approved-call.ts';
import type {
  AwaitedApproval,
  ClientBytes,
  ClientMessage,
  ClientOutcome,
  McpJudge,
  McpRequest,
  ServerOutcome,
} from './judge.ts';
import type { ServerLeg } from './legs.ts';
import { builtinDenial, deniedAnswer } from './refusals.ts';

type Request = Extract<Reading, { readonly reading: 'request' }>;

const NONE = -1;
const AT_ONCE: Waiting = { holds: false, told() {} };
/** A client that comes back from the page is held for as long as that: people take a moment longer than it does. */
const PATIENCE_MS = 25_000;
const STATE_MS = 24 * 60 * 60_000;
/** What may be asked about in this way (2026-07-28, multi round-trip requests). */
const PAGED: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read']);

export class ApprovingJudge implements McpJudge {
  readonly #inner: McpJudge;
  readonly #session: RequestSession;
  readonly #states: ApprovalStates;
  readonly #tasks: ApprovalTasks;
  #leg: ServerLeg | null = null;
  /** The server of this session makes tasks of calls. */
  #takesTasks = false;
  readonly #closed = new AbortController();

  constructor(inner: McpJudge, session: RequestSession, states: ApprovalStates) {
    this.#inner = inner;
    this.#session = session;
    this.#states = states;
    const internal = { key: 's', written: '"sluice"' };
    this.#tasks = new ApprovalTasks(
      session,
      (params, signal) => this.#run(params, signal),
      (denial) => deniedAnswer(internal, 'tools/call', '2025-11-25', denial),
    );
  }

  get revision() {
    return this.#inner.revision;
  }

  get pending(): number {
    return this.#inner.pending;
  }

  attach(leg: ServerLeg): void {
    this.#leg = leg;
    this.#inner.attach(leg);
  }

  read(bytes: Buffer): ClientBytes {
    return this.#inner.read(bytes);
  }

  reject(message: ClientMessage): void {
    this.#inner.reject(message);
  }

  refuse(message: ClientMessage, denial: Denial): void {
    this.#inner.refuse(message, denial);
  }

  fromServer(bytes: Buffer, on: McpRequest | null): Promise<ServerOutcome> {
    return on?.method === 'initialize' ? this.#begun(bytes, on) : this.#inner.fromServer(bytes, on);
  }

  async #begun(bytes: Buffer, on: McpRequest): Promise<ServerOutcome> {
    const outcome = await this.#inner.fromServer(bytes, on);
    if (outcome.outcome === 'forward' && outcome.answers !== null)
      this.#takesTasks = offersTasks(outcome.bytes);
    return outcome;
  }

  eventId(id: string | null): string | null {
    return this.#inner.eventId(id);
  }

  failure(request: McpRequest, why: string): Buffer {
    return this.#inner.failure(request, why);
  }

  close(): void {
    this.#closed.abort();
    this.#tasks.close();
    this.#inner.close();
  }

  clear(message: ClientMessage, waiting?: Waiting): Promise<ClientOutcome> {
    const { reading } = message;
    if (reading.reading !== 'request') return this.#inner.clear(message, waiting);
    const { era } = traitsOf(reading.revision);
    if (era === 'modern') return this.#modern(message, reading, waiting);
    return reading.revision === '2025-11-25'
      ? this.#withTasks(message, reading, waiting)
      : this.#inner.clear(message, waiting);
  }

  #withTasks(message: ClientMessage, reading: Request, waiting?: Waiting): Promise<ClientOutcome> {
    const about = this.#tasks.answer(message);
    if (about !== null) {
      this.#inner.reject(message);
      return about.then((bytes) => ({ outcome: 'answer', bytes, isFault: false }));
    }
    const { id, params } = reading.message;
    const asksTask = reading.method === 'tools/call' && taskAsked(message.document, params) !== 'none';
    // Where the server has said nothing of tasks, what a call says of them means nothing (2025-11-25, tasks).
    if (!asksTask || !this.#takesTasks) return this.#inner.clear(message, waiting);
    return this.#asTask(message, id, params);
  }

  async #asTask(message: ClientMessage, id: RequestId, params: number): Promise<ClientOutcome> {
    const outcome = await this.#inner.clear(message, AT_ONCE);
    if (outcome.outcome !== 'answer' || outcome.awaits === undefined) return outcome;
    const begun = this.#tasks.begin(message, { id, params }, outcome.awaits);
    return begun === null ? outcome : { outcome: 'answer', bytes: begun, isFault: false };
  }

  #run(params: Buffer, signal: AbortSignal): Promise<Ran> {
    const leg = this.#leg;
    if (leg !== null)
      return runCall({ judge: this.#inner, leg, waiting: AT_ONCE }, params, signal, randomUUID());
    const response = errorAnswer(null, RPC_ERRORS.internal, 'there is no server to call', null);
    return Promise.resolve({ ran: 'answered', response });
  }

  async #modern(message: ClientMessage, reading: Request, waiting?: Waiting): Promise<ClientOutcome> {
    const { document } = message;
    const { params } = reading.message;
    if (!PAGED.has(reading.method)) return this.#inner.clear(message, waiting);
    const of = stateOf(message, reading, identityKey(this.#session.actor));
    const state = document.text(document.member(params, 'requestState'));
    const read = state === null ? 'foreign' : this.#states.read(state, of, this.#session.domain.clock());
    if (read === 'invalid') {
      this.#inner.reject(message);
      const why = 'requestState is not one that was given for this call, or its time has passed';
      const bytes = errorAnswer(reading.message.id, RPC_ERRORS.invalidParams, why, null);
      return { outcome: 'answer', bytes, isFault: false };
    }
    if (read !== 'foreign') return this.#again(message, reading, read.ids, of);
    const pages = opensPages(document, params);
    const outcome = await this.#inner.clear(message, pages ? AT_ONCE : waiting);
    return pages ? this.#paged(outcome, reading, of) : outcome;
  }

  /** The call comes again, from the page that its client was asked to open. */
  async #again(
    message: ClientMessage,
    reading: Request,
    ids: readonly string[],
    of: StateOf,
  ): Promise<ClientOutcome> {
    const { document } = message;
    const { id, params } = reading.message;
    const { approvals } = this.#session.domain;
    this.#inner.reject(message);
    if (approvals !== null && pageOutcome(document, params) === 'declined') {
      await withdrawApprovals(approvals, ids, this.#session.actor.principal.name).catch(() => {});
      const denial = builtinDenial('sluice/approval', 'the client does not want to wait for people', null);
      const bytes = deniedAnswer(id, reading.method, reading.revision, denial);
      return { outcome: 'answer', bytes, isFault: false };
    }
    if (approvals !== null) {
      const signal = AbortSignal.any([AbortSignal.timeout(PATIENCE_MS), this.#closed.signal]);
      const answer = await awaitApprovals(approvals, ids, signal);
      if (answer.awaited === 'refused') {
        const bytes = deniedAnswer(id, reading.method, reading.revision, answer.denial);
        return { outcome: 'answer', bytes, isFault: false };
      }
    }
    const asked = this.#inner.read(withoutState(document, params));
    if (asked.read === 'unread') return { outcome: 'answer', bytes: asked.answer, isFault: true };
    const [first] = asked.messages;
    if (first === undefined) return { outcome: 'dropped', why: 'nothing was asked' };
    const outcome = await this.#inner.clear(first, AT_ONCE);
    return first.reading.reading === 'request' ? this.#paged(outcome, first.reading, of) : outcome;
  }

  #paged(outcome: ClientOutcome, { message }: Request, of: StateOf): ClientOutcome {
    if (outcome.outcome !== 'answer' || outcome.awaits === undefined) return outcome;
    const { ids, url, message: told }: AwaitedApproval = outcome.awaits;
    if (url === null) return outcome;
    const state = this.#states.make(ids, of, this.#session.domain.clock() + STATE_MS);
    const bytes = pageAsked(message.id, { url, message: told, state });
    return { outcome: 'answer', bytes, isFault: false };
  }
}

function stateOf({ document }: ClientMessage, { method, subject }: Request, principal: string): StateOf {
  const node = subject?.arguments ?? NONE;
  const name = subject?.name ?? '';
  return { principal, method, name, arguments: node === NONE ? null : document.bytes(node) };
}
