/**
 * A server behind a listener, for clients of both eras: straight through where the server speaks the client's era, by
 * the bridge where it does not.
 */
import type { Era } from '../../../protocols/mcp/revisions.ts';
import type { Identity } from '../../core/principal.ts';
import type { RequestSession } from '../../engine/request-session.ts';
import { type EraOptions, ServerEras } from './bridge-eras.ts';
import { LegacyClientBridge } from './bridge-legacy-client.ts';
import { LegacySessions } from './bridge-legacy-sessions.ts';
import { readBytes } from './bridge-messages.ts';
import { ModernClientBridge } from './bridge-modern-client.ts';
import { ParkedCalls } from './bridge-parked.ts';
import {
  LegError,
  type LegSource,
  type MessageToServer,
  type ServerEvent,
  type ServerLeg,
  type ServerStream,
} from './legs.ts';

export interface BridgeOptions extends EraOptions {
  /** After which a session that is held for modern clients and that nobody uses ends. */
  readonly sessionIdleMs: number;
  /** Such sessions, at once. */
  readonly sessionsMax: number;
  /** For a client to come back with what a server has asked for: people answer it. */
  readonly inputWithinMs: number;
}

/** Requests of one principal that wait for that. */
const PARKED_MAX = 100;

/** Opens a leg to the server itself, for whoever the leg is. */
export type OpenLeg = (era: Era) => Promise<ServerLeg>;

/** What the legs of one server share. */
export class EraBridge {
  readonly #eras: ServerEras;
  readonly #sessions: LegacySessions;
  readonly #parked: ParkedCalls;

  constructor(options: BridgeOptions) {
    this.#eras = new ServerEras(options);
    this.#parked = new ParkedCalls({ expiresAfterMs: options.inputWithinMs, perPrincipalMax: PARKED_MAX });
    this.#sessions = new LegacySessions({ idleMs: options.sessionIdleMs, max: options.sessionsMax });
  }

  /**
   * `principal`: whose requests go over it; what waits for one is never another's. `holder`: who shares sessions, the
   * principal again or less than that.
   */
  leg(era: Era, principal: string, holder: string, open: OpenLeg): ServerLeg {
    if (era === 'legacy') return new LegacyFront(open, this.#eras);
    const shared = { sessions: this.#sessions, parked: this.#parked };
    const ports = { ...shared, principal, holder, open: () => open('legacy') };
    return new ModernFront(open, this.#eras, new ModernClientBridge(ports));
  }

  async close(): Promise<void> {
    this.#parked.close();
    await this.#sessions.close();
  }
}

/**
 * Whose requests of the modern era go over one session at the server. `session`: a program has logins of one session only,
 * so that its SQL is known to be that session's. `login`: Sluice is there by what a token was exchanged for, and a token
 * that may do less, or ends sooner, does not come by it.
 */
export type Sharing = 'principal' | 'login' | 'session';

export class BridgedSource implements LegSource {
  readonly #inner: LegSource;
  readonly #bridge: EraBridge;
  readonly #sharing: Sharing;

  constructor(inner: LegSource, options: BridgeOptions, sharing: Sharing) {
    this.#inner = inner;
    this.#bridge = new EraBridge(options);
    this.#sharing = sharing;
  }

  open(era: Era, session: RequestSession): Promise<ServerLeg> {
    const open = (which: Era) => this.#inner.open(which, session);
    const principal = keyOf(session.actor);
    return Promise.resolve(this.#bridge.leg(era, principal, this.#holder(session, principal), open));
  }

  #holder({ id, actor }: RequestSession, principal: string): string {
    if (this.#sharing === 'principal') return principal;
    return this.#sharing === 'session' ? `${id} ${principal}` : loginOf(actor, principal);
  }

  async close(): Promise<void> {
    await this.#bridge.close();
    await this.#inner.close();
  }
}

/** Two logins with one key are the same principal, whoever vouches for it. */
function keyOf({ principal, proof }: Identity): string {
  return JSON.stringify([
    proof.via,
    proof.issuer,
    proof.subject,
    principal.name,
    [...principal.groups].sort(),
  ]);
}

function loginOf({ proof, scopes }: Identity, principal: string): string {
  return JSON.stringify([principal, proof.credential, proof.expiresAtMs, [...(scopes ?? [])].sort()]);
}

/** For a modern client: every request by itself. */
class ModernFront implements ServerLeg {
  readonly #open: OpenLeg;
  readonly #eras: ServerEras;
  readonly #bridge: ServerLeg;
  #straight: Promise<ServerLeg> | null = null;

  constructor(open: OpenLeg, eras: ServerEras, bridge: ServerLeg) {
    this.#open = open;
    this.#eras = eras;
    this.#bridge = bridge;
  }

  async send(message: MessageToServer): Promise<ServerStream> {
    const isModern = await this.#eras.speaksModern(() => this.#open('modern'));
    if (!isModern) return this.#bridge.send(message);
    this.#straight ??= this.#open('modern').catch((error: unknown) => {
      this.#straight = null;
      throw error;
    });
    try {
      return await (await this.#straight).send(message);
    } catch (error) {
      // A refusal that no modern server makes: it may have become another one (versioning, backward compatibility).
      if (error instanceof LegError && error.fault === 'refused' && error.body === null) this.#eras.forget();
      throw error;
    }
  }

  async listen(...which: Parameters<ServerLeg['listen']>): Promise<ServerStream | null> {
    return (await this.#straight)?.listen(...which) ?? null;
  }

  async end(): Promise<void> {
    await (await this.#straight)?.end();
  }
}

/** For one session of a legacy client: initialize decides which way it goes. */
class LegacyFront implements ServerLeg {
  readonly #open: OpenLeg;
  readonly #eras: ServerEras;
  #leg: ServerLeg | null = null;

  constructor(open: OpenLeg, eras: ServerEras) {
    this.#open = open;
    this.#eras = eras;
  }

  async send(message: MessageToServer): Promise<ServerStream> {
    if (this.#leg !== null && message.method !== 'initialize') return this.#leg.send(message);
    if (message.method === 'initialize') return this.#begin(message);
    throw new LegError('session-gone', 'the session has not begun');
  }

  async listen(...which: Parameters<ServerLeg['listen']>): Promise<ServerStream | null> {
    return (await this.#leg?.listen(...which)) ?? null;
  }

  async end(): Promise<void> {
    await this.#leg?.end();
  }

  /** The client's own initialize is what tells whether the server takes one. */
  async #begin(message: MessageToServer): Promise<ServerStream> {
    if (this.#eras.speaks('legacy') === false) return this.#bridged(message);
    const straight = await this.#open('legacy');
    this.#leg = straight;
    try {
      const { stream, isRefused } = await begun(await straight.send(message));
      if (!isRefused) this.#eras.learn('legacy', true);
      if (!isRefused || !(await this.#isModernOnly())) return stream;
      stream.close();
    } catch (error) {
      const isRefused = error instanceof LegError && (error.fault === 'refused' || error.fault === 'not-mcp');
      if (!isRefused || !(await this.#isModernOnly())) throw error;
    }
    await straight.end().catch(() => {});
    return this.#bridged(message);
  }

  async #isModernOnly(): Promise<boolean> {
    if (this.#eras.speaks('legacy') === true) return false;
    const isModern = await this.#eras.speaksModern(() => this.#open('modern'));
    if (isModern) this.#eras.learn('legacy', false);
    return isModern;
  }

  async #bridged(message: MessageToServer): Promise<ServerStream> {
    const bridge = new LegacyClientBridge(await this.#open('modern'));
    this.#leg = bridge;
    return bridge.send(message);
  }
}

/** A stream whose answer has been seen; it is read from the beginning. */
async function begun(
  stream: ServerStream,
): Promise<{ readonly stream: ServerStream; readonly isRefused: boolean }> {
  const iterator = stream.events[Symbol.asyncIterator]();
  const seen: ServerEvent[] = [];
  let isRefused = false;
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
    seen.push(next.value);
    const kind = next.value.message === null ? null : readBytes(next.value.message).message.kind;
    isRefused = kind === 'error';
    if (kind === 'error' || kind === 'result') break;
  }
  const events = async function* (): AsyncGenerator<ServerEvent> {
    try {
      yield* seen;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next())
        yield next.value;
    } finally {
      await iterator.return?.();
    }
  };
  return { stream: { ...stream, events: events(), close: () => stream.close() }, isRefused };
}
