/** One request and its answer, from the client's head to the last byte (DESIGN 9, http). */
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type Field,
  firstValue,
  forwardedFields,
  type Head,
  isHttpRefusal,
  PROBLEM_TYPE,
  type Problem,
  pairFields,
  problemBody,
  readHead,
  type TargetRules,
  UNMASKED_ASKING,
} from '../../protocols/http/index.ts';
import { ProxyError } from '../core/errors.ts';
import type { RequestDomain } from '../engine/request-domain.ts';
import { holdsAnswer } from '../engine/request-records.ts';
import { RequestRun } from '../engine/request-run.ts';
import type { RequestSession } from '../engine/request-session.ts';
import type { ResponseMaskers } from '../engine/response-masker.ts';
import { Cancellation } from './cancellation.ts';
import { HttpAnswer } from './http-answer.ts';
import { HeldBody } from './http-bodies.ts';
import type { HttpClient } from './http-client.ts';
import { httpFacts, REASON_FIELD } from './http-facts.ts';
import { problemOfDenial, problemOfError, problemOfRefusal, problemOfUpstream } from './http-problems.ts';
import { Refused } from './http-refused.ts';
import { RequestBody } from './http-request-body.ts';
import { requestText } from './http-request-text.ts';
import type { HttpUpstream } from './http-upstream.ts';
import { Withheld } from './http-withheld.ts';

/** What the exchanges of one listener share. */
export interface HttpGround {
  readonly domain: RequestDomain;
  readonly upstream: HttpUpstream;
  readonly maskers: ResponseMaskers;
  readonly challenges: readonly string[];
  readonly targets: TargetRules;
  readonly passesCookies: boolean;
  /** Bytes of a request's body that is read before it is forwarded. */
  readonly requestBytesMax: number;
  /** Bytes of an answer that is read whole to be masked. */
  readonly responseBytesMax: number;
}

/** Where people wait for people, proxies between them do not. */
const RETRY_AFTER_S = '30';

export class HttpExchange {
  readonly #ground: HttpGround;
  readonly #client: HttpClient;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #held: HeldBody;
  readonly #body: RequestBody;
  readonly #abort = new Cancellation();
  #run: RequestRun | null = null;

  constructor(ground: HttpGround, client: HttpClient, request: IncomingMessage, response: ServerResponse) {
    this.#ground = ground;
    this.#client = client;
    this.#request = request;
    this.#response = response;
    this.#held = new HeldBody(ground.domain.memory);
    this.#body = new RequestBody(ground.requestBytesMax, request, response, this.#held);
    response.sendDate = false;
    response.once('close', () => {
      if (response.writableFinished) return;
      this.#abort.abort();
      this.#run?.abandon();
    });
  }

  /** Never rejects. */
  async run(): Promise<void> {
    const leave = this.#client.enter();
    try {
      await this.#carry();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#held.release();
      this.#run?.finish(null, null);
      leave();
    }
  }

  async #carry(): Promise<void> {
    const request = this.#request;
    const fields = pairFields(request.rawHeaders);
    const head = readHead(
      { method: request.method ?? '', target: request.url ?? '', version: request.httpVersion, fields },
      this.#ground.targets,
    );
    if (isHttpRefusal(head)) throw new Refused(problemOfRefusal(head), true);
    const session = await this.#client.session(
      firstValue(fields, 'authorization'),
      firstValue(fields, 'user-agent'),
    );
    if (session instanceof ProxyError) throw session;
    if (this.#client.isDraining) this.#response.shouldKeepAlive = false;
    let body = await this.#body.judged(head);
    const facts = httpFacts(head, body.facts, this.#ground.passesCookies);
    const run = new RequestRun(session, facts);
    this.#run = run;
    // An approval covers every byte of what was shown.
    if (run.decision.verdict === 'approve' && body.bytes === null && head.length !== 0)
      body = { ...body, bytes: await this.#body.whole(head) };
    const cleared = await run.clear(requestText(head, facts, body.bytes, firstValue(fields, REASON_FIELD)));
    if (cleared.cleared === 'failed') throw cleared.error;
    if (cleared.cleared === 'denied') throw new Refused(problemOfDenial(cleared.denial));
    await this.#forward(head, body.bytes, run, session);
  }

  async #forward(head: Head, bytes: Buffer | null, run: RequestRun, session: RequestSession): Promise<void> {
    const { response: masks } = run.decision;
    const masker = masks === null ? null : this.#ground.maskers.for(masks);
    const path = head.query === null ? head.path : `${head.path}?${head.query}`;
    if (bytes === null && head.length !== 0) this.#body.goOn(head);
    const signal = this.#abort;
    const answer = await this.#ground.upstream
      .send({
        method: head.method,
        path,
        fields: this.#fieldsFor(head, bytes, masker !== null || looksInto(run, session)),
        body: bytes ?? (head.length === 0 ? null : this.#body.streamed(head)),
        signal,
        actor: session.actor,
      })
      .catch((error: unknown) => {
        if (signal.aborted || error instanceof Refused) throw error;
        this.#log('warn', 'the upstream failed', error);
        throw new Refused(problemOfUpstream(error), bytes === null && head.length !== 0);
      });
    const settings = {
      bytesMax: this.#ground.responseBytesMax,
      passesCookies: this.#ground.passesCookies,
    };
    const relay = new HttpAnswer(answer, this.#response, run, masker, settings, {
      method: head.method,
      held: this.#held,
      look: session.canaryLook(),
    });
    try {
      const { status, cutBy } = await relay.relay();
      run.finish(String(status), cutBy);
    } catch (error) {
      answer.body.destroy();
      if (error instanceof Withheld) {
        recordProblem(run, error.problem);
        run.finish(String(answer.status), error.cutBy ?? `sluice/${error.problem.code}`);
        throw new Refused(error.problem);
      }
      throw error;
    }
  }

  /** `masked`: the answer is looked into, so it has to come whole and not packed. */
  #fieldsFor(head: Head, bytes: Buffer | null, masked: boolean): readonly Field[] {
    const more = new Set([...(masked ? UNMASKED_ASKING : []), REASON_FIELD]);
    if (bytes !== null) more.add('content-encoding');
    const fields = [...forwardedFields(head.fields, this.#ground.passesCookies, more)];
    if (masked) fields.push(['accept-encoding', 'identity']);
    if (bytes !== null) fields.push(['content-length', String(bytes.length)]);
    else if (typeof head.length === 'number' && head.length > 0)
      fields.push(['content-length', String(head.length)]);
    return fields;
  }

  #fail(error: unknown): void {
    const response = this.#response;
    if (this.#abort.aborted || response.destroyed) return;
    if (response.headersSent) {
      this.#log('warn', 'an answer broke off', error);
      response.destroy();
      return;
    }
    if (!(error instanceof Refused) && !(error instanceof ProxyError))
      this.#log('error', 'a request failed', error);
    const told = error instanceof Refused ? error.problem : problemOfError(error);
    if (this.#run !== null) recordProblem(this.#run, told);
    const unread = !this.#request.complete;
    this.#tell(told, unread || (error instanceof Refused && error.closes) || told.status === 401);
  }

  #tell(told: Problem, closes: boolean): void {
    const body = problemBody(told);
    const response = this.#response;
    response.writeHead(told.status, [
      'content-type',
      PROBLEM_TYPE,
      'content-length',
      String(body.length),
      'cache-control',
      'no-store',
      ...(closes ? ['connection', 'close'] : []),
      ...(told.approval === undefined && told.status !== 429 ? [] : ['retry-after', RETRY_AFTER_S]),
      ...(told.status === 401 ? this.#ground.challenges.flatMap((one) => ['www-authenticate', one]) : []),
    ]);
    response.end(this.#request.method === 'HEAD' ? undefined : body);
    // What is still to come of the request is not read any further than it takes to be heard.
    if (!this.#request.complete) this.#request.resume();
  }

  #log(level: 'warn' | 'error', message: string, error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    this.#ground.domain.log(level, message, { listener: this.#ground.domain.name, error: text });
  }
}

/** What is in the answer is looked at, so that it has to come whole and not packed. */
function looksInto({ limit, record, decision }: RequestRun, { looksForCanaries }: RequestSession): boolean {
  return looksForCanaries || limit.rows !== null || record !== null || holdsAnswer(decision);
}

/** What the client gets in place of an answer, where answers are recorded. */
function recordProblem({ record }: RequestRun, told: Problem): void {
  record?.head(told.status, [['content-type', PROBLEM_TYPE]], 'none');
  record?.body(problemBody(told));
  record?.end(true);
}
