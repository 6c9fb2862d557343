/**
 * A session at a legacy server that Sluice holds for a modern client, which does not know of it. Requests get numbers of
 * the session's own, so that those of several streams never meet; what the server says is brought to the request it
 * belongs to.
 */
import { errorAnswer } from '../../../protocols/mcp/answers.ts';
import { emptyAnswer } from '../../../protocols/mcp/bridge/legacy-to-modern.ts';
import {
  answerToServer,
  INITIALIZED,
  initializeFor,
  type ModernClient,
} from '../../../protocols/mcp/bridge/modern-to-legacy.ts';
import { severityOf } from '../../../protocols/mcp/bridge/shared.ts';
import { type ChangesOffered, changesOffered } from '../../../protocols/mcp/bridge/subscriptions.ts';
import { type RequestId, RPC_ERRORS, readId } from '../../../protocols/mcp/message.ts';
import type { Method } from '../../../protocols/mcp/methods.ts';
import { NEWEST_LEGACY, type Revision, revisionNamed, traitsOf } from '../../../protocols/mcp/revisions.ts';
import { CANONICAL_JSON, isRefused, scanJson } from '../../json/index.ts';
import { type AskedOfClient, BridgeCall, type CallItem } from './bridge-call.ts';
import {
  answeredBy,
  answerIn,
  answerOf,
  isMethod,
  notificationOf,
  plainRequest,
  type ReadMessage,
  requestOf,
} from './bridge-messages.ts';
import { followStream } from './bridge-stream.ts';
import { LegError, type ServerLeg, type ServerStream } from './legs.ts';

const NONE = -1;
/** What the server asks while nothing runs that could ask the client. */
const UNCLAIMED_MAX = 16;
const NEVER = new AbortController().signal;

export interface Initialized {
  readonly read: ReadMessage;
  /** Node of the result. */
  readonly result: number;
  readonly revision: Revision;
  /** What the server says of itself, as written. */
  readonly server: Buffer | null;
  readonly changes: ChangesOffered;
  readonly logs: boolean;
}

/** Is told what changes at the server. */
export type ChangeListener = (read: ReadMessage, method: Method) => void;

export class LegacySession {
  readonly initialized: Initialized;
  readonly client: ModernClient;
  readonly #leg: ServerLeg;
  /** What the client can be asked. */
  readonly #asks: ReadonlySet<string>;
  readonly #over = new AbortController();
  readonly #calls = new Map<number, BridgeCall>();
  readonly #listeners = new Set<ChangeListener>();
  /** How many subscriptions want to be told of a resource. */
  readonly #subscribed = new Map<string, number>();
  #unclaimed: AskedOfClient[] = [];
  #severity: number | null = null;
  #lastNumber = 1;

  private constructor(leg: ServerLeg, client: ModernClient, initialized: Initialized) {
    this.#leg = leg;
    this.client = client;
    this.initialized = initialized;
    this.#asks = requestsFor(client);
  }

  /** Rejects with LegError; gives the server's answer where it refuses. */
  static async begin(
    leg: ServerLeg,
    client: ModernClient,
    signal: AbortSignal,
  ): Promise<LegacySession | ReadMessage> {
    const initialize = requestOf(initializeFor('sluice-1', client), NEWEST_LEGACY, signal);
    const read = await answeredBy(leg.send(initialize)).then(answerIn);
    const { document, message } = read;
    if (message.kind !== 'result') return read;
    const { result } = message;
    const revision = revisionNamed(document.text(document.member(result, 'protocolVersion')) ?? '');
    if (revision === null || traitsOf(revision).era !== 'legacy')
      throw new LegError(
        'not-mcp',
        'the server answered initialize with a revision that Sluice does not speak',
      );
    const capabilities = document.member(result, 'capabilities');
    const info = document.member(result, 'serverInfo');
    const session = new LegacySession(leg, client, {
      read,
      result,
      revision,
      server: info === NONE ? null : Buffer.from(document.bytes(info)),
      changes: changesOffered(document, capabilities),
      logs: document.member(capabilities, 'logging') !== NONE,
    });
    const began = await leg.send(notificationOf(INITIALIZED, 'notifications/initialized', revision, signal));
    began.close();
    void session.#listen();
    return session;
  }

  get isOver(): boolean {
    return this.#over.signal.aborted;
  }

  /** Whether somebody waits for something of it. */
  get isBusy(): boolean {
    return this.#calls.size > 0 || this.#listeners.size > 0;
  }

  get ended(): AbortSignal {
    return this.#over.signal;
  }

  nextNumber(): number {
    return ++this.#lastNumber;
  }

  /** Sends what `number` has been given to; what it brings is the call's. */
  call(number: number, method: Method, bytes: Buffer, logSeverity: number | null): BridgeCall {
    const call = new BridgeCall(
      {
        leg: this.#leg,
        fromServer: (read, one) => this.#fromServer(read, one),
        ended: (one) => this.#calls.delete(one.number),
      },
      number,
      method,
      logSeverity,
    );
    this.#calls.set(number, call);
    const request = requestOf(bytes, this.initialized.revision, call.signal);
    call.begin(this.#leg.send(request));
    if (call.takesInput) for (const asked of this.#unclaimed.splice(0)) call.items.put(asked);
    return call;
  }

  /** The client does not want it any more. */
  cancel(call: BridgeCall): void {
    if (call.isOver) return;
    const { revision } = this.initialized;
    const bytes = Buffer.from(
      `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":${call.number}}}`,
    );
    this.#tell(this.#leg.send(notificationOf(bytes, 'notifications/cancelled', revision, NEVER)));
    call.end();
  }

  /** What the client says to what the server asked. */
  answer(id: RequestId, result: Buffer): void {
    this.#answer(id, answerToServer(id, result));
  }

  refuse(id: RequestId, why: string): void {
    this.#answer(id, errorAnswer(id, RPC_ERRORS.internal, why, null));
  }

  /** Has the server send log messages of this severity and above, at the least. */
  async wantLogs(level: string): Promise<void> {
    const severity = severityOf(level);
    if (!this.initialized.logs || (this.#severity !== null && this.#severity <= severity)) return;
    this.#severity = severity;
    await this.#ask('logging/setLevel', Buffer.from(`{"level":${JSON.stringify(level)}}`));
  }

  addListener(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Whether the server takes it. */
  async subscribe(uri: string): Promise<boolean> {
    const before = this.#subscribed.get(uri) ?? 0;
    this.#subscribed.set(uri, before + 1);
    if (before > 0) return true;
    const read = await this.#ask('resources/subscribe', Buffer.from(`{"uri":${JSON.stringify(uri)}}`));
    if (read?.message.kind === 'result') return true;
    this.#release(uri);
    return false;
  }

  unsubscribe(uri: string): void {
    if (this.#release(uri) === 0 && !this.isOver)
      void this.#ask('resources/unsubscribe', Buffer.from(`{"uri":${JSON.stringify(uri)}}`));
  }

  #release(uri: string): number {
    const left = (this.#subscribed.get(uri) ?? 1) - 1;
    if (left > 0) this.#subscribed.set(uri, left);
    else this.#subscribed.delete(uri);
    return left;
  }

  /** Whatever runs fails; the server is told where it can be. */
  async end(): Promise<void> {
    if (this.isOver) return;
    this.#over.abort();
    for (const call of [...this.#calls.values()])
      call.end(new LegError('session-gone', 'the session has ended'));
    this.#listeners.clear();
    await this.#leg.end();
  }

  /** A request of the session's own. Null: it was not answered. */
  async #ask(method: Method, params: Buffer): Promise<ReadMessage | null> {
    const bytes = plainRequest(this.nextNumber(), method, params);
    try {
      return await answeredBy(
        this.#leg.send(requestOf(bytes, this.initialized.revision, this.#over.signal)),
      ).then(answerIn);
    } catch {
      return null;
    }
  }

  #answer(id: RequestId, bytes: Buffer): void {
    this.#tell(this.#leg.send(answerOf(bytes, id, this.initialized.revision, NEVER)));
  }

  /** Nothing comes back; where it does not arrive, the server waits until its own patience ends. */
  #tell(sending: Promise<ServerStream>): void {
    sending.then(
      (stream) => stream.close(),
      () => {},
    );
  }

  /** The stream of the session itself, for as long as the server offers one. */
  async #listen(): Promise<void> {
    const isGone = await followStream(this.#leg, this.#over.signal, (read) => this.#fromServer(read, null));
    if (isGone) await this.end().catch(() => {});
  }

  async #fromServer(read: ReadMessage, on: BridgeCall | null): Promise<void> {
    const { document, message } = read;
    if (message.kind === 'request') {
      const params = message.params === NONE ? null : Buffer.from(document.bytes(message.params));
      this.#asked({ kind: 'asked', id: message.id, method: message.method, params }, on);
      return;
    }
    if (message.kind !== 'notification' || !isMethod(message.method)) return;
    const { method, params } = message;
    if (method === 'notifications/progress') {
      const token = document.member(params, 'progressToken');
      const key = token === NONE ? null : readId(document, token)?.key;
      const call = this.#calls.get(Number(key?.slice(1)));
      if (call !== undefined) await bring(call, { kind: 'notification', read, method }, on);
    } else if (method === 'notifications/message') {
      const severity = severityOf(document.text(document.member(params, 'level')) ?? '');
      const call = on ?? this.#latest((one) => one.logSeverity !== null);
      if (call !== null && call.logSeverity !== null && severity >= call.logSeverity)
        await bring(call, { kind: 'notification', read, method }, on);
    } else for (const listener of this.#listeners) listener(read, method);
  }

  /** A server may ask on the stream of a request or on that of the session; a modern client is asked in a result. */
  #asked(asked: AskedOfClient, on: BridgeCall | null): void {
    if (asked.method === 'ping') {
      this.#answer(asked.id, emptyAnswer(asked.id));
      return;
    }
    if (!this.#asks.has(asked.method)) {
      const why = 'the client cannot do what is asked';
      this.#answer(asked.id, errorAnswer(asked.id, RPC_ERRORS.methodNotFound, why, null));
      return;
    }
    const call = on?.takesInput ? on : this.#latest((one) => one.takesInput);
    if (call?.items.offer(asked) === true) return;
    if (call === null && this.#unclaimed.length < UNCLAIMED_MAX) this.#unclaimed.push(asked);
    else this.refuse(asked.id, 'the client cannot be asked now');
  }

  #latest(isMeant: (call: BridgeCall) => boolean): BridgeCall | null {
    return [...this.#calls.values()].reverse().find((call) => !call.isOver && isMeant(call)) ?? null;
  }
}

/** On its own stream the server waits until there is room; what comes elsewhere must not hold up others. */
async function bring(call: BridgeCall, item: CallItem, on: BridgeCall | null): Promise<void> {
  if (call === on) await call.items.push(item);
  else call.items.offer(item);
}

/** What a server may ask of a client, by the capability that says so. */
const ASKED: ReadonlyMap<string, string> = new Map([
  ['elicitation', 'elicitation/create'],
  ['sampling', 'sampling/createMessage'],
  ['roots', 'roots/list'],
]);

function requestsFor({ capabilities }: ModernClient): ReadonlySet<string> {
  const document = scanJson(capabilities, 0, capabilities.length, CANONICAL_JSON);
  if (isRefused(document)) return new Set();
  const methods = [...document.children(document.root)].map((node) => ASKED.get(document.name(node) ?? ''));
  return new Set(methods.filter((method) => method !== undefined));
}
