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
  returnedFields,
  UNMASKED_TELLTALES,
  valuesOf,
} from '../../protocols/http/index.ts';
import type { Denial } from '../core/decision.ts';
import type { CanaryLook } from '../engine/canary-look.ts';
import { holdsAnswer } from '../engine/request-records.ts';
import type { RequestRun } from '../engine/request-run.ts';
import type { ResponseMasker } from '../engine/response-masker.ts';
import { BodyError, bytesOf, decoded, type HeldBody, isPacking, readWhole } from './http-bodies.ts';
import { dataOf, isBlank, maskEvent, maskLine } from './http-pieces.ts';
import { problemOfDenial } from './http-problems.ts';
import { AnswerRows } from './http-rows.ts';
import type { UpstreamAnswer } from './http-upstream.ts';
import {
  cannotCount,
  cannotMask,
  partOfAnswer,
  unknownCoding,
  unreadBody,
  Withheld,
} from './http-withheld.ts';
import { flushed, written } from './http-write.ts';

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
  readonly look: CanaryLook | null;
}

/** How it came out: `cut` names the rule by which the rest was not sent; `failed`: it was cut for another reason. */
export interface Relayed {
  readonly status: number;
  readonly cutBy: string | null;
}

const NO_COOKIES: ReadonlySet<string> = new Set(['set-cookie', 'set-cookie2']);
const MASKED_WITHOUT_COOKIES: ReadonlySet<string> = new Set([...UNMASKED_TELLTALES, ...NO_COOKIES]);
const NONE: ReadonlySet<string> = new Set();
const ROWS_BY_LINE: ReadonlySet<BodyKind> = new Set<BodyKind>(['ndjson', 'csv']);
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
  /** Null: nothing counts its rows. */
  readonly #rows: AnswerRows | null;

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
    const [type = null, secondType] = valuesOf(fields, 'content-type');
    const contentType = secondType === undefined ? type : null;
    this.#kind = bodyKindOf(contentType);
    this.#codings = codingsOf(valuesOf(fields, 'content-encoding').join(',') || null);
    this.#hasBody =
      method !== 'HEAD' && status !== 204 && status !== 304 && firstValue(fields, 'content-length') !== '0';
    this.#rows = this.#hasBody ? AnswerRows.of(run, this.#kind, contentType, settings.bytesMax) : null;
  }

  /** Throws Withheld where nothing has been sent yet, and anything else where the answer broke off. */
  async relay(): Promise<Relayed> {
    for (const [, value] of this.#look === null ? [] : this.#answer.fields)
      this.#look?.whole(Buffer.from(value, 'latin1'));
    const relayed = await this.#relay();
    this.#run.record?.end(true);
    return relayed;
  }

  async #relay(): Promise<Relayed> {
    if (!this.#hasBody) return this.#withoutBody();
    const { status } = this.#answer;
    const how = this.#rows?.how ?? 'none';
    if (how === 'unknown') throw cannotCount(this.#run.limit.rowsRule);
    const isPacked = this.#codings === null || this.#codings.length > 0;
    const isPassed = this.#masker === null && how === 'none' && !holdsAnswer(this.#run.decision);
    if (isPassed && (this.#look === null || !isPacked)) return this.#pass();
    if (this.#codings === null) throw unknownCoding();
    if (status === 206 && this.#masker !== null) throw partOfAnswer('cannot-mask');
    if (status === 206 && how === 'document') throw partOfAnswer('cannot-count');
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
    const rows = this.#kind === 'sse' ? 'events' : ROWS_BY_LINE.has(this.#kind) ? 'lines' : 'none';
    this.#run.record?.head(this.#answer.status, fields, rows);
    this.#response.writeHead(this.#answer.status, [...fields.flat()]);
  }

  async #send(bytes: Buffer): Promise<void> {
    const { record } = this.#run;
    if (record !== null) {
      record.body(bytes);
      await record.caughtUp();
    }
    await written(this.#response, bytes);
  }

  async #withoutBody(): Promise<Relayed> {
    const denial = await this.#run.take(0, 0);
    if (denial !== null) throw new Withheld(problemOfDenial(denial), denial.rule);
    this.#answer.body.discard();
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
      this.#look?.next(bytes);
      const denial = known === null ? await this.#run.take(0, bytes.length) : null;
      if (denial !== null) return await this.#cut(denial);
      if (!this.#response.headersSent) this.#head(this.#fields(false));
      await this.#send(bytes);
    }
    if (!this.#response.headersSent) this.#head(this.#fields(false));
    this.#response.end();
    return { status, cutBy: null };
  }

  /** The rest is not sent. A client of an event stream is told so; every other one sees that the answer broke off. */
  async #cut(denial: Denial): Promise<Relayed> {
    const response = this.#response;
    if (!response.headersSent) throw new Withheld(problemOfDenial(denial), denial.rule);
    if (this.#kind === 'sse') {
      const data = JSON.stringify({ code: 'limit', rule: denial.rule, detail: denial.message });
      const told = Buffer.from(`event: error\ndata: ${data}\n\n`);
      this.#run.record?.body(told);
      response.end(told);
    } else {
      await flushed(response);
      response.destroy();
    }
    return { status: this.#answer.status, cutBy: denial.rule };
  }

  async #whole(codings: readonly Coding[]): Promise<Relayed> {
    const { body, status } = this.#answer;
    const masker = this.#masker;
    const bytes = await this.#read(() => readWhole(body, codings, this.#settings.bytesMax, this.#held));
    this.#look?.whole(bytes);
    const masked = masker === null || bytes.length === 0 ? bytes : await this.#masked(masker, bytes);
    if (masked === null) throw cannotMask(this.#kind, masker);
    const rows = this.#rows === null ? 0 : this.#rows.count(masked);
    if (rows === null) throw cannotCount(this.#run.limit.rowsRule);
    const denial = await this.#run.take(rows, masked.length);
    if (denial !== null) return this.#truncate(masked, rows, denial);
    const isChanged = masker !== null || codings.length > 0;
    const fields = this.#fields(isChanged);
    const isMeasured = fields.some(([name]) => name.toLowerCase() === 'content-length');
    this.#head(isMeasured ? fields : [...fields, ['content-length', String(masked.length)]]);
    await this.#send(masked);
    this.#response.end();
    return { status, cutBy: null };
  }

  /** As many rows as there may be, where the rule wants that. */
  async #truncate(bytes: Buffer, rows: number, denial: Denial): Promise<Relayed> {
    const { limit, counted, decision } = this.#run;
    const withheld = new Withheld(problemOfDenial(denial), denial.rule);
    if (limit.rows === null || limit.rowsRule !== denial.rule || !decision.truncating.includes(denial.rule))
      throw withheld;
    const cut = this.#rows?.cut(bytes, Math.max(0, limit.rows - counted.rows)) ?? null;
    if (cut === null || (await this.#run.take(cut.rows, cut.bytes.length)) !== null) throw withheld;
    this.#head([
      ...this.#fields(true),
      ['content-length', String(cut.bytes.length)],
      ['sluice-truncated', `rule=${JSON.stringify(denial.rule)}; shown=${cut.rows}; of=${rows}`],
    ]);
    await this.#send(cut.bytes);
    this.#response.end();
    return { status: this.#answer.status, cutBy: denial.rule };
  }

  async #read(read: () => Promise<Buffer>): Promise<Buffer> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof BodyError)) throw error;
      throw unreadBody(error, this.#settings.bytesMax);
    }
  }

  async #masked(masker: ResponseMasker, bytes: Buffer): Promise<Buffer | null> {
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
            return await this.#cut(denial);
          }
        }
      }
      const rest = splitter.end();
      const denial = rest.length === 0 ? null : await this.#piece(kind, rest);
      if (denial !== null) return await this.#cut(denial);
    } catch (error) {
      const fault = isPacking(error) ? new BodyError('broken') : error;
      if (!(fault instanceof BodyError) || this.#response.headersSent) throw fault;
      throw unreadBody(fault, this.#settings.bytesMax);
    }
    if (!this.#response.headersSent) this.#head(this.#fields(true));
    this.#response.end();
    return { status: this.#answer.status, cutBy: null };
  }

  async #piece(kind: 'ndjson' | 'sse', piece: Buffer): Promise<Denial | null> {
    this.#look?.next(piece);
    const masker = this.#masker;
    const masked =
      masker === null
        ? piece
        : await (kind === 'ndjson' ? maskLine(masker, piece) : maskEvent(masker, piece));
    if (masked === null) {
      const withheld = cannotMask(this.#kind, masker);
      if (this.#response.headersSent) throw new Error(withheld.problem.detail);
      throw withheld;
    }
    const denial = await this.#run.take(this.#rowsIn(kind, masked), masked.length);
    if (denial !== null) return denial;
    if (!this.#response.headersSent) this.#head(this.#fields(true));
    await this.#send(masked);
    return null;
  }

  #rowsIn(kind: 'ndjson' | 'sse', piece: Buffer): number {
    if (isBlank(piece)) return 0;
    return this.#rows?.piece(kind === 'ndjson' ? piece : dataOf(piece)) ?? 1;
  }
}
