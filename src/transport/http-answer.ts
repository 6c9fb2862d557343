/**
 * The upstream's answer on its way to the client: passed as it comes where nothing is to be masked, whole or piece by
 * piece where something is. What cannot be masked is not passed.
 */
import type { ServerResponse } from 'node:http';
import {
  type BodyKind,
  bodyKindOf,
  type Coding,
  codingsOf,
  type Field,
  firstValue,
  PieceSplitter,
  type Problem,
  returnedFields,
  UNMASKED_TELLTALES,
  valuesOf,
} from '../../protocols/http/index.ts';
import type { Denial } from '../core/decision.ts';
import type { RequestRun } from '../engine/request-run.ts';
import type { ResponseMasker } from '../engine/response-masker.ts';
import { BodyError, bytesOf, decoded, type HeldBody, isPacking, readWhole } from './http-bodies.ts';
import { isBlank, maskEvent, maskLine } from './http-pieces.ts';
import { problem, problemOfDenial } from './http-problems.ts';
import type { UpstreamAnswer } from './http-upstream.ts';
import { written } from './http-write.ts';

export interface AnswerSettings {
  /** Bytes of a document that is read whole, or of a line or an event. */
  readonly bytesMax: number;
  readonly passesCookies: boolean;
}

/** What an answer is relayed with. */
export interface AnswerNeeds {
  readonly method: string;
  readonly held: HeldBody;
  /** Sees what the server has sent before anything of it is shown, and throws where it must not be; null: nobody looks. */
  readonly look: ((bytes: Buffer) => void) | null;
}

/** How it came out: `cut` names the rule by which the rest was not sent; `failed`: it was cut for another reason. */
export interface Relayed {
  readonly status: number;
  readonly cutBy: string | null;
}

const NO_COOKIES: ReadonlySet<string> = new Set(['set-cookie', 'set-cookie2']);
const MASKED_WITHOUT_COOKIES: ReadonlySet<string> = new Set([...UNMASKED_TELLTALES, ...NO_COOKIES]);
const NONE: ReadonlySet<string> = new Set();
const CARRIED_OUT = 'The request was carried out by the server; only its answer is not shown.';

/** What is sent instead of the answer. */
export class Withheld extends Error {
  override readonly name = 'Withheld';
  readonly problem: Problem;
  readonly cutBy: string | null;

  constructor(told: Problem, cutBy: string | null = null) {
    super(told.code);
    this.problem = told;
    this.cutBy = cutBy;
  }
}

export class HttpAnswer {
  readonly #answer: UpstreamAnswer;
  readonly #response: ServerResponse;
  readonly #run: RequestRun;
  readonly #masker: ResponseMasker | null;
  readonly #settings: AnswerSettings;
  readonly #held: HeldBody;
  readonly #look: AnswerNeeds['look'];
  readonly #kind: BodyKind;
  readonly #codings: readonly Coding[] | null;
  readonly #hasBody: boolean;

  constructor(
    answer: UpstreamAnswer,
    response: ServerResponse,
    run: RequestRun,
    masker: ResponseMasker | null,
    settings: AnswerSettings,
    { method, held, look }: AnswerNeeds,
  ) {
    this.#answer = answer;
    this.#response = response;
    this.#run = run;
    this.#masker = masker;
    this.#settings = settings;
    this.#held = held;
    this.#look = look;
    const { fields, status } = answer;
    this.#kind = bodyKindOf(
      valuesOf(fields, 'content-type').length > 1 ? null : firstValue(fields, 'content-type'),
    );
    this.#codings = codingsOf(valuesOf(fields, 'content-encoding').join(',') || null);
    this.#hasBody =
      method !== 'HEAD' && status !== 204 && status !== 304 && firstValue(fields, 'content-length') !== '0';
  }

  /** Throws Withheld where nothing has been sent yet, and anything else where the answer broke off. */
  async relay(): Promise<Relayed> {
    const { status } = this.#answer;
    const countsPieces = this.#run.limit.rows !== null && (this.#kind === 'ndjson' || this.#kind === 'sse');
    if (!this.#hasBody) return this.#withoutBody();
    const isPacked = this.#codings === null || this.#codings.length > 0;
    if (this.#masker === null && !countsPieces && (this.#look === null || !isPacked)) return this.#pass();
    if (this.#codings === null)
      throw new Withheld(
        problem(
          502,
          'unknown-coding',
          'the answer is packed in a way that Sluice cannot take off',
          CARRIED_OUT,
        ),
      );
    if (status === 206 && this.#masker !== null)
      throw new Withheld(problem(502, 'cannot-mask', 'a part of an answer cannot be masked', CARRIED_OUT));
    if (this.#kind === 'ndjson' || this.#kind === 'sse') return this.#pieces(this.#kind, this.#codings);
    return this.#whole(this.#codings);
  }

  /** Header fields, masked where something is. */
  #fields(masked: boolean): readonly Field[] {
    const more = this.#settings.passesCookies
      ? masked
        ? UNMASKED_TELLTALES
        : NONE
      : masked
        ? MASKED_WITHOUT_COOKIES
        : NO_COOKIES;
    const fields = returnedFields(this.#answer.fields, more);
    const masker = this.#masker;
    return masker === null
      ? fields
      : fields.map(
          ([name, value]): Field => [
            name,
            /^(?:content-type|date)$/i.test(name) ? value : masker.detected(value),
          ],
        );
  }

  #head(fields: readonly Field[]): void {
    this.#response.writeHead(this.#answer.status, [...fields.flat()]);
  }

  async #withoutBody(): Promise<Relayed> {
    const denial = await this.#run.take(0, 0);
    if (denial !== null) throw new Withheld(problemOfDenial(denial), denial.rule);
    this.#answer.body.resume();
    // The length of what is masked would tell of what is not shown.
    this.#head(this.#fields(this.#masker !== null));
    this.#response.end();
    return { status: this.#answer.status, cutBy: null };
  }

  /** Byte for byte (promise 10). */
  async #pass(): Promise<Relayed> {
    const { body, fields, status } = this.#answer;
    const length = firstValue(fields, 'content-length');
    const known = length !== null && /^\d{1,15}$/.test(length) ? Number(length) : null;
    if (known !== null) {
      const denial = await this.#run.take(0, known);
      if (denial !== null) throw new Withheld(problemOfDenial(denial), denial.rule);
      this.#head(this.#fields(false));
    }
    for await (const chunk of body) {
      const bytes = bytesOf(chunk);
      this.#look?.(bytes);
      const denial = known === null ? await this.#run.take(0, bytes.length) : null;
      if (denial !== null) return this.#cut(denial);
      if (!this.#response.headersSent) this.#head(this.#fields(false));
      await written(this.#response, bytes);
    }
    if (!this.#response.headersSent) this.#head(this.#fields(false));
    this.#response.end();
    return { status, cutBy: null };
  }

  /** The rest is not sent. A client of an event stream is told so; every other one sees that the answer broke off. */
  #cut(denial: Denial): Relayed {
    const response = this.#response;
    if (!response.headersSent) throw new Withheld(problemOfDenial(denial), denial.rule);
    if (this.#kind === 'sse') {
      const data = JSON.stringify({ code: 'limit', rule: denial.rule, detail: denial.message });
      response.end(`event: error\ndata: ${data}\n\n`);
    } else response.destroy();
    return { status: this.#answer.status, cutBy: denial.rule };
  }

  async #whole(codings: readonly Coding[]): Promise<Relayed> {
    const { body, status } = this.#answer;
    const masker = this.#masker;
    const bytes = await this.#read(() => readWhole(body, codings, this.#settings.bytesMax, this.#held));
    this.#look?.(bytes);
    const masked = masker === null || bytes.length === 0 ? bytes : this.#masked(masker, bytes);
    if (masked === null) throw cannotMask(this.#kind, masker);
    const denial = await this.#run.take(0, masked.length);
    if (denial !== null) throw new Withheld(problemOfDenial(denial), denial.rule);
    this.#head([...this.#fields(true), ['content-length', String(masked.length)]]);
    await written(this.#response, masked);
    this.#response.end();
    return { status, cutBy: null };
  }

  async #read(read: () => Promise<Buffer>): Promise<Buffer> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof BodyError)) throw error;
      throw new Withheld(problemOfBody(error, this.#settings.bytesMax));
    }
  }

  #masked(masker: ResponseMasker, bytes: Buffer): Buffer | null {
    if (this.#kind === 'json') return masker.json(bytes);
    return this.#kind === 'text' || this.#kind === 'csv' ? masker.text(bytes) : null;
  }

  async #pieces(kind: 'ndjson' | 'sse', codings: readonly Coding[]): Promise<Relayed> {
    const splitter = new PieceSplitter(kind === 'ndjson' ? 'lines' : 'events', this.#settings.bytesMax);
    const stream = decoded(this.#answer.body, codings);
    try {
      for await (const chunk of stream) {
        const pieces = splitter.push(bytesOf(chunk));
        if (pieces === 'too-long') throw new BodyError('too-large');
        for (const piece of pieces) {
          const denial = await this.#piece(kind, piece);
          if (denial !== null) {
            stream.destroy();
            return this.#cut(denial);
          }
        }
      }
      const rest = splitter.end();
      const denial = rest.length === 0 ? null : await this.#piece(kind, rest);
      if (denial !== null) return this.#cut(denial);
    } catch (error) {
      const fault = isPacking(error) ? new BodyError('broken') : error;
      if (!(fault instanceof BodyError) || this.#response.headersSent) throw fault;
      throw new Withheld(problemOfBody(fault, this.#settings.bytesMax));
    }
    if (!this.#response.headersSent) this.#head(this.#fields(true));
    this.#response.end();
    return { status: this.#answer.status, cutBy: null };
  }

  async #piece(kind: 'ndjson' | 'sse', piece: Buffer): Promise<Denial | null> {
    this.#look?.(piece);
    const masker = this.#masker;
    const masked =
      masker === null ? piece : kind === 'ndjson' ? maskLine(masker, piece) : maskEvent(masker, piece);
    if (masked === null) {
      const withheld = cannotMask(this.#kind, masker);
      if (this.#response.headersSent) throw new Error(withheld.problem.detail);
      throw withheld;
    }
    const denial = await this.#run.take(isBlank(piece) ? 0 : 1, masked.length);
    if (denial !== null) return denial;
    if (!this.#response.headersSent) this.#head(this.#fields(true));
    await written(this.#response, masked);
    return null;
  }
}

function cannotMask(kind: BodyKind, masker: ResponseMasker | null): Withheld {
  const why =
    kind === 'other'
      ? 'it is of a type in which nothing can be looked for'
      : kind === 'json' || kind === 'ndjson'
        ? 'it is no JSON that can be read in one way'
        : masker?.needsJson === true
          ? 'values are masked by their place in JSON, and it is none'
          : 'it cannot be read';
  return new Withheld(problem(502, 'cannot-mask', `the answer cannot be masked: ${why}`, CARRIED_OUT));
}

function problemOfBody({ fault }: BodyError, bytesMax: number): Problem {
  switch (fault) {
    case 'too-large':
      return problem(
        502,
        'answer-too-large',
        `the answer has to be masked and is longer than ${bytesMax} bytes`,
        CARRIED_OUT,
      );
    case 'no-memory':
      return problem(
        503,
        'held-memory',
        'Sluice holds as much as it may at the moment; try again',
        CARRIED_OUT,
      );
    case 'broken':
      return problem(502, 'unknown-coding', 'the answer is not packed as it says', CARRIED_OUT);
  }
}
