/** Who is on a connection, as the journal tells it: a session begins with a login, and ends with it or with another. */
import { ProxyError } from '../core/errors.ts';
import type { SessionId } from '../core/ids.ts';
import type { Identity, SessionContext } from '../core/principal.ts';
import type { LoginDetails, SessionActivity } from '../core/session.ts';
import type { ListenerDomain } from './listener-domain.ts';
import { loginRefusedMembers, sessionEndMembers, sessionStartMembers } from './session-records.ts';
import type { SessionBrief } from './sessions.ts';
import { SessionGate } from './sql-gate.ts';

interface Current {
  readonly gate: SessionGate;
  readonly identity: Identity;
  readonly application: string | null;
}

export class JournaledSession {
  readonly #domain: ListenerDomain;
  #id: SessionId;
  #startedMs: number;
  #current: Current | null = null;

  constructor(domain: ListenerDomain) {
    this.#domain = domain;
    this.#id = domain.sessions.newId();
    this.#startedMs = domain.now();
  }

  get id(): SessionId {
    return this.#id;
  }

  get gate(): SessionGate | null {
    return this.#current?.gate ?? null;
  }

  get identity(): Identity | null {
    return this.#current?.identity ?? null;
  }

  /** A principal has logged in; whoever was on the connection before is not any more. */
  begin(
    identity: Identity,
    details: LoginDetails,
    clientAddress: string | null,
    activity: SessionActivity,
    inEvent: (step: () => void) => void,
    onWake: () => void,
  ): SessionGate | ProxyError {
    const { sql, name, turn } = this.#domain;
    if (this.#current !== null) {
      this.end(null, clientAddress, activity);
      this.#id = this.#domain.sessions.newId();
      this.#startedMs = this.#domain.now();
      this.#current = null;
    }
    const { principal, proof } = identity;
    const context: SessionContext = { principal, listener: name, clientAddress, proof };
    const cause = this.#domain.sessions.causes.behind(identity);
    const gate = new SessionGate(sql, this.#id, context, inEvent, onWake, cause);
    const members = sessionStartMembers(this.#id, context, proof, details);
    sql.record('session-start', `${members}${cause.sessionMember}`, 'now');
    // Without a record of its beginning a session's statements would be nobody's.
    if (!turn.flush()) return new ProxyError('journal-unavailable');
    this.#current = { gate, identity, application: details.application };
    return gate;
  }

  /** Null until somebody has logged in. */
  brief(clientAddress: string | null, { phase, rows, bytes }: SessionActivity): SessionBrief | null {
    if (this.#current === null) return null;
    const { gate, identity, application } = this.#current;
    const { statements, denied } = gate.records;
    const ageMs = this.#domain.now() - this.#startedMs;
    const { name: listener } = this.#domain;
    return {
      id: this.#id,
      principal: identity.principal,
      listener,
      clientAddress,
      application,
      ageMs,
      phase,
      statements,
      denied,
      rows,
      bytes,
    };
  }

  end(error: ProxyError | null, clientAddress: string | null, activity: SessionActivity): void {
    const { sql, name, now } = this.#domain;
    if (this.#current !== null) {
      this.#current.gate.close();
      const ms = Math.round(now() - this.#startedMs);
      const members = sessionEndMembers(this.#id, error, this.#current.gate.records, activity, ms);
      sql.record('session-end', members, 'soon');
    } else if (error !== null) {
      sql.record('login-refused', loginRefusedMembers(this.#id, name, clientAddress, error), 'soon');
    }
  }
}
