/** Messages and streams as the bridge makes and reads them. */
import { errorAnswer } from '../../../protocols/mcp/answers.ts';
import { isFault, type Message, type RequestId, readMessage } from '../../../protocols/mcp/message.ts';
import { METHODS, type Method } from '../../../protocols/mcp/methods.ts';
import type { Revision } from '../../../protocols/mcp/revisions.ts';
import { subjectOf } from '../../../protocols/mcp/subject.ts';
import { CANONICAL_JSON, isRefused, type JsonDocument, scanJson } from '../../json/index.ts';
import { LegError, type MessageToServer, type ServerEvent, type ServerStream } from './legs.ts';

export interface ReadMessage {
  readonly document: JsonDocument;
  readonly message: Message;
}

/** Throws LegError where it is no message that two parsers would read alike. */
export function readBytes(bytes: Buffer): ReadMessage {
  const document = scanJson(bytes, 0, bytes.length, CANONICAL_JSON);
  if (isRefused(document))
    throw new LegError('not-mcp', `a message of the server cannot be read: ${document.message}`);
  const message = readMessage(document, document.root);
  if (isFault(message)) throw new LegError('not-mcp', message.fault);
  return { document, message };
}

export function isMethod(name: string): name is Method {
  return Object.hasOwn(METHODS, name);
}

/** A request that has been rewritten, or that the bridge sends by itself. */
export function requestOf(bytes: Buffer, revision: Revision, signal: AbortSignal): MessageToServer {
  const { document, message } = readBytes(bytes);
  if (message.kind !== 'request' || !isMethod(message.method))
    throw new LegError('not-mcp', 'a request came out as none');
  const { method, id, params } = message;
  const subject = subjectOf(document, params, METHODS[method].subject);
  return {
    kind: 'request',
    bytes,
    revision,
    method,
    id,
    subject: subject === 'missing' ? null : subject,
    signal,
  };
}

export function notificationOf(
  bytes: Buffer,
  method: Method,
  revision: Revision,
  signal: AbortSignal,
): MessageToServer {
  return { kind: 'notification', bytes, revision, method, id: null, subject: null, signal };
}

export function answerOf(
  bytes: Buffer,
  id: RequestId,
  revision: Revision,
  signal: AbortSignal,
): MessageToServer {
  return { kind: 'answer', bytes, revision, method: null, id, subject: null, signal };
}

/** As JSON, without what only one era has. */
export function plainRequest(id: number, method: Method, params: Buffer): Buffer {
  return Buffer.from(
    `{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)},"params":${params.toString('utf8')}}`,
  );
}

export function eventOf(message: Buffer): ServerEvent {
  return { message, id: null, retryMs: null };
}

async function* eventsOf(messages: readonly Buffer[]): AsyncGenerator<ServerEvent> {
  for (const message of messages) yield eventOf(message);
}

export function oneMessage(message: Buffer): ServerStream {
  return { shape: 'one', events: eventsOf([message]), close() {} };
}

export const NOTHING: ServerStream = { shape: 'none', events: eventsOf([]), close() {} };

/** The error of a server, told of another request; `data` stays. */
export function errorUnder(id: RequestId, document: JsonDocument, error: number): Buffer {
  const data = document.member(error, 'data');
  return errorAnswer(
    id,
    errorCode(document, error),
    document.text(document.member(error, 'message')) ?? '',
    data === -1 ? null : Buffer.from(document.bytes(data)),
  );
}

export function errorCode(document: JsonDocument, error: number): number {
  const code = document.member(error, 'code');
  return code === -1 ? 0 : Number(document.written(code));
}

/** What a server sends with an HTTP status that is no success is an answer all the same, where it is JSON-RPC. */
export async function answeredBy(sending: Promise<ServerStream>): Promise<ServerStream> {
  try {
    return await sending;
  } catch (error) {
    const isAnswer = error instanceof LegError && error.fault !== 'session-gone';
    if (isAnswer && error.body !== null && isErrorMessage(error.body)) return oneMessage(error.body);
    throw error;
  }
}

function isErrorMessage(body: Buffer): boolean {
  try {
    return readBytes(body).message.kind === 'error';
  } catch {
    return false;
  }
}

/** The answer to a request that the bridge sends by itself; whatever comes before it is let go. */
export async function answerIn(stream: ServerStream): Promise<ReadMessage> {
  try {
    for await (const { message } of stream.events) {
      if (message === null) continue;
      const read = readBytes(message);
      if (read.message.kind === 'result' || read.message.kind === 'error') return read;
    }
  } finally {
    stream.close();
  }
  throw new LegError('not-mcp', 'the stream ended before the answer');
}
