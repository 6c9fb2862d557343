/**
 * One request of a legacy client at a modern server. What the server asks for in a result is asked of the client on the
 * request's own stream, and the request is sent again with the answers.
 */
import { errorAnswer } from '../../../protocols/mcp/answers.ts';
import {
  type InputRequest,
  inputRequired,
  type LegacyClient,
  legacyResult,
  modernRequest,
  requestToClient,
  retriedRequest,
} from '../../../protocols/mcp/bridge/legacy-to-modern.ts';
import { type RequestId, RPC_ERRORS } from '../../../protocols/mcp/message.ts';
import { NEWEST } from '../../../protocols/mcp/revisions.ts';
import { CANONICAL_JSON, isRefused, scanJson } from '../../json/index.ts';
import { abortSignalOf } from '../cancellation.ts';
import {
  answeredBy,
  errorUnder,
  eventOf,
  type ReadMessage,
  readBytes,
  requestOf,
} from './bridge-messages.ts';
import {
  LegError,
  type MessageToServer,
  type ServerEvent,
  type ServerLeg,
  type ServerStream,
} from './legs.ts';

/** How often a server may ask for more before a request is given up. */
const ROUNDS_MAX = 10;
/** Of one round. */
const ASKED_MAX = 64;

export type ClientAnswer =
  | { readonly answer: 'result'; readonly result: Buffer }
  /** `why`: the client's own words. */
  | { readonly answer: 'error'; readonly why: string };

export interface ExchangePorts {
  readonly server: ServerLeg;
  readonly client: LegacyClient;
  readonly logLevel: string | null;
  /** Of requests of the bridge, to either side; never given twice in a session. */
  nextId(): number;
  /** Resolves with what the client answers to the request of this id; rejects when `signal` is aborted. */
  answerOf(id: string, signal: AbortSignal): Promise<ClientAnswer>;
}

interface Asked {
  readonly key: string;
  readonly id: string;
  readonly request: InputRequest;
}

/** What a stream of the server has come to: the answer, or what it asks for. */
type Ending =
  | { readonly ending: 'answer'; readonly bytes: Buffer }
  | { readonly ending: 'input'; readonly requests: readonly InputRequest[]; readonly state: Buffer | null };

interface Passed {
  readonly bytes: Buffer;
  readonly isAnswer: boolean;
}

export class LegacyExchange {
  readonly #ports: ExchangePorts;
  readonly #id: RequestId;
  readonly #first: ReadMessage;
  readonly #own = new AbortController();
  /** Whose request it is. */
  readonly #by: Pick<MessageToServer, 'actor'>;
  readonly #signal: AbortSignal;

  constructor(ports: ExchangePorts, message: MessageToServer, id: RequestId) {
    this.#ports = ports;
    this.#id = id;
    this.#by = message.actor === undefined ? {} : { actor: message.actor };
    this.#signal = AbortSignal.any([abortSignalOf(message.signal), this.#own.signal]);
    const { document, message: read } = readBytes(message.bytes);
    const params = read.kind === 'request' ? read.params : -1;
    const bytes = modernRequest(
      document,
      { node: document.root, params },
      ports.client,
      ports.logLevel,
      String(ports.nextId()),
    );
    this.#first = readBytes(bytes);
  }

  /** Aborted when nothing more comes of it. */
  get ended(): AbortSignal {
    return this.#signal;
  }

  abort(): void {
    this.#own.abort();
  }

  /** Rejects with LegError. */
  async open(): Promise<ServerStream> {
    try {
      return await this.#open();
    } catch (error) {
      this.abort();
      throw error;
    }
  }

  async #open(): Promise<ServerStream> {
    const stream = await this.#send(this.#first.document.source);
    const passing = this.#passing(stream);
    const close = () => {
      this.abort();
      stream.close();
    };
    if (stream.shape !== 'one') return { shape: 'many', events: this.#events(passing, null), close };
    const first = await passing.next();
    if (first.done === true) throw new LegError('not-mcp', 'the server did not answer');
    const shape = first.value.isAnswer ? 'one' : 'many';
    return { shape, events: this.#events(passing, first.value), close };
  }

  async *#events(passing: AsyncGenerator<Passed>, first: Passed | null): AsyncGenerator<ServerEvent> {
    try {
      if (first !== null) yield eventOf(first.bytes);
      for await (const { bytes } of passing) yield eventOf(bytes);
    } catch (error) {
      // Nobody waits for it any more.
      if (!this.#signal.aborted) throw error;
    } finally {
      this.abort();
    }
  }

  #send(bytes: Buffer): Promise<ServerStream> {
    return answeredBy(this.#ports.server.send({ ...requestOf(bytes, NEWEST, this.#signal), ...this.#by }));
  }

  async *#passing(first: ServerStream): AsyncGenerator<Passed> {
    let stream = first;
    for (let round = 1; ; round++) {
      const ending = yield* this.#untilAnswer(stream);
      if (ending.ending === 'answer') {
        yield { bytes: ending.bytes, isAnswer: true };
        return;
      }
      const problem = this.#problemOf(ending.requests, round);
      if (problem !== null) {
        yield this.#failed(problem);
        return;
      }
      const answers = yield* this.#ask(ending.requests);
      if (typeof answers === 'string') {
        yield this.#failed(answers);
        return;
      }
      const { document, message } = this.#first;
      const params = message.kind === 'request' ? message.params : -1;
      const again = retriedRequest(
        document,
        { node: message.node, params },
        answers,
        ending.state,
        String(this.#ports.nextId()),
      );
      stream = await this.#send(again);
    }
  }

  #failed(why: string): Passed {
    return { bytes: errorAnswer(this.#id, RPC_ERRORS.internal, why, null), isAnswer: true };
  }

  async *#untilAnswer(stream: ServerStream): AsyncGenerator<Passed, Ending> {
    try {
      for await (const { message: bytes } of stream.events) {
        if (bytes === null) continue;
        const { document, message } = readBytes(bytes);
        switch (message.kind) {
          case 'result': {
            const required = inputRequired(document, message.result);
            if (required !== null) return { ending: 'input', ...required };
            const answer = legacyResult(document, message.node, message.result, this.#id.written);
            return { ending: 'answer', bytes: answer };
          }
          case 'error':
            return { ending: 'answer', bytes: errorUnder(this.#id, document, message.error) };
          case 'notification':
            yield { bytes, isAnswer: false };
            break;
          case 'request':
            throw new LegError('not-mcp', 'a server of the modern era sends no requests');
        }
      }
    } finally {
      stream.close();
    }
    throw new LegError('not-mcp', 'the stream ended before the answer');
  }

  #problemOf(requests: readonly InputRequest[], round: number): string | null {
    if (round > ROUNDS_MAX) return `the server has asked for input ${ROUNDS_MAX} times and still wants more`;
    if (requests.length > ASKED_MAX) return `the server asks for more than ${ASKED_MAX} things at once`;
    const missing = requests.find((request) => !canAnswer(this.#ports.client, request));
    return missing === undefined
      ? null
      : `the server asks for ${missing.method.slice(0, 100)}, which this client cannot do`;
  }

  /** What the client answers, by key; a sentence where it answers with an error. */
  async *#ask(
    requests: readonly InputRequest[],
  ): AsyncGenerator<Passed, ReadonlyMap<string, Buffer> | string> {
    const asked: readonly Asked[] = requests.map((request) => ({
      key: request.key,
      id: `sluice-${this.#ports.nextId()}`,
      request,
    }));
    const answering = Promise.all(asked.map(({ id }) => this.#ports.answerOf(id, this.#signal)));
    // Where the client lets go of the stream before all is asked, nobody waits for the answers.
    answering.catch(() => {});
    for (const { id, request } of asked) yield { bytes: requestToClient(id, request), isAnswer: false };
    const answers = await answering;
    const found = new Map<string, Buffer>();
    for (const [n, answer] of answers.entries()) {
      if (answer.answer === 'error')
        return `the client did not give what the server asked for: ${answer.why}`;
      found.set(asked[n]?.key ?? '', answer.result);
    }
    return found;
  }
}

/** Servers ask for nothing that a client has not declared (2026-07-28, multi round-trip requests); nothing else is passed on. */
function canAnswer(client: LegacyClient, { method, params }: InputRequest): boolean {
  const capabilities = scanJson(client.capabilities, 0, client.capabilities.length, CANONICAL_JSON);
  if (isRefused(capabilities)) return false;
  const has = (pointer: string) => capabilities.at(pointer) !== -1;
  switch (method) {
    case 'roots/list':
      return has('/roots');
    case 'sampling/createMessage':
      return has('/sampling');
    case 'elicitation/create': {
      const asked = params === null ? null : scanJson(params, 0, params.length, CANONICAL_JSON);
      if (asked === null || isRefused(asked)) return false;
      return has(
        asked.text(asked.member(asked.root, 'mode')) === 'url' ? '/elicitation/url' : '/elicitation/form',
      );
    }
    default:
      return false;
  }
}
