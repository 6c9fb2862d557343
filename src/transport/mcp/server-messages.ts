/** Messages of the server on their way to the client: what they may be, and what of them may be seen. */
import { errorAnswer, REFUSED_BY_SLUICE } from '../../../protocols/mcp/answers.ts';
import type { Conversation, Reading } from '../../../protocols/mcp/conversation.ts';
import { type RequestId, RPC_ERRORS } from '../../../protocols/mcp/message.ts';
import type { Method } from '../../../protocols/mcp/methods.ts';
import { NEWEST_LEGACY } from '../../../protocols/mcp/revisions.ts';
import { ProxyError } from '../../core/errors.ts';
import { UnmaskableMessage } from '../../engine/message-masker.ts';
import { RequestRun } from '../../engine/request-run.ts';
import type { RequestSession } from '../../engine/request-session.ts';
import { isRefused, type JsonDocument, PLAIN_JSON, scanJson } from '../../json/index.ts';
import { inputDenial, judgeResult } from './answer-judge.ts';
import { noteChanges } from './call-checks.ts';
import { callFacts, callText, decide, openFacts } from './call-facts.ts';
import type { McpRequest, ServerOutcome } from './judge.ts';
import type { JudgeGround } from './judge-ground.ts';
import type { JudgedRequest } from './judged-request.ts';
import type { MessageToServer } from './legs.ts';
import { codeOf, maskedParts } from './masked-messages.ts';
import { failedAnswer, refusalOf } from './refusals.ts';
import { isOwnTask, recallTasks, untold } from './task-facts.ts';

type RequestReading = Extract<Reading, { readonly reading: 'request' }>;
type AnswerReading = Extract<Reading, { readonly reading: 'answer' }>;

const NEVER = new AbortController().signal;

export class ServerMessages {
  readonly #ground: JudgeGround;
  readonly #session: RequestSession;
  readonly #conversation: Conversation;
  readonly #requests: ReadonlyMap<string, JudgedRequest>;
  /** What the server has asked the client, until that has answered. */
  readonly #asked = new Map<string, RequestRun>();

  constructor(
    ground: JudgeGround,
    session: RequestSession,
    conversation: Conversation,
    requests: ReadonlyMap<string, JudgedRequest>,
  ) {
    this.#ground = ground;
    this.#session = session;
    this.#conversation = conversation;
    this.#requests = requests;
  }

  async take(bytes: Buffer, on: McpRequest | null): Promise<ServerOutcome> {
    const limits = { ...PLAIN_JSON, bytesMax: this.#ground.serverBytesMax };
    const document = scanJson(bytes, 0, bytes.length, limits);
    if (isRefused(document))
      return this.#unreadable(on, `the server's message cannot be read: ${document.message}`);
    const reading = this.#conversation.fromServer(document, 0);
    try {
      this.#session.canaryLook()?.whole(bytes);
      switch (reading.reading) {
        case 'dropped':
          return { outcome: 'dropped', why: reading.why };
        case 'refused':
          return this.#refused(reading.id, reading.code, reading.why, on);
        case 'request':
          return await this.#request(document, reading);
        case 'notification':
          return await this.#notification(document, bytes, reading.method, reading.about?.id ?? null);
        case 'answer':
          return await this.#answer(document, bytes, reading);
      }
    } catch (error) {
      return this.#failed(error, reading);
    }
  }

  /** Who waits for it is told, and nobody else: which message it was cannot be said. */
  #unreadable(on: McpRequest | null, why: string): ServerOutcome {
    this.#log('warn', 'a message of the server was dropped', why);
    if (on === null) return { outcome: 'dropped', why };
    const bytes = errorAnswer(on.id, RPC_ERRORS.internal, `${why}, so nothing of it is passed on`, null);
    on.failed('malformed', bytes);
    return { outcome: 'forward', bytes, answers: on.id };
  }

  #refused(id: RequestId | null, code: number, why: string, on: McpRequest | null): ServerOutcome {
    this.#log('warn', 'a message of the server was refused', why);
    if (on !== null && id !== null && id.key === on.id.key) return this.#unreadable(on, why);
    const own = id === null ? undefined : this.#requests.get(id.key);
    if (own !== undefined) return this.#unreadable(own, why);
    if (id === null) return { outcome: 'dropped', why };
    return answerTo(id, errorAnswer(id, code, why, null));
  }

  async #request(document: JsonDocument, reading: RequestReading): Promise<ServerOutcome> {
    const { method, revision, subject } = reading;
    const { id, params } = reading.message;
    const facts = callFacts(document, method, subject, params);
    const run = new RequestRun(this.#session, facts, decide(this.#session, method, facts));
    const text = callText(document, params, facts, { id, revision, from: 'server', definition: null });
    const cleared = await run.clear(text);
    if (cleared.cleared !== 'runs') {
      run.finish(null, null);
      this.#conversation.toClient.take(id);
      const bytes =
        cleared.cleared === 'failed'
          ? failedAnswer(id, cleared.error)
          : errorAnswer(id, REFUSED_BY_SLUICE, refusalOf(cleared.denial).message, null);
      return answerTo(id, bytes);
    }
    this.#asked.set(id.key, run);
    return { outcome: 'forward', bytes: this.#masked(document, method), answers: null };
  }

  async #notification(
    document: JsonDocument,
    bytes: Buffer,
    method: Method,
    about: RequestId | null,
  ): Promise<ServerOutcome> {
    noteChanges(this.#ground, this.#session, method);
    if (method === 'notifications/tasks/status' || method === 'notifications/tasks')
      await recallTasks(this.#ground, this.#session, document, [document.at('/params/taskId')]);
    if (
      method === 'notifications/tasks/status' &&
      !isOwnTask(this.#ground, this.#session, document, document.at('/params'))
    )
      return { outcome: 'dropped', why: 'the task is none of this principal' };
    if (method === 'notifications/tasks') {
      const params = document.at('/params');
      const why = untold(this.#ground, this.#session, document, params);
      const denial = inputDenial(this.#session, document, params);
      if (why !== null || denial !== null) return { outcome: 'dropped', why: why ?? denial?.message ?? '' };
    }
    const uri = document.text(document.at('/params/uri'));
    if (method === 'notifications/resources/updated' && uri !== null && this.#isHidden(uri))
      return { outcome: 'dropped', why: 'the resource is not shown to this principal' };
    if (method === 'notifications/cancelled' && about !== null) {
      this.#conversation.toClient.take(about);
      this.answered(about, 'error');
    }
    const masked = this.#masked(document, method);
    return {
      outcome: 'forward',
      bytes: masked.equals(document.bytes(0)) ? bytes : masked,
      answers: null,
    };
  }

  async #answer(document: JsonDocument, bytes: Buffer, reading: AnswerReading): Promise<ServerOutcome> {
    const request = this.#requests.get(reading.to.id.key);
    if (request === undefined) return { outcome: 'dropped', why: 'nobody waits for this answer any more' };
    request.wasAnswered = true;
    if (reading.message.kind === 'error') {
      const masked = this.#masked(document, request.method);
      const denial = await request.run.take(0, masked.length);
      if (denial !== null) {
        const told = errorAnswer(request.id, REFUSED_BY_SLUICE, denial.message, null);
        return this.#lastWord(request, told, 'withheld', denial.rule);
      }
      const told = masked.equals(document.bytes(0)) ? bytes : masked;
      return this.#lastWord(request, told, codeOf(document, reading.message.error), null);
    }
    const judged = await judgeResult(this.#ground, this.#session, request, document, reading.message.result);
    return this.#lastWord(request, judged.bytes ?? bytes, judged.tag, judged.cutBy);
  }

  async #lastWord(
    request: JudgedRequest,
    bytes: Buffer,
    tag: string,
    cutBy: string | null,
  ): Promise<ServerOutcome> {
    const { run, id } = request;
    if (run.record !== null) {
      run.record.message(bytes);
      run.record.end(true);
      await run.record.caughtUp();
    }
    request.end(tag, cutBy);
    return { outcome: 'forward', bytes, answers: id };
  }

  #masked(document: JsonDocument, method: Method): Buffer {
    const masker = this.#ground.maskers.for(this.#session.masks);
    if (masker === null) return document.bytes(0);
    const masked = masker.mask(document, (one) => maskedParts(one, method));
    return masked.bytes(0);
  }

  #isHidden(uri: string): boolean {
    return this.#session.judge(openFacts('resource', uri)).verdict === 'deny';
  }

  #failed(error: unknown, reading: Reading): ServerOutcome {
    const why = error instanceof Error ? error.message : String(error);
    this.#log(error instanceof UnmaskableMessage ? 'warn' : 'error', 'a message of the server failed', why);
    if (reading.reading === 'request') {
      this.#conversation.toClient.take(reading.message.id);
      const text = 'Sluice could not pass this request on';
      return answerTo(reading.message.id, errorAnswer(reading.message.id, RPC_ERRORS.internal, text, null));
    }
    const request = reading.reading === 'answer' ? this.#requests.get(reading.to.id.key) : undefined;
    if (request === undefined) return { outcome: 'dropped', why };
    const bytes =
      error instanceof ProxyError
        ? failedAnswer(request.id, error)
        : errorAnswer(
            request.id,
            RPC_ERRORS.internal,
            'the answer cannot be masked, so it is withheld',
            null,
          );
    request.end('withheld', null, bytes);
    return { outcome: 'forward', bytes, answers: request.id };
  }

  /** The client has answered what the server asked. */
  answered(id: RequestId, kind: 'result' | 'error'): void {
    this.#asked.get(id.key)?.finish(kind, null);
    this.#asked.delete(id.key);
  }

  close(): void {
    for (const run of this.#asked.values()) run.finish('cancelled', null);
    this.#asked.clear();
  }

  #log(level: 'warn' | 'error', message: string, why: string): void {
    const { domain } = this.#ground;
    domain.log(level, message, { listener: domain.name, session: this.#session.id, error: why });
  }
}

function answerTo(id: RequestId, bytes: Buffer): ServerOutcome {
  const message: MessageToServer = {
    kind: 'answer',
    bytes,
    revision: NEWEST_LEGACY,
    method: null,
    id,
    subject: null,
    signal: NEVER,
  };
  return { outcome: 'answer', message };
}
