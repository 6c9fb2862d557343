/** One client's connection: who is on it, and the session that this is. */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { ProxyError } from '../core/errors.ts';
import type { HttpIdentity } from '../core/login.ts';
import type { Identity } from '../core/principal.ts';
import type { RequestDomain } from '../engine/request-domain.ts';
import { RequestSession } from '../engine/request-session.ts';
import { loginRefusedMembers } from '../engine/session-records.ts';

/** Requests of one connection that are under way: each may hold a body, and a connection to the server. */
const PIPELINED_MAX = 16;

interface Known {
  readonly authorization: string | null;
  readonly session: RequestSession;
}

/** A login that is being checked, or has been: requests that come with the same one share it. */
interface Check {
  readonly authorization: string | null;
  readonly answer: Promise<Identity | ProxyError>;
}

export class HttpClient {
  readonly address: string | null;
  readonly secured: boolean;
  readonly #socket: Socket;
  readonly #domain: RequestDomain;
  readonly #identity: HttpIdentity;
  #known: Known | null = null;
  /** The login that is being checked: requests that come at once share it. */
  #checking: {
    readonly authorization: string | null;
    readonly answer: Promise<RequestSession | ProxyError>;
  } | null = null;
  #check: Check | null = null;
  /** Who the check has found: asked with every request, and known at once from then on. */
  #checked: { readonly check: Check; readonly actor: Identity } | null = null;
  #exchanges = 0;
  #draining = false;
  #closed = false;

  constructor(socket: Socket, domain: RequestDomain, identity: HttpIdentity) {
    this.#socket = socket;
    this.#domain = domain;
    this.#identity = identity;
    this.address = socket.remoteAddress ?? null;
    this.secured = socket instanceof TLSSocket;
    socket.once('close', () => {
      this.#closed = true;
      this.#known?.session.end(null);
    });
  }

  /** Whether it has sent as many requests ahead of their answers as it may. */
  get isAhead(): boolean {
    return this.#exchanges >= PIPELINED_MAX;
  }

  get isDraining(): boolean {
    return this.#draining;
  }

  /** The session of whoever sends this request. Another login on the connection is another session. */
  async session(
    authorization: string | null,
    application: string | null,
  ): Promise<RequestSession | ProxyError> {
    const known = this.#known;
    if (known !== null && known.authorization === authorization && !known.session.isOver)
      return known.session;
    const checking = this.#checking;
    if (checking !== null && checking.authorization === authorization) return checking.answer;
    const answer = this.#begin(authorization, application);
    this.#checking = { authorization, answer };
    try {
      return await answer;
    } finally {
      if (this.#checking?.answer === answer) this.#checking = null;
    }
  }

  /** Who sends this request, without a session of the connection's own. */
  identity(authorization: string | null): Identity | ProxyError | Promise<Identity | ProxyError> {
    const checked = this.#checked;
    if (checked === null || checked.check !== this.#check || checked.check.authorization !== authorization)
      return this.#checkedIdentity(authorization);
    const refusal = this.#stale(checked.actor);
    if (refusal === null) return checked.actor;
    this.#check = null;
    return refusal;
  }

  async #checkedIdentity(authorization: string | null): Promise<Identity | ProxyError> {
    if (this.#check === null || this.#check.authorization !== authorization)
      this.#check = { authorization, answer: this.#login(authorization) };
    const check = this.#check;
    const actor = await check.answer;
    const refusal = actor instanceof ProxyError ? actor : this.#stale(actor);
    if (actor instanceof ProxyError || refusal !== null) {
      if (this.#check === check) this.#check = null;
      return refusal ?? actor;
    }
    this.#checked = { check, actor };
    return actor;
  }

  /** Why a login that was good once is none any more. */
  #stale(actor: Identity): ProxyError | null {
    const { expiresAtMs } = actor.proof;
    if (expiresAtMs !== null && this.#domain.clock() >= expiresAtMs) return new ProxyError('login-expired');
    return this.#domain.access.refusal(actor);
  }

  async #login(authorization: string | null): Promise<Identity | ProxyError> {
    const { address: clientAddress, secured } = this;
    const login = await this.#identity.check({ authorization, clientAddress, secured });
    return login.answer === 'refused' ? this.#refused(login.error) : login.identity;
  }

  async #begin(
    authorization: string | null,
    application: string | null,
  ): Promise<RequestSession | ProxyError> {
    const { address: clientAddress, secured } = this;
    const actor = await this.#login(authorization);
    if (this.#closed) return new ProxyError('protocol-violation');
    if (actor instanceof ProxyError) return actor;
    this.#known?.session.end(null);
    this.#known = null;
    const session = RequestSession.begin(this.#domain, actor, {
      clientAddress,
      details: { application, secured, protocol: 'http/1.1' },
      cut: () => this.#socket.destroy(),
      drain: () => this.drain(),
    });
    if (session instanceof ProxyError) return this.#refused(session);
    this.#known = { authorization, session };
    return session;
  }

  #refused(error: ProxyError): ProxyError {
    const { name, sessions } = this.#domain;
    const members = loginRefusedMembers(sessions.newId(), name, this.address, error);
    this.#domain.record('login-refused', members, 'soon');
    return error;
  }

  /** An exchange begins; what it gives back ends it. */
  enter(): () => void {
    this.#exchanges++;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#exchanges--;
      if (this.#draining && this.#exchanges === 0) this.#socket.end();
    };
  }

  /** Closes as soon as nothing runs. */
  drain(): void {
    this.#draining = true;
    if (this.#exchanges === 0) this.#socket.end();
  }
}
