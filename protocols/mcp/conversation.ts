/**
 * The order of what a client and a server say to each other: which revision it is in, what waits for an answer, and who
 * may say what now. It judges nothing by rules and changes no byte; README.md has the states.
 */
import type { JsonDocument } from '../../src/json/index.ts';
import { isFault, type Message, type RequestId, RPC_ERRORS, readId, readMessage } from './message.ts';
import { type Method, type MethodRow, methodFor, type Side } from './methods.ts';
import { type PendingRequest, PendingRequests } from './pending.ts';
import { type Revision, revisionNamed, traitsOf } from './revisions.ts';
import { type CallSubject, subjectOf } from './subject.ts';

const NONE = -1;
/** Of each direction. */
const PENDING_MAX = 1_000;

export const META_VERSION = 'io.modelcontextprotocol/protocolVersion';
export const META_CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';

type Request = Extract<Message, { readonly kind: 'request' }>;
type Notification = Extract<Message, { readonly kind: 'notification' }>;
type Answer = Extract<Message, { readonly kind: 'result' | 'error' }>;

/** What a message is, once it is known to be in order. */
export type Reading =
  | {
      readonly reading: 'request';
      readonly message: Request;
      readonly method: Method;
      readonly revision: Revision;
      readonly subject: CallSubject | null;
    }
  | {
      readonly reading: 'notification';
      readonly message: Notification;
      readonly method: Method;
      readonly revision: Revision;
      /** The request that it is about; null: none, or none by name. */
      readonly about: PendingRequest | null;
    }
  | {
      readonly reading: 'answer';
      readonly message: Answer;
      readonly to: PendingRequest;
      readonly revision: Revision;
    }
  /** It means nothing any more, or never did; it goes nowhere, and nobody is told. */
  | { readonly reading: 'dropped'; readonly why: string }
  /** Whoever sent it is told so, where it asked for an answer; `asked`: the version that is not spoken here. */
  | {
      readonly reading: 'refused';
      readonly id: RequestId | null;
      readonly code: number;
      readonly why: string;
      readonly asked: string | null;
    };

/** `new`: nothing was said. `opening`: initialize was, and has no answer. `open`: the revision is agreed on. */
type Phase = 'new' | 'opening' | 'open';

export class Conversation {
  /** What the client asked the server, and the other way round. */
  readonly toServer = new PendingRequests(PENDING_MAX);
  readonly toClient = new PendingRequests(PENDING_MAX);
  #phase: Phase;
  /** Of a legacy session. */
  #revision: Revision | null;

  /** `revision`: what a legacy session has agreed on before; null where it begins here. */
  constructor(revision: Revision | null = null) {
    this.#revision = revision;
    this.#phase = revision === null ? 'new' : 'open';
  }

  /** What the session has agreed on; null before that, and where every request says its own. */
  get revision(): Revision | null {
    return this.#revision;
  }

  fromClient(document: JsonDocument, node: number): Reading {
    return this.#read(document, node, 'client');
  }

  fromServer(document: JsonDocument, node: number): Reading {
    return this.#read(document, node, 'server');
  }

  #read(document: JsonDocument, node: number, from: Side): Reading {
    const message = readMessage(document, node);
    if (isFault(message)) return refused(message.id, RPC_ERRORS.invalidRequest, message.fault);
    switch (message.kind) {
      case 'request':
        return this.#request(document, message, from);
      case 'notification':
        return this.#notification(document, message, from);
      case 'result':
      case 'error':
        return this.#answer(document, message, from);
    }
  }

  #request(document: JsonDocument, message: Request, from: Side): Reading {
    const { id, method: name, params } = message;
    const own = from === 'client' ? ownRevision(document, params) : null;
    if (own !== null && typeof own !== 'string') return { ...own, id };
    if (own === null && name === 'initialize' && from === 'client')
      return this.#initialize(document, message);
    const revision = own ?? this.#revision;
    if (revision === null) {
      // A ping may be sent before the session has begun (lifecycle), by either side.
      if (name !== 'ping') return refused(id, RPC_ERRORS.invalidRequest, this.#beginning());
      return this.#known(document, message, from, 'ping', 'none', '2025-11-25');
    }
    const known = methodFor(name, 'request', from, revision);
    if (known.answer !== 'known')
      return refused(id, RPC_ERRORS.methodNotFound, methodRefusal(known.answer, name, revision, from));
    return this.#known(document, message, from, known.method, known.row.subject, revision);
  }

  #beginning(): string {
    return this.#phase === 'opening'
      ? 'the session has not begun: the server has not answered initialize yet'
      : `the session has not begun: send initialize, or name a revision in _meta (${META_VERSION})`;
  }

  #initialize(document: JsonDocument, message: Request): Reading {
    const { id, params } = message;
    if (this.#phase !== 'new')
      return refused(id, RPC_ERRORS.invalidRequest, 'initialize is sent once, to begin a session');
    const asked = document.text(document.member(params, 'protocolVersion'));
    if (asked === null) return refused(id, RPC_ERRORS.invalidParams, 'initialize has no protocolVersion');
    const revision = revisionNamed(asked);
    const reading = this.#known(document, message, 'client', 'initialize', 'none', revision ?? '2025-11-25');
    if (reading.reading === 'request') this.#phase = 'opening';
    return reading;
  }

  /** A request in order: it waits for its answer from here on. */
  #known(
    document: JsonDocument,
    message: Request,
    from: Side,
    method: Method,
    about: MethodRow['subject'],
    revision: Revision,
  ): Reading {
    const { id, params } = message;
    const subject = subjectOf(document, params, about);
    if (subject === 'missing')
      return refused(
        id,
        RPC_ERRORS.invalidParams,
        `${method} does not say what it is about, or arguments are no object`,
      );
    const progressToken = tokenIn(document, params);
    if (progressToken === 'malformed')
      return refused(id, RPC_ERRORS.invalidParams, 'a progressToken has to be a string or an integer');
    const pending = from === 'client' ? this.toServer : this.toClient;
    const problem = pending.add({ id, method, name: subject?.name ?? null, progressToken, revision });
    if (problem !== null) return refused(id, RPC_ERRORS.invalidRequest, PENDING_REFUSALS[problem]);
    return { reading: 'request', message, method, revision, subject };
  }

  #notification(document: JsonDocument, message: Notification, from: Side): Reading {
    const { method: name, params } = message;
    const own = from === 'client' ? ownRevision(document, params) : null;
    const revision = (typeof own === 'string' ? own : null) ?? this.#revision ?? '2026-07-28';
    const known = methodFor(name, 'notification', from, revision);
    if (known.answer !== 'known') return dropped(methodRefusal(known.answer, name, revision, from));
    const reading = (about: PendingRequest | null): Reading => ({
      reading: 'notification',
      message,
      method: known.method,
      revision,
      about,
    });
    if (known.method === 'notifications/progress') {
      // Progress is told to whoever asked: of a request of the other side, by the token that it gave.
      const token = document.member(params, 'progressToken');
      const about =
        token === NONE ? null : this.#waitingFor(from).withToken(readId(document, token)?.key ?? '');
      return about === null ? dropped('progress of a request that does not wait') : reading(about);
    }
    if (known.method === 'notifications/cancelled') {
      const id = document.member(params, 'requestId');
      const read = id === NONE ? null : readId(document, id);
      // A server may also end a subscription that the client waits for (2026-07-28, subscriptions).
      const about =
        read === null
          ? null
          : (this.#ownRequests(from).get(read) ?? (from === 'server' ? this.toServer.get(read) : null));
      return about === null ? dropped('a request is cancelled that does not wait') : reading(about);
    }
    return reading(null);
  }

  /** Requests that this side has sent. */
  #ownRequests(from: Side): PendingRequests {
    return from === 'client' ? this.toServer : this.toClient;
  }

  /** Requests that this side has to answer. */
  #waitingFor(from: Side): PendingRequests {
    return from === 'client' ? this.toClient : this.toServer;
  }

  #answer(document: JsonDocument, message: Answer, from: Side): Reading {
    const to = message.id === null ? null : this.#waitingFor(from).take(message.id);
    if (to === null) return dropped('an answer to nothing that was asked');
    if (to.method === 'initialize') {
      const revision = this.#agreed(document, message);
      if (typeof revision !== 'string') return revision;
      return { reading: 'answer', message, to, revision };
    }
    return { reading: 'answer', message, to, revision: to.revision };
  }

  #agreed(document: JsonDocument, message: Answer): Revision | Reading {
    if (message.kind === 'error') {
      this.#phase = 'new';
      return '2025-11-25';
    }
    const named = document.text(document.member(message.result, 'protocolVersion'));
    const revision = named === null ? null : revisionNamed(named);
    if (revision === null || traitsOf(revision).era !== 'legacy') {
      this.#phase = 'new';
      const why = 'the server answered initialize with a revision that Sluice does not speak';
      return refused(message.id, RPC_ERRORS.internal, why, named ?? '');
    }
    this.#revision = revision;
    this.#phase = 'open';
    return revision;
  }
}

const PENDING_REFUSALS: Readonly<Record<'duplicate-id' | 'duplicate-token' | 'too-many', string>> = {
  'duplicate-id': 'another request with the same id waits for its answer',
  'duplicate-token': 'another request with the same progressToken waits for its answer',
  'too-many': `more than ${PENDING_MAX} requests wait for their answers`,
};

function refused(id: RequestId | null, code: number, why: string, asked: string | null = null): Reading {
  return { reading: 'refused', id, code, why, asked };
}

function dropped(why: string): Reading {
  return { reading: 'dropped', why };
}

/** The server is not quoted: no mask has seen what it calls a method. */
function methodRefusal(answer: string, name: string, revision: Revision, from: Side): string {
  const isQuoted = from === 'client' || answer !== 'unknown';
  const shown = isQuoted ? (name.length > 100 ? `${name.slice(0, 100)}…` : name) : 'what it asks for';
  switch (answer) {
    case 'wrong-side':
      return `${shown} is for the other side to send`;
    case 'wrong-revision':
      return `${shown} is not part of revision ${revision}`;
    case 'wrong-kind':
      return `${shown} is sent with an id as a request, or without as a notification, and not the other way`;
    default:
      return `${shown} is not a method of the Model Context Protocol`;
  }
}

/** The revision that a request carries by itself; null: none, as in the legacy era. */
function ownRevision(
  document: JsonDocument,
  params: number,
): Revision | null | Extract<Reading, { readonly reading: 'refused' }> {
  const meta = document.member(params, '_meta');
  const named = document.member(meta, META_VERSION);
  if (named === NONE) return null;
  const bad = (code: number, why: string, asked: string | null = null) =>
    ({ reading: 'refused', id: null, code, why, asked }) as const;
  const text = document.text(named);
  if (text === null) return bad(RPC_ERRORS.invalidParams, `${META_VERSION} has to be a string`);
  const revision = revisionNamed(text);
  if (revision === null || traitsOf(revision).era !== 'modern')
    return bad(RPC_ERRORS.unsupportedVersion, 'Unsupported protocol version', text);
  if (!document.isObject(document.member(meta, META_CAPABILITIES)))
    return bad(RPC_ERRORS.invalidParams, `_meta has no ${META_CAPABILITIES}`);
  return revision;
}

/** By which a request wants its progress told: looked up like an id. */
function tokenIn(document: JsonDocument, params: number): string | null | 'malformed' {
  const token = document.member(document.member(params, '_meta'), 'progressToken');
  if (token === NONE) return null;
  return readId(document, token)?.key ?? 'malformed';
}
