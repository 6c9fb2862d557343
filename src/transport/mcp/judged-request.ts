/** A request of the client on its way to the server, and what is still owed for its answer. */
import type { RequestId } from '../../../protocols/mcp/message.ts';
import type { Method } from '../../../protocols/mcp/methods.ts';
import type { Revision } from '../../../protocols/mcp/revisions.ts';
import type { CallSubject } from '../../../protocols/mcp/subject.ts';
import type { CallFacts } from '../../core/requests.ts';
import type { RequestRun } from '../../engine/request-run.ts';
import { Cancellation, type CancelSignal } from '../cancellation.ts';
import type { McpRequest } from './judge.ts';

export interface RequestHead {
  readonly id: RequestId;
  readonly method: Method;
  readonly subject: CallSubject | null;
  readonly revision: Revision;
  readonly facts: CallFacts;
}

export class JudgedRequest implements McpRequest {
  readonly id: RequestId;
  readonly method: Method;
  readonly subject: CallSubject | null;
  readonly revision: Revision;
  readonly facts: CallFacts;
  readonly run: RequestRun;
  readonly #abort = new Cancellation();
  readonly #onEnd: (request: JudgedRequest) => void;
  #ended = false;
  /** It has gone to the server. */
  sent = false;
  /** The server has answered it. */
  wasAnswered = false;

  /** `onEnd` is called once, whatever ends it. */
  constructor(head: RequestHead, run: RequestRun, onEnd: (request: JudgedRequest) => void) {
    this.id = head.id;
    this.method = head.method;
    this.subject = head.subject;
    this.revision = head.revision;
    this.facts = head.facts;
    this.run = run;
    this.#onEnd = onEnd;
  }

  get signal(): CancelSignal {
    return this.#abort;
  }

  get isOver(): boolean {
    return this.#ended;
  }

  abandon(): void {
    this.end('cancelled', null);
    this.#abort.abort();
  }

  failed(tag: string, answer: Buffer | null = null): void {
    this.end(tag, null, answer);
  }

  told(message: Buffer): void {
    this.run.record?.message(message);
  }

  /** `tag`: how it came out; null: it was not sent. `answer`: what the client gets, where it has not been recorded yet. */
  end(tag: string | null, cutBy: string | null, answer: Buffer | null = null): void {
    if (this.#ended) return;
    this.#ended = true;
    if (answer !== null) {
      this.run.record?.message(answer);
      this.run.record?.end(true);
    }
    this.run.finish(tag, cutBy);
    this.#onEnd(this);
  }
}
