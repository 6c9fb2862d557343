/**
 * Messages to a server of streamable HTTP, of either era (MCP 2025-03-26 and later, transports): each one a POST, its
 * answer JSON or events. The server's session, where it gives one, is this leg's and never the client's.
 */
import { bodyKindOf, type Field, firstValue } from '../../../protocols/http/index.ts';
import { RPC_ERRORS } from '../../../protocols/mcp/message.ts';
import { encodedHeader, mirroredName } from '../../../protocols/mcp/mirrored-headers.ts';
import { type Revision, traitsOf } from '../../../protocols/mcp/revisions.ts';
import { type Identity, identityKey } from '../../core/principal.ts';
import { CANONICAL_JSON, isRefused, PLAIN_JSON, scanJson } from '../../json/index.ts';
import type { HeldMemory } from '../../limits/held-memory.ts';
import type { CancelSignal } from '../cancellation.ts';
import { decoded, HeldBody, readWhole } from '../http-bodies.ts';
import { type HttpUpstream, type UpstreamAnswer, UpstreamLoginError } from '../http-upstream.ts';
import { readEvents } from './event-stream.ts';
import {
  LegError,
  type MessageToServer,
  type ServerEvent,
  type ServerLeg,
  type ServerStream,
} from './legs.ts';
import { bodyErrorOf, codingsIn, SingleAnswer } from './single-answer.ts';
import type { ToolHeaders } from './tool-headers.ts';

/** What the legs of one listener share. */
export interface HttpLegGround {
  readonly upstream: HttpUpstream;
  /** With its query. */
  readonly path: string;
  readonly toolHeaders: ToolHeaders;
  readonly memory: HeldMemory;
  /** Bytes of one message of the server. */
  readonly bytesMax: number;
}

const OWN: readonly Field[] = [
  ['accept-encoding', 'identity'],
  ['user-agent', 'sluice'],
];
const ERROR_BYTES_MAX = 64 * 1024;
const FAREWELL_MS = 5_000;
/** Events behind which streams can be taken up: the newest of a session, and how long an id may be. */
const EVENT_IDS_MAX = 2_000;
const EVENT_ID_CHARACTERS_MAX = 512;
/** RFC 9110, 5.5, and the specification: visible ASCII. */
const SESSION_ID = /^[\x21-\x7e]{1,1024}$/;

export class HttpLeg implements ServerLeg {
  readonly #ground: HttpLegGround;
  /** For whom: definitions of tools may differ from one to the next. */
  readonly #actor: Identity;
  #sessionId: string | null = null;
  /** Of the session, once there is one. */
  #revision: Revision | null = null;
  /** Ids of events that came here: servers may not ask in whose session a stream began. */
  readonly #eventIds = new Set<string>();

  constructor(ground: HttpLegGround, actor: Identity) {
    this.#ground = ground;
    this.#actor = actor;
  }

  async send(message: MessageToServer): Promise<ServerStream> {
    try {
      return await this.#send(message);
    } catch (error) {
      if (message.method !== 'tools/call' || !isMismatch(error)) throw error;
      // The server refuses what it has not carried out (2026-07-28, server validation): it has other definitions by now.
      if (!(await this.#ground.toolHeaders.again(identityKey(this.#actor), this))) throw error;
      return this.#send(message);
    }
  }

  async #send(message: MessageToServer): Promise<ServerStream> {
    const { bytes, method, revision, signal, kind } = message;
    const fields: Field[] = [
      ['content-type', 'application/json'],
      ['accept', 'application/json, text/event-stream'],
      ['content-length', String(bytes.length)],
      ...this.#sessionFields(method === 'initialize' ? null : revision),
    ];
    if (traitsOf(revision).mirrorHeaders) fields.push(...(await this.#mirrored(message)));
    const answer = await this.#request('POST', fields, bytes, signal, message.actor);
    if (answer.status === 202 || answer.status === 204) {
      answer.body.discard();
      if (kind === 'request')
        throw new LegError('not-mcp', 'the server took a request and does not answer it', answer.status);
      return NOTHING;
    }
    if (answer.status !== 200) throw await this.#refusal(answer);
    if (method === 'initialize') this.#sessionId = sessionIn(answer);
    else this.#revision = revision;
    const body = kindOf(answer);
    if (body === 'sse') return this.#events(answer);
    if (body === 'json') return this.#single(answer, message);
    answer.body.destroy();
    // Some servers say 200 where they mean 202.
    if (kind !== 'request') return NOTHING;
    throw new LegError('not-mcp', 'the server answers with something that is neither JSON nor events');
  }

  #sessionFields(revision: Revision | null): Field[] {
    const fields: Field[] = [];
    if (revision !== null && traitsOf(revision).versionHeader)
      fields.push(['mcp-protocol-version', revision]);
    if (this.#sessionId !== null) fields.push(['mcp-session-id', this.#sessionId]);
    return fields;
  }

  /** Made from the body that goes along: what a client wrote into its headers stays behind. */
  async #mirrored({ bytes, method, subject }: MessageToServer): Promise<readonly Field[]> {
    if (method === null) return [];
    const fields: Field[] = [['mcp-method', method]];
    const document = scanJson(bytes, 0, bytes.length, { ...CANONICAL_JSON, bytesMax: bytes.length });
    if (isRefused(document)) return fields;
    const name = mirroredName(document, document.at('/params'), method);
    if (name !== null) fields.push(['mcp-name', encodedHeader(name)]);
    if (method !== 'tools/call' || subject === null) return fields;
    const call = { document, tool: subject.name, arguments: document.at('/params/arguments') };
    const parameters = await this.#ground.toolHeaders.parametersOf(identityKey(this.#actor), this, call);
    for (const [header, value] of parameters)
      if (value !== null) fields.push([`mcp-param-${header}`, encodedHeader(value)]);
    return fields;
  }

  async #request(
    method: 'POST' | 'GET' | 'DELETE',
    fields: Field[],
    body: Buffer | null,
    signal: CancelSignal,
    actor: Identity = this.#actor,
  ): Promise<UpstreamAnswer> {
    const { upstream, path } = this.#ground;
    try {
      fields.push(...OWN);
      return await upstream.send({ method, path, fields, body, signal, actor });
    } catch (error) {
      throw legErrorOf(error, signal);
    }
  }

  async #refusal(answer: UpstreamAnswer): Promise<LegError> {
    const { status, body } = answer;
    if (status === 404 && this.#sessionId !== null) {
      body.destroy();
      return new LegError('session-gone', 'the server does not know the session any more', status);
    }
    if (status === 401 || status === 403) {
      body.destroy();
      return new LegError('no-access', 'the server gives Sluice no access', status);
    }
    const held = new HeldBody(this.#ground.memory);
    try {
      const isJson = kindOf(answer) === 'json';
      const bytes = await readWhole(body, codingsIn(answer) ?? [], ERROR_BYTES_MAX, held);
      const shown = isJson && bytes.length > 0 ? bytes : null;
      return new LegError('refused', `the server answers with status ${status}`, status, shown);
    } catch {
      return new LegError('refused', `the server answers with status ${status}`, status);
    } finally {
      held.release();
    }
  }

  #single(answer: UpstreamAnswer, { method, revision }: MessageToServer): ServerStream {
    const { memory, bytesMax, toolHeaders } = this.#ground;
    const principal = identityKey(this.#actor);
    return new SingleAnswer(answer, memory, bytesMax, (bytes) => {
      if (method === 'tools/list' && traitsOf(revision).mirrorHeaders) toolHeaders.learn(principal, bytes);
    });
  }

  #events(answer: UpstreamAnswer): ServerStream {
    const { memory, bytesMax } = this.#ground;
    const known = (id: string | null) => this.#knownId(id);
    async function* events(): AsyncGenerator<ServerEvent> {
      const codings = codingsIn(answer);
      if (codings === null) throw new LegError('not-mcp', 'the events are packed in a way that is not known');
      try {
        for await (const { type, data, id, retryMs } of readEvents(decoded(answer.body, codings), bytesMax)) {
          const isMessage = type === 'message' && data !== null && data.length > 0;
          const held = new HeldBody(memory);
          try {
            if (isMessage) held.take(data.length);
            yield { message: isMessage ? data : null, id: known(id), retryMs };
          } finally {
            held.release();
          }
        }
      } catch (error) {
        throw bodyErrorOf(error);
      }
    }
    return { shape: 'many', events: events(), close: () => void answer.body.destroy() };
  }

  /** An id that can be come back with; null: it is none. */
  #knownId(id: string | null): string | null {
    if (id === null || id.length > EVENT_ID_CHARACTERS_MAX) return null;
    this.#eventIds.delete(id);
    this.#eventIds.add(id);
    if (this.#eventIds.size > EVENT_IDS_MAX)
      this.#eventIds.delete(this.#eventIds.values().next().value ?? '');
    return id;
  }

  async listen(
    lastEventId: string | null,
    signal: CancelSignal,
    actor?: Identity,
  ): Promise<ServerStream | null> {
    if (lastEventId !== null && !this.#eventIds.has(lastEventId))
      throw new LegError('refused', 'no event of that id has come in this session', 400);
    const fields: Field[] = [
      ['accept', 'text/event-stream'],
      ...this.#sessionFields(this.#revision),
      ...(lastEventId === null ? [] : ([['last-event-id', lastEventId]] as const)),
    ];
    const answer = await this.#request('GET', fields, null, signal, actor);
    if (answer.status === 405) {
      answer.body.discard();
      return null;
    }
    if (answer.status !== 200) throw await this.#refusal(answer);
    if (kindOf(answer) === 'sse') return this.#events(answer);
    answer.body.destroy();
    return null;
  }

  async end(): Promise<void> {
    if (this.#sessionId === null) return;
    const fields = this.#sessionFields(this.#revision);
    this.#sessionId = null;
    // A server that keeps its sessions, or is gone, changes nothing here.
    await this.#request('DELETE', fields, null, AbortSignal.timeout(FAREWELL_MS)).then(
      ({ body }) => body.destroy(),
      () => {},
    );
  }
}

function isMismatch(error: unknown): boolean {
  if (!(error instanceof LegError) || error.body === null) return false;
  const document = scanJson(error.body, 0, error.body.length, PLAIN_JSON);
  if (isRefused(document)) return false;
  const code = document.at('/error/code');
  return code >= 0 && document.written(code) === String(RPC_ERRORS.headerMismatch);
}

const NOTHING: ServerStream = { shape: 'none', events: none(), close() {} };

async function* none(): AsyncGenerator<ServerEvent> {}

function kindOf({ fields }: UpstreamAnswer) {
  return bodyKindOf(firstValue(fields, 'content-type'));
}

function sessionIn({ fields }: UpstreamAnswer): string | null {
  const id = firstValue(fields, 'mcp-session-id');
  if (id === null || SESSION_ID.test(id)) return id;
  throw new LegError('not-mcp', 'the server gives a session an id that is none');
}

const SLOW: ReadonlySet<string> = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

export function legErrorOf(error: unknown, signal: CancelSignal): Error {
  if (error instanceof LegError) return error;
  if (error instanceof UpstreamLoginError)
    return new LegError('no-access', 'Sluice has nothing to log in with at the server');
  if (signal.aborted) return new LegError('ended', 'nobody waits for the answer any more');
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return SLOW.has(code)
    ? new LegError('timed-out', 'the server does not answer in time')
    : new LegError('unreachable', 'the server cannot be reached, or the connection to it was lost');
}
