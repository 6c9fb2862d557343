/**
 * A client of the legacy era in front of a modern server: the session is kept here, and every request carries what the
 * handshake said. One for each session. Bytes are judged on the client's side of it (`judge.ts`).
 */
import { errorAnswer } from '../../../protocols/mcp/answers.ts';
import {
  emptyAnswer,
  initializeAnswer,
  type LegacyClient,
  legacyClient,
  modernRequest,
} from '../../../protocols/mcp/bridge/legacy-to-modern.ts';
import { severityOf } from '../../../protocols/mcp/bridge/shared.ts';
import {
  type ChangeFilter,
  changesOffered,
  listenParams,
} from '../../../protocols/mcp/bridge/subscriptions.ts';
import { type RequestId, RPC_ERRORS, readId } from '../../../protocols/mcp/message.ts';
import type { Method } from '../../../protocols/mcp/methods.ts';
import { NEWEST } from '../../../protocols/mcp/revisions.ts';
import type { JsonDocument } from '../../json/index.ts';
import { abortSignalOf } from '../cancellation.ts';
import { LegacyChanges } from './bridge-legacy-changes.ts';
import { type ClientAnswer, LegacyExchange } from './bridge-legacy-exchange.ts';
import {
  answeredBy,
  answerIn,
  errorCode,
  errorUnder,
  NOTHING,
  oneMessage,
  plainRequest,
  type ReadMessage,
  readBytes,
  requestOf,
} from './bridge-messages.ts';
import type { MessageToServer, ServerLeg, ServerStream } from './legs.ts';

const NONE = -1;
const EMPTY = Buffer.from('{}');

/** What is known once the server has told what it is. */
interface Session {
  readonly client: LegacyClient;
  readonly changes: LegacyChanges;
}

export class LegacyClientBridge implements ServerLeg {
  readonly #server: ServerLeg;
  readonly #over = new AbortController();
  #session: Session | null = null;
  #logLevel: string | null = null;
  #lastId = 0;
  /** Requests of the client that run, by the key of their id. */
  readonly #running = new Map<string, LegacyExchange>();
  /** What the client is asked, by the id under which it is. */
  readonly #asked = new Map<string, (answer: ClientAnswer) => void>();

  constructor(server: ServerLeg) {
    this.#server = server;
  }

  async send(message: MessageToServer): Promise<ServerStream> {
    const read = readBytes(message.bytes);
    const { id, method } = message;
    if (message.kind === 'answer') this.#answered(read);
    else if (message.kind === 'notification') this.#notified(read);
    else if (id !== null && method !== null) return this.#request(message, read, id, method);
    return NOTHING;
  }

  async listen(_lastEventId: string | null, signal: AbortSignal): Promise<ServerStream | null> {
    return this.#session?.changes.listen(AbortSignal.any([signal, this.#over.signal])) ?? null;
  }

  async end(): Promise<void> {
    this.#over.abort();
    this.#session?.changes.end();
    for (const exchange of this.#running.values()) exchange.abort();
    await this.#server.end();
  }

  #request(
    message: MessageToServer,
    read: ReadMessage,
    id: RequestId,
    method: Method,
  ): Promise<ServerStream> {
    const params = read.message.kind === 'request' ? read.message.params : NONE;
    if (method === 'initialize') return this.#initialize(message, read.document, params, id);
    const session = this.#session;
    if (method === 'ping') return answer(emptyAnswer(id));
    if (session === null)
      return answer(errorAnswer(id, RPC_ERRORS.invalidRequest, 'the session has not begun', null));
    switch (method) {
      case 'logging/setLevel':
        return answer(this.#setLevel(id, read.document.text(read.document.member(params, 'level')) ?? ''));
      case 'resources/subscribe':
        return this.#subscribe(id, session, message.subject?.name ?? '');
      case 'resources/unsubscribe':
        session.changes.unsubscribe(message.subject?.name ?? '');
        return answer(emptyAnswer(id));
      case 'tasks/get':
      case 'tasks/cancel':
      case 'tasks/result':
      case 'tasks/list':
        return answer(
          errorAnswer(id, RPC_ERRORS.methodNotFound, 'the server has no tasks of this revision', null),
        );
      default:
        return this.#exchange(message, session, id);
    }
  }

  async #initialize(
    message: MessageToServer,
    document: JsonDocument,
    params: number,
    id: RequestId,
  ): Promise<ServerStream> {
    const client = legacyClient(document, params);
    const found = await this.#ask(client, 'server/discover', EMPTY, abortSignalOf(message.signal)).then(
      answerIn,
    );
    const { document: told, message: discovery } = found;
    if (discovery.kind === 'error') {
      const isVersion = errorCode(told, discovery.error) === RPC_ERRORS.unsupportedVersion;
      const supported = told.member(told.member(discovery.error, 'data'), 'supported');
      return isVersion && supported !== NONE
        ? answer(noCommonVersion(id, document, params, told.written(supported)))
        : answer(errorUnder(id, told, discovery.error));
    }
    const result = discovery.kind === 'result' ? discovery.result : NONE;
    const versions = told.member(result, 'supportedVersions');
    const speaks =
      told.isArray(versions) && [...told.children(versions)].some((node) => told.text(node) === NEWEST);
    if (!speaks)
      return answer(noCommonVersion(id, document, params, versions === NONE ? '[]' : told.written(versions)));
    const offered = changesOffered(told, told.member(result, 'capabilities'));
    const open = (filter: ChangeFilter, signal: AbortSignal) =>
      this.#ask(client, 'subscriptions/listen', listenParams(filter), signal);
    this.#session = { client, changes: new LegacyChanges(offered, open) };
    return oneMessage(initializeAnswer(id, told, result, client.revision));
  }

  /** A request of the bridge's own: it carries what the client said of itself, and nothing else of it. */
  #ask(client: LegacyClient, method: Method, params: Buffer, signal: AbortSignal): Promise<ServerStream> {
    const { document, message } = readBytes(plainRequest(this.#nextId(), method, params));
    const place = { node: document.root, params: message.kind === 'request' ? message.params : NONE };
    const bytes = modernRequest(document, place, client, null);
    const until = AbortSignal.any([signal, this.#over.signal]);
    return answeredBy(this.#server.send(requestOf(bytes, NEWEST, until)));
  }

  #setLevel(id: RequestId, level: string): Buffer {
    if (severityOf(level) < 0)
      return errorAnswer(id, RPC_ERRORS.invalidParams, 'there is no such log level', null);
    this.#logLevel = level;
    return emptyAnswer(id);
  }

  async #subscribe(id: RequestId, session: Session, uri: string): Promise<ServerStream> {
    const problem = await session.changes.subscribe(uri);
    return oneMessage(
      problem === null ? emptyAnswer(id) : errorAnswer(id, RPC_ERRORS.invalidParams, problem, null),
    );
  }

  async #exchange(message: MessageToServer, { client }: Session, id: RequestId): Promise<ServerStream> {
    const ports = {
      server: this.#server,
      client,
      logLevel: this.#logLevel,
      nextId: () => this.#nextId(),
      answerOf: (asked: string, signal: AbortSignal) => this.#answerOf(asked, signal),
    };
    const exchange = new LegacyExchange(ports, message, id);
    this.#running.set(id.key, exchange);
    exchange.ended.addEventListener('abort', () => {
      if (this.#running.get(id.key) === exchange) this.#running.delete(id.key);
    });
    return exchange.open();
  }

  #nextId(): number {
    return ++this.#lastId;
  }

  #answerOf(id: string, signal: AbortSignal): Promise<ClientAnswer> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#asked.delete(id);
        reject(new Error('nobody waits for the answer any more'));
      };
      if (signal.aborted) return leave();
      signal.addEventListener('abort', leave, { once: true });
      this.#asked.set(id, (given) => {
        this.#asked.delete(id);
        signal.removeEventListener('abort', leave);
        resolve(given);
      });
    });
  }

  #answered({ document, message }: ReadMessage): void {
    if (message.kind !== 'result' && message.kind !== 'error') return;
    const id = message.id?.key.slice(1) ?? '';
    const given: ClientAnswer =
      message.kind === 'result'
        ? { answer: 'result', result: Buffer.from(document.bytes(message.result)) }
        : { answer: 'error', why: document.text(document.member(message.error, 'message')) ?? '' };
    this.#asked.get(id)?.(given);
  }

  /** Of what a legacy client tells, only that it does not want an answer any more means something to a modern server. */
  #notified({ document, message }: ReadMessage): void {
    if (message.kind !== 'notification' || message.method !== 'notifications/cancelled') return;
    const node = document.member(message.params, 'requestId');
    const id = node === NONE ? null : readId(document, node);
    if (id !== null) this.#running.get(id.key)?.abort();
  }
}

function answer(bytes: Buffer): Promise<ServerStream> {
  return Promise.resolve(oneMessage(bytes));
}

/** As servers of the legacy era put it (2025-11-25, lifecycle, error handling). `supported`: JSON, as written. */
function noCommonVersion(id: RequestId, document: JsonDocument, params: number, supported: string): Buffer {
  const asked = document.member(params, 'protocolVersion');
  const requested = asked === NONE ? '""' : document.written(asked);
  const data = Buffer.from(`{"supported":${supported},"requested":${requested}}`);
  return errorAnswer(id, RPC_ERRORS.invalidParams, 'Unsupported protocol version', data);
}
