/** The judge of one conversation (`judge.ts`): client to server here, the way back in `answer-judge.ts`. */
import { errorAnswer, unsupportedVersion } from '../../../protocols/mcp/answers.ts';
import { Conversation, type Reading } from '../../../protocols/mcp/conversation.ts';
import { RPC_ERRORS } from '../../../protocols/mcp/message.ts';
import { type Revision, traitsOf } from '../../../protocols/mcp/revisions.ts';
import type { Denial } from '../../core/decision.ts';
import type { CallFacts } from '../../core/requests.ts';
import { RequestRun } from '../../engine/request-run.ts';
import type { RequestSession } from '../../engine/request-session.ts';
import { WAITS, type Waiting } from '../../engine/request-text.ts';
import {
  CANONICAL_JSON,
  isRefused,
  type JsonDocument,
  type JsonRefusal,
  scanJson,
} from '../../json/index.ts';
import { checkCall } from './call-checks.ts';
import { callFacts, callText, decide } from './call-facts.ts';
import type {
  ClientBytes,
  ClientMessage,
  ClientOutcome,
  McpJudge,
  McpRequest,
  ServerOutcome,
} from './judge.ts';
import type { JudgeGround } from './judge-ground.ts';
import { JudgedRequest } from './judged-request.ts';
import type { ServerLeg } from './legs.ts';
import { awaitedIn, deniedAnswer, failedAnswer } from './refusals.ts';
import { ServerMessages } from './server-messages.ts';
import { subscriptionPart } from './subscription-part.ts';
import { recallTasks, taskFacts, taskNodes, taskRefusal } from './task-facts.ts';

type RequestReading = Extract<Reading, { readonly reading: 'request' }>;
type NotificationReading = Extract<Reading, { readonly reading: 'notification' }>;

type OwnAnswer = Extract<ClientOutcome, { readonly outcome: 'answer' }>;

const BATCH_MAX = 100;
const NEVER = new AbortController().signal;

export class ConversationJudge implements McpJudge {
  readonly #ground: JudgeGround;
  readonly #session: RequestSession;
  readonly #conversation: Conversation;
  readonly #requests = new Map<string, JudgedRequest>();
  readonly #fromServer: ServerMessages;
  #leg: ServerLeg | null = null;
  #closed = false;

  /** `revision`: what a legacy session has agreed on before; null where it begins here, or there is none. */
  constructor(ground: JudgeGround, session: RequestSession, revision: Revision | null = null) {
    this.#ground = ground;
    this.#session = session;
    this.#conversation = new Conversation(revision);
    this.#fromServer = new ServerMessages(ground, session, this.#conversation, this.#requests);
  }

  get revision(): Revision | null {
    return this.#conversation.revision;
  }

  get pending(): number {
    return this.#requests.size;
  }

  attach(leg: ServerLeg): void {
    this.#leg = leg;
  }

  read(bytes: Buffer): ClientBytes {
    const limits = { ...CANONICAL_JSON, bytesMax: this.#ground.clientBytesMax };
    const given = scanJson(bytes, 0, bytes.length, limits);
    const document = isRefused(given) ? given : this.#opened(given);
    if (isRefused(document)) {
      const isSyntax = document.refused === 'syntax' || document.refused === 'trailing';
      return unread(isSyntax ? RPC_ERRORS.parse : RPC_ERRORS.invalidRequest, document.message);
    }
    const message = (node: number): ClientMessage => ({
      document,
      node,
      reading: this.#conversation.fromClient(document, node),
    });
    if (!document.isArray(0)) return { read: 'messages', messages: [message(0)], isBatch: false };
    const { revision } = this;
    if (revision === null || !traitsOf(revision).batches)
      return unread(RPC_ERRORS.invalidRequest, 'batches are not part of this revision');
    const size = document.size(0);
    if (size === 0 || size > BATCH_MAX)
      return unread(RPC_ERRORS.invalidRequest, `a batch has to have 1 to ${BATCH_MAX} messages`);
    return { read: 'messages', messages: [...document.children(0)].map(message), isBatch: true };
  }

  /** With tokens of the server as it gave them. */
  #opened(document: JsonDocument): JsonDocument | JsonRefusal {
    const bytes = this.#ground.maskers.opened(document);
    if (bytes === document.source) return document;
    return scanJson(bytes, 0, bytes.length, { ...CANONICAL_JSON, bytesMax: bytes.length });
  }

  async clear(message: ClientMessage, waiting: Waiting = WAITS): Promise<ClientOutcome> {
    const { reading } = message;
    switch (reading.reading) {
      case 'dropped':
        return { outcome: 'dropped', why: reading.why };
      case 'refused': {
        const { id, code, why, asked } = reading;
        const bytes =
          code === RPC_ERRORS.unsupportedVersion
            ? unsupportedVersion(id, asked ?? '')
            : errorAnswer(id, code, why, null);
        return { outcome: 'answer', bytes, isFault: true };
      }
      case 'request':
        return this.#clearRequest(message, reading, waiting);
      case 'notification':
        return this.#clearNotification(message, reading);
      case 'answer': {
        this.#fromServer.answered(reading.to.id, reading.message.kind);
        const { revision, message: answer } = reading;
        const bytes = message.document.bytes(message.node);
        const base = { kind: 'answer', bytes, revision, method: null, subject: null } as const;
        return {
          outcome: 'forward',
          message: { ...base, id: answer.id, signal: NEVER },
          request: null,
        };
      }
    }
  }

  async #clearRequest(
    message: ClientMessage,
    reading: RequestReading,
    waiting: Waiting,
  ): Promise<ClientOutcome> {
    const { document } = message;
    const { method, revision, subject } = reading;
    const { id, params } = reading.message;
    const session = this.#session;
    const own = callFacts(document, method, subject, params);
    const tasks = taskNodes(document, method, params);
    if (tasks.length > 0) await recallTasks(this.#ground, session, document, tasks);
    if (method === 'subscriptions/listen') {
      const part = subscriptionPart(this.#ground, session, message, params);
      if (part !== null) {
        this.#recordLeftOut(message, reading, own, part.denial);
        const less = { ...reading, message: { ...reading.message, params: part.params } };
        return this.#clearRequest({ document: part.document, node: 0, reading: less }, less, waiting);
      }
    }
    const facts = taskFacts(this.#ground.tasks, session, document, params, own);
    const run = new RequestRun(session, facts, decide(session, method, facts, own));
    const request = new JudgedRequest({ id, method, subject, revision, facts }, run, (ended) => {
      if (this.#requests.get(ended.id.key) === ended) this.#requests.delete(ended.id.key);
      if (!ended.wasAnswered) this.#conversation.toServer.take(ended.id);
    });
    this.#requests.set(id.key, request);
    if (this.#closed) request.abandon();
    const answer = (bytes: Buffer): OwnAnswer => {
      request.end(null, null);
      return { outcome: 'answer', bytes, isFault: false };
    };
    try {
      const text = (definition: string | null) =>
        callText(
          document,
          params,
          { ...facts, arguments: own.arguments },
          { id, revision, from: 'client', definition },
        );
      let definition: string | null = null;
      if (run.decision.verdict !== 'deny') {
        const refusal = taskRefusal(document, reading.message, reading, facts !== own);
        if (refusal !== null) {
          run.refuse(text(null), refusal.denial);
          return answer(refusal.answer);
        }
        const call = { document, params, id, method, subject, revision };
        const check = await checkCall(this.#ground, session, this.#leg, call);
        if (check.check === 'failed') return answer(failedAnswer(id, check.error));
        if (check.check !== 'passes') {
          run.refuse(text(null), check.denial);
          return answer(
            check.check === 'unknown' ? check.answer : deniedAnswer(id, method, revision, check.denial),
          );
        }
        definition = check.definition;
      }
      if (request.isOver) return { outcome: 'dropped', why: 'the client does not want it any more' };
      const cleared = await run.clear(text(definition), waiting);
      if (request.isOver) return { outcome: 'dropped', why: 'the client does not want it any more' };
      if (cleared.cleared === 'denied') {
        const { denial } = cleared;
        const awaits = awaitedIn(denial);
        const told = answer(deniedAnswer(id, method, revision, denial));
        return awaits === undefined ? told : { ...told, awaits };
      }
      if (cleared.cleared === 'failed') return answer(failedAnswer(id, cleared.error));
    } catch (error) {
      this.#ground.domain.log('error', 'a request failed', {
        listener: this.#ground.domain.name,
        error: error instanceof Error ? error.message : String(error),
      });
      return answer(errorAnswer(id, RPC_ERRORS.internal, 'Sluice could not judge this request', null));
    }
    request.sent = true;
    const { signal } = request;
    const bytes = document.bytes(message.node);
    return {
      outcome: 'forward',
      message: { kind: 'request', bytes, revision, method, id, subject, signal },
      request,
    };
  }

  #recordLeftOut({ document }: ClientMessage, reading: RequestReading, own: CallFacts, denial: Denial): void {
    const { method, revision, message } = reading;
    const run = new RequestRun(this.#session, own, decide(this.#session, method, own));
    const about = { id: message.id, revision, from: 'client', definition: null } as const;
    run.refuse(callText(document, message.params, own, about), denial);
    run.finish(null, null);
  }

  #clearNotification({ document, node }: ClientMessage, reading: NotificationReading): ClientOutcome {
    const { method, revision, about } = reading;
    if (method === 'notifications/cancelled' && about !== null) {
      const request = this.#requests.get(about.id.key);
      const wasSent = request?.sent === true;
      request?.abandon();
      // What it waits for here, the server has never heard of.
      if (!wasSent) return { outcome: 'dropped', why: 'the request had not been sent to the server' };
    }
    const bytes = document.bytes(node);
    const base = { kind: 'notification', bytes, revision, method, id: null, subject: null } as const;
    return { outcome: 'forward', message: { ...base, signal: NEVER }, request: null };
  }

  reject({ reading }: ClientMessage): void {
    if (reading.reading === 'request') this.#conversation.toServer.take(reading.message.id);
  }

  refuse({ document, reading }: ClientMessage, denial: Denial): void {
    if (reading.reading !== 'request') return;
    const { method, subject, revision, message } = reading;
    const { id, params } = message;
    this.#conversation.toServer.take(id);
    const facts = callFacts(document, method, subject, params);
    const run = new RequestRun(this.#session, facts, decide(this.#session, method, facts));
    run.refuse(callText(document, params, facts, { id, revision, from: 'client', definition: null }), denial);
    run.finish(null, null);
  }

  fromServer(bytes: Buffer, on: McpRequest | null): Promise<ServerOutcome> {
    return this.#fromServer.take(bytes, on);
  }

  eventId(id: string | null): string | null {
    if (id !== null && !this.#session.mayShow(id)) return null;
    const masker = id === null ? null : this.#ground.maskers.for(this.#session.masks);
    if (id === null || masker === null) return id;
    // Masked it would lead nowhere: then the stream cannot be taken up behind this event.
    return masker.text(Buffer.from(id))?.toString('utf8') === id ? id : null;
  }

  failure({ id }: McpRequest, why: string): Buffer {
    return errorAnswer(id, RPC_ERRORS.internal, why, null);
  }

  close(): void {
    this.#closed = true;
    for (const request of [...this.#requests.values()]) request.abandon();
    this.#fromServer.close();
  }
}

function unread(code: number, why: string): ClientBytes {
  return { read: 'unread', answer: errorAnswer(null, code, why, null) };
}
