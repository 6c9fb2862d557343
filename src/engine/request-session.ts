/**
 * Somebody who sends requests: a principal on a connection, or whatever else a protocol calls a session. It is shown,
 * revoked, drained and journaled as sessions of SQL are.
 */
import { ProxyError } from '../core/errors.ts';
import type { SessionId } from '../core/ids.ts';
import type { Identity, SessionContext } from '../core/principal.ts';
import type { RequestDecision, RequestFacts, ResponseMasks } from '../core/requests.ts';
import type { LoginDetails } from '../core/session.ts';
import type { PolicyContext } from '../policy/policy.ts';
import { CanaryLook } from './canary-look.ts';
import type { RunningCalls } from './causes.ts';
import type { RequestDomain } from './request-domain.ts';
import { SessionAlerts } from './session-alerts.ts';
import { sessionEndMembers, sessionStartMembers } from './session-records.ts';
import type { LiveSession, SessionBrief } from './sessions.ts';
import { StatementRecords } from './statement-records.ts';

/** The client's side of a session. */
export interface RequestClient {
  readonly clientAddress: string | null;
  readonly details: LoginDetails;
  /** Cut what there is of it: the session is over. */
  cut(error: ProxyError): void;
  /** Close it as soon as nothing runs; `end` of the session follows. */
  drain(): void;
}

/** What a timer of Node's can wait for at most. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export class RequestSession implements LiveSession {
  readonly id: SessionId;
  readonly domain: RequestDomain;
  readonly context: SessionContext;
  readonly records: StatementRecords;
  /** Its requests that are under way, for whoever asks why SQL runs. */
  readonly calls: RunningCalls;
  readonly actor: Identity;
  rows = 0;
  bytes = 0;
  /** Requests under way, and those of them that wait for people. */
  running = 0;
  held = 0;
  readonly #client: RequestClient;
  readonly #alerts: SessionAlerts;
  readonly #startedMs: number;
  #policyContext: PolicyContext;
  #policyVersion: string;
  #expiry: { cancel(): void } | null = null;
  #ended = false;

  private constructor(domain: RequestDomain, actor: Identity, client: RequestClient) {
    this.id = domain.sessions.newId();
    this.domain = domain;
    this.actor = actor;
    this.#client = client;
    this.context = {
      principal: actor.principal,
      listener: domain.name,
      clientAddress: client.clientAddress,
      proof: actor.proof,
    };
    this.#alerts = new SessionAlerts(domain.alerts, this.id, this.context);
    this.records = new StatementRecords(this.id, domain, this.#alerts);
    this.calls = domain.sessions.causes.callsOf(this.id, client.details.application);
    this.#startedMs = domain.now();
    this.#policyContext = domain.policy.current.contextFor(this.context, domain.clock());
    this.#policyVersion = domain.policy.current.version;
    this.#alerts.duties = this.#policyContext.alerts;
  }

  /** Lets somebody in who has proven who they are; the error says why not. */
  static begin(domain: RequestDomain, actor: Identity, client: RequestClient): RequestSession | ProxyError {
    const refusal = domain.access.refusal(actor);
    if (refusal !== null) return refusal;
    const { journal, sessions, turn } = domain;
    if (!journal.healthy && !journal.tryRecover()) return new ProxyError('journal-unavailable');
    const session = new RequestSession(domain, actor, client);
    sessions.add(session);
    if (!sessions.admit(session)) {
      sessions.remove(session, null);
      return new ProxyError('too-many-connections');
    }
    const { id, context } = session;
    domain.record('session-start', sessionStartMembers(id, context, actor.proof, client.details), 'now');
    // Without a record of its beginning a session's requests would be nobody's.
    if (!turn.flush()) {
      sessions.remove(session, null);
      return new ProxyError('journal-unavailable');
    }
    session.#awaitExpiry();
    return session;
  }

  get brief(): SessionBrief {
    const { statements, denied } = this.records;
    return {
      id: this.id,
      principal: this.actor.principal,
      listener: this.domain.name,
      clientAddress: this.#client.clientAddress,
      application: this.#client.details.application,
      ageMs: this.domain.now() - this.#startedMs,
      phase: this.#ended ? 'closed' : this.held > 0 ? 'held' : this.running > 0 ? 'busy' : 'idle',
      statements,
      denied,
      rows: this.rows,
      bytes: this.bytes,
    };
  }

  get isOver(): boolean {
    return this.#ended;
  }

  /** The policy as it is for this session now. */
  get policyContext(): PolicyContext {
    const { policy, clock } = this.domain;
    const nowMs = clock();
    if (policy.current.version !== this.#policyVersion || nowMs >= this.#policyContext.validUntilMs) {
      this.#policyVersion = policy.current.version;
      this.#policyContext = policy.current.contextFor(this.context, nowMs);
      this.#alerts.duties = this.#policyContext.alerts;
    }
    return this.#policyContext;
  }

  /** What is masked of all that this session is sent; null: nothing. */
  get masks(): ResponseMasks | null {
    const { response } = this.policyContext;
    return this.domain.policy.current.isObserving ? null : response;
  }

  /** Whether something is looked for in what the server sends. */
  get looksForCanaries(): boolean {
    return this.#alerts.canaries !== null;
  }

  /**
   * Looks for canaries in one answer or message of the server's; throws, and is over, where one of them must not be shown.
   * Null: nothing is looked for.
   */
  canaryLook(): CanaryLook | null {
    if (!this.looksForCanaries) return null;
    return new CanaryLook((spellings, found) => {
      if (this.#alerts.findIn(spellings, found)) return;
      const error = new ProxyError('canary-read');
      this.terminate(error);
      throw error;
    });
  }

  /** The same for a text that stands apart from answers. False: it must not be shown, and the session is over. */
  mayShow(text: string): boolean {
    try {
      this.canaryLook()?.whole(Buffer.from(text));
      return true;
    } catch {
      return false;
    }
  }

  judge(facts: RequestFacts): RequestDecision {
    const { policy, meter } = this.domain;
    const context = this.policyContext;
    if (!meter.isTimed) return policy.current.decideRequest(context, facts);
    const begunMs = performance.now();
    const decision = policy.current.decideRequest(context, facts);
    meter.decided(performance.now() - begunMs);
    return decision;
  }

  /** A session never outlives what was shown for it. */
  #awaitExpiry(): void {
    this.#expiry?.cancel();
    const { expiresAtMs } = this.actor.proof;
    if (expiresAtMs === null) return;
    const leftMs = Math.max(0, Math.min(expiresAtMs - this.domain.clock(), TIMER_MS_MAX));
    this.#expiry = this.domain.after(leftMs, () => this.#endIfExpired());
  }

  #endIfExpired(): void {
    const { expiresAtMs } = this.actor.proof;
    if (this.#ended || expiresAtMs === null) return;
    if (this.domain.clock() >= expiresAtMs) this.terminate(new ProxyError('login-expired'));
    else this.#awaitExpiry();
  }

  cancelRequested(): void {}

  tick(): void {
    if (this.#expiry !== null) this.#endIfExpired();
  }

  drain(): void {
    this.#client.drain();
  }

  terminate(error: ProxyError): void {
    if (this.#ended) return;
    this.end(error);
    this.#client.cut(error);
  }

  /** `error` null: the client left in good order. */
  end(error: ProxyError | null): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#expiry?.cancel();
    const ms = Math.round(this.domain.now() - this.#startedMs);
    this.domain.record('session-end', sessionEndMembers(this.id, error, this.records, this, ms), 'soon');
    this.domain.sessions.remove(this, null);
  }
}
