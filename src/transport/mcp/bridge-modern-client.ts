/**
 * A modern client in front of a legacy server: the session that the client does not know of is held here, and what the
 * server asks in the middle of a request is a result that asks for input. One for each principal.
 */
import { createHash } from 'node:crypto';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import {
  discoverAnswer,
  inputParams,
  inputRequiredAnswer,
  legacyRequest,
  type ModernClient,
  modernClient,
  requestText,
  retryOf,
} from '../../../protocols/mcp/bridge/modern-to-legacy.ts';
import { severityOf } from '../../../protocols/mcp/bridge/shared.ts';
import type { RequestId } from '../../../protocols/mcp/message.ts';
import type { Method } from '../../../protocols/mcp/methods.ts';
import { abortSignalOf } from '../cancellation.ts';
import type { AskedOfClient, BridgeCall, CallItem } from './bridge-call.ts';
import { LegacySession } from './bridge-legacy-session.ts';
import type { LegacySessions, SessionAnswer } from './bridge-legacy-sessions.ts';
import { eventOf, NOTHING, oneMessage, type ReadMessage, readBytes } from './bridge-messages.ts';
import {
  answerFor,
  invalid,
  noTasks,
  notificationFor,
  refusalOf,
  refusedSession,
  type Served,
  severityWanted,
} from './bridge-modern-answers.ts';
import type { ParkedCalls } from './bridge-parked.ts';
import { readFilter, subscription } from './bridge-subscription.ts';
import {
  LegError,
  type MessageToServer,
  type ServerEvent,
  type ServerLeg,
  type ServerStream,
} from './legs.ts';

const NONE = -1;
/** After so long without a word an answer is taken to come as a stream. */
const FIRST_WORD_MS = 2_000;

export interface ModernBridgePorts {
  /** By which requests that wait are kept apart from those of others. */
  readonly principal: string;
  /** By which sessions are; no two principals are the same holder. */
  readonly holder: string;
  readonly sessions: LegacySessions;
  readonly parked: ParkedCalls;
  /** Of the legacy era, for a new session. */
  open(): Promise<ServerLeg>;
}

interface Serving {
  readonly served: Served;
  readonly session: LegacySession;
  readonly call: BridgeCall;
  readonly first: Promise<CallItem | null>;
  /** Nobody waits for the call any more. */
  drop(): void;
  /** The call goes on without this request. */
  release(): void;
}

export class ModernClientBridge implements ServerLeg {
  readonly #ports: ModernBridgePorts;

  constructor(ports: ModernBridgePorts) {
    this.#ports = ports;
  }

  async send(message: MessageToServer): Promise<ServerStream> {
    const { id, method } = message;
    // What a modern client does not want any more is aborted; it has nothing else to tell.
    if (message.kind !== 'request' || id === null || method === null) return NOTHING;
    const read = readBytes(message.bytes);
    const params = read.message.kind === 'request' ? read.message.params : NONE;
    const client = modernClient(read.document, params);
    if (client.logLevel !== null && severityOf(client.logLevel) < 0)
      return invalid(id, 'there is no such log level');
    switch (method) {
      case 'server/discover':
        return this.#withSession(id, client, (session) => {
          const { read: told, result } = session.initialized;
          return Promise.resolve(oneMessage(discoverAnswer(id, told.document, result)));
        });
      case 'subscriptions/listen': {
        const filter = readFilter(read);
        if (typeof filter === 'string') return invalid(id, filter);
        const signal = abortSignalOf(message.signal);
        return this.#withSession(id, client, (session) => subscription(session, filter, id, signal));
      }
      case 'tasks/get':
      case 'tasks/update':
      case 'tasks/cancel':
        throw noTasks(id);
      default:
        return this.#request(message, read, params, client, id, method);
    }
  }

  listen(): Promise<null> {
    return Promise.resolve(null);
  }

  /** Sessions are shared by all requests of a principal, and end by themselves. */
  end(): Promise<void> {
    return Promise.resolve();
  }

  #session(client: ModernClient): Promise<SessionAnswer> {
    const { sessions, holder } = this.#ports;
    return sessions.use(holder, client, () => this.#ports.open());
  }

  /** A server that has forgotten the session gets a new one, once: what it did not know of it has not done. */
  async #withSession(
    id: RequestId,
    client: ModernClient,
    use: (session: LegacySession) => Promise<ServerStream>,
  ): Promise<ServerStream> {
    for (let isAgain = false; ; isAgain = true) {
      const session = await this.#session(client);
      if (!(session instanceof LegacySession)) return oneMessage(refusedSession(id, session));
      try {
        return await use(session);
      } catch (error) {
        const fault = error instanceof LegError ? error.fault : null;
        const isGone = fault === 'session-gone';
        // A program that has ended takes its session with it; what it has done of the request nobody knows.
        if (isGone || fault === 'ended') await session.end().catch(() => {});
        if (isAgain || !isGone) throw error;
      }
    }
  }

  async #request(
    message: MessageToServer,
    { document }: ReadMessage,
    params: number,
    client: ModernClient,
    id: RequestId,
    method: Method,
  ): Promise<ServerStream> {
    const token = document.member(document.member(params, '_meta'), 'progressToken');
    const served: Served = {
      id,
      method,
      digest: createHash('sha256')
        .update(requestText(document, method, params))
        .digest('base64url'),
      client,
      progressToken: token === NONE ? null : document.written(token),
      signal: message.signal,
    };
    const retry = retryOf(document, params);
    if (retry !== null) return this.#resume(served, retry);
    return this.#withSession(id, client, async (session) => {
      if (client.logLevel !== null) await session.wantLogs(client.logLevel);
      const number = session.nextNumber();
      const own = { id: String(number), progressToken: String(number) };
      const bytes = legacyRequest(document, { node: document.root, params }, own);
      const call = session.call(number, method, bytes, severityWanted(client));
      return this.#serve(served, session, call);
    });
  }

  #resume(
    served: Served,
    { answers, state }: { readonly answers: ReadonlyMap<string, Buffer>; readonly state: string },
  ): Promise<ServerStream> {
    const parked = this.#ports.parked.claim(state, this.#ports.principal, served.digest);
    if (parked === null)
      return invalid(
        served.id,
        'requestState is not known: it has expired, was used before, or is for another request',
      );
    const { session, call, asked } = parked;
    call.logSeverity = severityWanted(served.client);
    const missing: AskedOfClient[] = [];
    for (const [key, one] of asked) {
      const answer = answers.get(key);
      if (answer === undefined) missing.push(one);
      else session.answer(one.id, answer);
    }
    // What is missing is asked again.
    call.items.putFirst(missing);
    return this.#serve(served, session, call);
  }

  /** Rejects with LegError. */
  async #serve(served: Served, session: LegacySession, call: BridgeCall): Promise<ServerStream> {
    let isHeld = true;
    const release = () => {
      isHeld = false;
    };
    const drop = () => {
      if (isHeld) session.cancel(call);
    };
    if (served.signal.aborted) drop();
    else served.signal.addEventListener('abort', drop, { once: true });
    const first = call.items.take();
    const events = this.#events({ served, session, call, first, drop, release });
    if (await isLate(first)) return { shape: 'many', events, close: drop };
    const item = await first;
    const refusal = item?.kind === 'answer' ? refusalOf(served, item.read) : null;
    if (refusal !== null) {
      served.signal.removeEventListener('abort', drop);
      throw refusal;
    }
    return { shape: item === null || item.kind === 'notification' ? 'many' : 'one', events, close: drop };
  }

  async *#events({ served, session, call, first, drop, release }: Serving): AsyncGenerator<ServerEvent> {
    try {
      for (let item = await first; item !== null; item = await call.items.take()) {
        if (item.kind === 'notification') {
          const bytes = notificationFor(served, item);
          if (bytes !== null) yield eventOf(bytes);
        } else if (item.kind === 'answer') {
          yield eventOf(answerFor(served, item.read, session.initialized.server));
          return;
        } else {
          const bytes = await this.#park(served, session, call, item);
          release();
          yield eventOf(bytes);
          return;
        }
      }
    } finally {
      served.signal.removeEventListener('abort', drop);
      drop();
    }
  }

  /** What the server asks, as a result; the call waits for the client to come back. */
  async #park(
    served: Served,
    session: LegacySession,
    call: BridgeCall,
    first: AskedOfClient,
  ): Promise<Buffer> {
    // What it asks in the same breath is asked together.
    await turn();
    const asked = new Map<string, AskedOfClient>();
    for (const one of [first, ...call.items.takeWhile((item) => item.kind === 'asked')])
      asked.set(`${one.method.split('/')[0]}-${asked.size + 1}`, one);
    const { principal, parked } = this.#ports;
    const state = parked.park({ session, call, asked, principal, digest: served.digest });
    const requests = [...asked].map(([key, { method, params }]) => {
      return [key, { method, params: inputParams(params) }] as const;
    });
    return inputRequiredAnswer(served.id, new Map(requests), state);
  }
}

/** Rejects as the first word does, if it comes in time. */
async function isLate(first: Promise<unknown>): Promise<boolean> {
  const heard = new AbortController();
  const silence = delay(FIRST_WORD_MS, true, { signal: heard.signal, ref: false }).catch(() => false);
  try {
    return await Promise.race([first.then(() => false), silence]);
  } finally {
    heard.abort();
  }
}
