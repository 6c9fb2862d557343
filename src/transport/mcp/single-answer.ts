/** A server's answer that is one message, and what can be wrong with what a server answers. */
import { codingsOf, valuesOf } from '../../../protocols/http/index.ts';
import type { HeldMemory } from '../../limits/held-memory.ts';
import { BodyError, HeldBody, readWhole } from '../http-bodies.ts';
import type { UpstreamAnswer } from '../http-upstream.ts';
import { EventTooLong } from './event-stream.ts';
import { LegError, type ServerEvent, type ServerStream } from './legs.ts';

/** One message. Its own iterator, since every call has one: a generator costs what the rest of the way back does. */
export class SingleAnswer implements ServerStream, AsyncIterable<ServerEvent>, AsyncIterator<ServerEvent> {
  readonly shape = 'one';
  readonly #answer: UpstreamAnswer;
  readonly #held: HeldBody;
  readonly #bytesMax: number;
  readonly #learns: (bytes: Buffer) => void;
  #isRead = false;
  #isOver = false;

  /** `learns` sees the message before anybody else does. */
  constructor(answer: UpstreamAnswer, memory: HeldMemory, bytesMax: number, learns: (bytes: Buffer) => void) {
    this.#answer = answer;
    this.#held = new HeldBody(memory);
    this.#bytesMax = bytesMax;
    this.#learns = learns;
  }

  get events(): AsyncIterable<ServerEvent> {
    return this;
  }

  [Symbol.asyncIterator](): AsyncIterator<ServerEvent> {
    return this;
  }

  async next(): Promise<IteratorResult<ServerEvent>> {
    if (this.#isRead) return this.return();
    this.#isRead = true;
    try {
      const codings = codingsIn(this.#answer);
      if (codings === null) throw new LegError('not-mcp', 'the answer is packed in a way that is not known');
      const message = await readWhole(this.#answer.body, codings, this.#bytesMax, this.#held);
      if (this.#isOver) return this.return();
      this.#learns(message);
      return { done: false, value: { message, id: null, retryMs: null } };
    } catch (error) {
      this.#held.release();
      throw bodyErrorOf(error);
    }
  }

  /** The message is held for as long as it is on its way. */
  return(): Promise<IteratorResult<ServerEvent>> {
    this.#isRead = true;
    this.#isOver = true;
    this.#held.release();
    return Promise.resolve({ done: true, value: undefined });
  }

  close(): void {
    this.#answer.body.destroy();
  }
}

export function codingsIn({ fields }: UpstreamAnswer) {
  return codingsOf(valuesOf(fields, 'content-encoding').join(',') || null);
}

export function bodyErrorOf(error: unknown): Error {
  if (error instanceof LegError) return error;
  if (error instanceof EventTooLong || (error instanceof BodyError && error.fault === 'too-large'))
    return new LegError('not-mcp', 'a message of the server is larger than it may be');
  if (error instanceof BodyError && error.fault === 'no-memory')
    return new LegError('unreachable', 'Sluice holds as much as it may at the moment; try again');
  return new LegError('unreachable', 'the connection to the server was lost in the middle of its answer');
}
