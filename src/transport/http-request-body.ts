/** The body of a request: read whole where it says something to rules, passed on as it comes where it does not. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import {
  bodyKindOf,
  codingsOf,
  type FormKind,
  firstValue,
  formKindOf,
  type Head,
  OVERRIDE_MESSAGE,
  refuse,
} from '../../protocols/http/index.ts';
import { ProxyError } from '../core/errors.ts';
import type { BodyFacts } from '../core/requests.ts';
import { CANONICAL_JSON, isRefused, scanJson } from '../json/index.ts';
import { guardedForm, overridesMethod } from './form-guard.ts';
import { BodyError, type HeldBody, readWhole } from './http-bodies.ts';
import { problem, problemOfRefusal } from './http-problems.ts';
import { Refused } from './http-refused.ts';

export interface ReadBody {
  readonly facts: BodyFacts;
  /** What is forwarded; null: as it comes from the client, or nothing. */
  readonly bytes: Buffer | null;
}

const UNREAD: ReadBody = { facts: { kind: 'unread' }, bytes: null };

export class RequestBody {
  readonly #bytesMax: number;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #held: HeldBody;

  /** `bytesMax`: of a body that is read whole. */
  constructor(bytesMax: number, request: IncomingMessage, response: ServerResponse, held: HeldBody) {
    this.#bytesMax = bytesMax;
    this.#request = request;
    this.#response = response;
    this.#held = held;
  }

  /** JSON and forms are read before anything is judged; what Sluice does not read is forwarded as it comes. */
  async judged(head: Head): Promise<ReadBody> {
    if (head.length === 0) return { facts: { kind: 'none' }, bytes: null };
    const codings = codingsOf(firstValue(head.fields, 'content-encoding'));
    if (codings === null)
      throw new Refused(
        problem(415, 'unknown-coding', 'the body is packed in a way that Sluice does not know'),
        true,
      );
    const form = formOf(head);
    if (form !== null) return this.#isGuarded(head, form) ? UNREAD : await this.#wholeForm(head, form);
    return bodyKindOf(firstValue(head.fields, 'content-type')) === 'json' ? await this.#json(head) : UNREAD;
  }

  async #json(head: Head): Promise<ReadBody> {
    const bytes = await this.whole(head);
    if (bytes.length === 0) return { facts: { kind: 'none' }, bytes };
    const document = scanJson(bytes, 0, bytes.length, { ...CANONICAL_JSON, bytesMax: this.#bytesMax });
    if (isRefused(document)) {
      const hint = 'Send JSON that every parser reads in the same way.';
      throw new Refused(problem(400, 'ambiguous-json', document.message, hint));
    }
    // Some take the members of a document for the parameters of a form.
    const isForm = head.method === 'POST' && document.isObject(document.root);
    if (isForm && document.similarMember(document.root, '_method') >= 0) throw overriding();
    return { facts: { kind: 'json', document, node: document.root }, bytes };
  }

  /** What a form says to a rule is not known; that it names no other method is looked at. */
  async #wholeForm(head: Head, form: FormKind): Promise<ReadBody> {
    const bytes = await this.whole(head);
    if (overridesMethod(form, bytes)) throw overriding();
    return { facts: { kind: 'unread' }, bytes };
  }

  /** An upload too long to be held, or of a length that nobody knows, is looked through on its way. */
  #isGuarded(head: Head, form: FormKind | null): boolean {
    if (form !== 'multipart' || firstValue(head.fields, 'content-encoding') !== null) return false;
    return head.length === 'chunked' || head.length > this.#bytesMax;
  }

  /** As it comes from the client. */
  streamed(head: Head): Readable {
    if (!this.#isGuarded(head, formOf(head))) return this.#request;
    const guard = guardedForm(overriding());
    this.#request.on('error', (error) => guard.destroy(error));
    return this.#request.pipe(guard);
  }

  /** Without its codings, which are taken off before it is forwarded too. */
  async whole(head: Head): Promise<Buffer> {
    const bytesMax = this.#bytesMax;
    if (head.length !== 'chunked' && head.length > bytesMax) throw tooLarge(bytesMax);
    this.goOn(head);
    try {
      const codings = codingsOf(firstValue(head.fields, 'content-encoding')) ?? [];
      return await readWhole(this.#request, codings, bytesMax, this.#held);
    } catch (error) {
      if (!(error instanceof BodyError)) throw error;
      if (error.fault === 'too-large') throw tooLarge(bytesMax);
      if (error.fault === 'no-memory') throw new ProxyError('held-memory');
      throw new Refused(problem(400, 'unknown-coding', 'the body is not packed as it says'), true);
    }
  }

  /** Tells a client that waits to be asked for the body. */
  goOn(head: Head): void {
    if (head.expectsContinue) this.#response.writeContinue();
  }
}

function overriding(): Refused {
  return new Refused(problemOfRefusal(refuse('method-override', OVERRIDE_MESSAGE)), true);
}

/** Only a POST is taken for another method. */
function formOf(head: Head): FormKind | null {
  return head.method === 'POST' ? formKindOf(firstValue(head.fields, 'content-type')) : null;
}

function tooLarge(bytesMax: number): Refused {
  return new Refused(problem(413, 'body-too-large', `the body is longer than ${bytesMax} bytes`), true);
}
