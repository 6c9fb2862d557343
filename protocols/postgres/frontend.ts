/**
 * From the client's bytes to messages. Each is read whole and judged before any of it goes on, except COPY data,
 * which streams: its statement has been judged. While a message is held, what follows it is kept and reading stops.
 */
import { Accumulator, MalformedBytes } from '../../src/bytes/index.ts';
import { ProxyError } from '../../src/core/errors.ts';
import type { Outcome } from '../sql/refusals.ts';
import { refuseExtended, refuseQuery } from './deny.ts';
import { FLUSH, failureResponse } from './encode.ts';
import { frameSize, HEADER_BYTES } from './frame.ts';
import { BLOCK, type Link, UNDER_WAY_MAX } from './link.ts';
import { FRONTEND } from './messages.ts';
import { Requests } from './requests.ts';

/** Messages without a text or values in them. */
const SMALL_BYTES_MAX = 64 * 1024;
/** What a client may send ahead while it waits for people. */
const READ_AHEAD_BYTES_MAX = 64 * 1024;
/** What one message may make Sluice hold without asking for it. */
const FREE_BYTES = 64 * 1024;

export class Frontend {
  readonly #link: Link;
  readonly #requests: Requests;
  /** What has come and is not dealt with: the head of a message, or messages behind one that is held. */
  readonly #input = new Accumulator();
  /** How much is still to come of a message that streams, and of one that is refused for its size. */
  #streaming = 0;
  #discarding = 0;
  /** Bytes taken of the memory that sessions share. */
  #held = 0;
  #flushed = false;
  #paused = false;
  /** The client has said Terminate, or nothing more will come. */
  ended = false;

  constructor(link: Link) {
    this.#link = link;
    this.#requests = new Requests(link);
  }

  /** Whether something has changed that `resume` is for. */
  get isDue(): boolean {
    return this.#input.length > 0 || this.#paused !== this.#stops;
  }

  /**
   * A client that waits for its answer is not stopped before it sends more: stopping it and letting it go again costs
   * three calls into Node and two of the kernel's for each query. While people are asked, it is read from: that it has
   * gone shows only there. While the gate is asked, a client that closes its side would close the server's too early.
   */
  get #stops(): boolean {
    const { blocks, awaitsPeople } = this.#link;
    if (blocks === 0) return false;
    if (awaitsPeople) return this.#input.length > READ_AHEAD_BYTES_MAX;
    return this.#input.length > 0 || (blocks & BLOCK.answer) !== 0;
  }

  receive(bytes: Buffer, start: number, end: number): void {
    if (this.#input.length > 0) {
      this.#input.append(bytes, start, end);
      this.resume();
      return;
    }
    const to = this.#process(bytes, start, end);
    this.#input.append(bytes, to, end);
    this.#afterwards();
  }

  /** Goes on with what was kept, as far as nothing holds it. */
  resume(): void {
    if (this.#input.length > 0 && !this.ended) {
      const held = this.#input.view();
      this.#input.consume(this.#process(held, 0, held.length));
    }
    this.#afterwards();
  }

  /** The session is over: what is held is given back. */
  abandon(): void {
    this.#input.clear();
    this.#link.engine.release(this.#held);
    this.#held = 0;
  }

  #afterwards(): void {
    const link = this.#link;
    const blocked = link.blocks !== 0;
    // The server keeps replies to itself until Sync or Flush; waiting for them takes one.
    if (
      blocked &&
      link.unsynced &&
      !this.#flushed &&
      link.replies.size > 0 &&
      (link.blocks & BLOCK.replies) !== 0
    ) {
      this.#flushed = true;
      link.toServer(FLUSH);
    }
    if (!blocked) this.#flushed = false;
    const stops = this.#stops;
    if (stops === this.#paused) return;
    this.#paused = stops;
    if (stops) link.engine.downstream.pause();
    else link.engine.downstream.resume();
  }

  /** Deals with whole messages in `bytes[start, end)`; gives where it stopped. */
  #process(bytes: Buffer, start: number, end: number): number {
    let at = start;
    // What is sent from here on takes a Flush of its own, should it have to be waited for.
    if (this.#link.blocks === 0) this.#flushed = false;
    while (at < end && !this.ended) {
      if (this.#streaming > 0) at = this.#stream(bytes, at, end);
      else if (this.#discarding > 0) at = this.#discard(at, end);
      else {
        if (end - at < HEADER_BYTES) return at;
        const next = this.#frame(bytes, at, end);
        if (next === at) return at;
        at = next;
      }
    }
    return this.ended ? end : at;
  }

  #stream(bytes: Buffer, at: number, end: number): number {
    const to = Math.min(end, at + this.#streaming);
    this.#streaming -= to - at;
    this.#link.engine.upstream.send(bytes, at, to);
    return to;
  }

  #discard(at: number, end: number): number {
    const to = Math.min(end, at + this.#discarding);
    this.#discarding -= to - at;
    return to;
  }

  /** One frame whose header is here. Gives where the next begins; `at` itself when this one has to wait. */
  #frame(bytes: Buffer, at: number, end: number): number {
    const link = this.#link;
    const tag = bytes[at] ?? 0;
    const size = frameSize(bytes, at);
    if (link.copyIn && tag !== FRONTEND.Terminate) return this.#copyFrame(bytes, at, end, tag, size);
    if (link.replies.size >= UNDER_WAY_MAX) link.block(BLOCK.full);
    if (link.blocks !== 0 && !this.#mayOvertake(tag)) return at;
    if (tag === FRONTEND.CopyData) {
      // Outside COPY the server ignores it: it is left over from a COPY that failed.
      this.#discarding = size;
      return this.#discard(at, end);
    }
    if (size > this.#sizeMax(tag))
      return this.#tooLarge(at, end, tag, size, new ProxyError('frame-too-large'));
    if (end - at < size) {
      if (size > FREE_BYTES && this.#held === 0) {
        if (!link.engine.hold(size)) return this.#tooLarge(at, end, tag, size, new ProxyError('held-memory'));
        this.#held = size;
      }
      return at;
    }
    const outcome = this.#message(tag, bytes, at + HEADER_BYTES, at + size);
    if (outcome === 'hold') return at;
    if (this.#held > 0) {
      link.engine.release(this.#held);
      this.#held = 0;
    }
    if (outcome === 'pass') link.engine.upstream.stage(bytes, at, at + size);
    return at + size;
  }

  /** Sync carries nothing to judge, and what is waited for may need it. */
  #mayOvertake(tag: number): boolean {
    const { blocks, unsynced } = this.#link;
    return tag === FRONTEND.Terminate || (blocks === BLOCK.replies && tag === FRONTEND.Sync && unsynced);
  }

  #sizeMax(tag: number): number {
    switch (tag) {
      case FRONTEND.Query:
      case FRONTEND.Parse:
      case FRONTEND.Bind:
        return this.#link.settings.messageBytesMax;
      case FRONTEND.FunctionCall:
        return this.#link.settings.messageBytesMax;
      case FRONTEND.Describe:
      case FRONTEND.Execute:
      case FRONTEND.Close:
      case FRONTEND.Sync:
      case FRONTEND.Flush:
      case FRONTEND.Terminate:
      case FRONTEND.CopyDone:
      case FRONTEND.CopyFail:
        return SMALL_BYTES_MAX;
      case FRONTEND.Password:
        throw new ProxyError('protocol-violation', { detail: 'a password message after authentication' });
      default:
        throw new ProxyError('unknown-message', { detail: `message type ${tag}` });
    }
  }

  /** Refused without being read; its body is thrown away as it comes. */
  #tooLarge(at: number, end: number, tag: number, size: number, error: ProxyError): number {
    const link = this.#link;
    const refused = { error: failureResponse(error), native: 'none' } as const;
    switch (tag) {
      case FRONTEND.Query:
      case FRONTEND.FunctionCall:
        if (!link.skipping) refuseQuery(link, refused);
        break;
      case FRONTEND.Parse:
      case FRONTEND.Bind:
        if (!link.skipping) refuseExtended(link, refused);
        break;
      default:
        throw new MalformedBytes(`a message of ${size} bytes`);
    }
    this.#discarding = size;
    return this.#discard(at, end);
  }

  #message(tag: number, bytes: Buffer, start: number, end: number): Outcome {
    const requests = this.#requests;
    switch (tag) {
      case FRONTEND.Query:
        return requests.query(bytes, start, end);
      case FRONTEND.Parse:
        return requests.parse(bytes, start, end);
      case FRONTEND.Bind:
        return requests.portals.bind(bytes, start, end);
      case FRONTEND.Describe:
        return requests.describe(bytes, start, end);
      case FRONTEND.Execute:
        return requests.portals.execute(bytes, start, end);
      case FRONTEND.Close:
        return requests.close(bytes, start, end);
      case FRONTEND.Sync:
        return requests.sync(bytes, start, end);
      case FRONTEND.Flush:
        return requests.flush(bytes, start, end);
      case FRONTEND.FunctionCall:
        return requests.functionCall();
      case FRONTEND.Terminate:
        this.ended = true;
        return 'pass';
      case FRONTEND.CopyDone:
      case FRONTEND.CopyFail:
        return 'drop';
      default:
        throw new ProxyError('unknown-message', { detail: `message type ${tag}` });
    }
  }

  /** In COPY FROM STDIN the server takes data and its end, and ignores Flush and Sync. */
  #copyFrame(bytes: Buffer, at: number, end: number, tag: number, size: number): number {
    const { upstream } = this.#link.engine;
    if (tag === FRONTEND.Sync || tag === FRONTEND.Flush) return end - at < size ? at : at + size;
    if (tag === FRONTEND.CopyData) {
      const to = Math.min(end, at + size);
      this.#streaming = at + size - to;
      upstream.send(bytes, at, to);
      return to;
    }
    if (tag !== FRONTEND.CopyDone && tag !== FRONTEND.CopyFail) {
      throw new ProxyError('protocol-violation', { detail: 'neither COPY data nor the end of COPY' });
    }
    if (size > SMALL_BYTES_MAX) throw new MalformedBytes(`the end of a COPY in ${size} bytes`);
    if (end - at < size) return at;
    this.#link.copyDataEnded();
    upstream.send(bytes, at, at + size);
    return at + size;
  }
}
