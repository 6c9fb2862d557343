/** What a modern client is told at a legacy server: its answers, in the words of the client's era. */
import { errorAnswer } from '../../../protocols/mcp/answers.ts';
import {
  inputRequiredAnswer,
  type ModernClient,
  modernResult,
  pagesRequired,
  progressUnder,
  takesPages,
} from '../../../protocols/mcp/bridge/modern-to-legacy.ts';
import { severityOf } from '../../../protocols/mcp/bridge/shared.ts';
import { type RequestId, RPC_ERRORS } from '../../../protocols/mcp/message.ts';
import type { Method } from '../../../protocols/mcp/methods.ts';
import type { CancelSignal } from '../cancellation.ts';
import type { CallItem } from './bridge-call.ts';
import { errorCode, errorUnder, oneMessage, type ReadMessage } from './bridge-messages.ts';
import { LegError, type ServerStream } from './legs.ts';

const NONE = -1;
/** 2025-11-25, resources, error handling; the modern era has -32602 for it. */
const RESOURCE_NOT_FOUND = -32002;

/** A request of the client as it is served: the call behind it may be older. */
export interface Served {
  readonly id: RequestId;
  readonly method: Method;
  readonly digest: string;
  readonly client: ModernClient;
  /** As written; null: the client wants no progress. */
  readonly progressToken: string | null;
  readonly signal: CancelSignal;
}

export function invalid(id: RequestId, why: string): Promise<ServerStream> {
  return Promise.resolve(oneMessage(errorAnswer(id, RPC_ERRORS.invalidParams, why, null)));
}

export function refusedSession(id: RequestId, { document, message }: ReadMessage): Buffer {
  return message.kind === 'error'
    ? errorUnder(id, document, message.error)
    : errorAnswer(id, RPC_ERRORS.internal, 'the server has begun no session', null);
}

/** Errors that a modern server does not answer with status 200 (2026-07-28, streamable HTTP). */
const STATUSES: ReadonlyMap<number, number> = new Map<number, number>([
  [RPC_ERRORS.methodNotFound, 404],
  [RPC_ERRORS.headerMismatch, 400],
  [RPC_ERRORS.missingCapability, 400],
  [RPC_ERRORS.unsupportedVersion, 400],
]);

export function noTasks(id: RequestId): LegError {
  const { methodNotFound } = RPC_ERRORS;
  return refused(
    methodNotFound,
    errorAnswer(id, methodNotFound, 'the server has no tasks of this revision', null),
  );
}

function refused(code: number, bytes: Buffer): LegError {
  return new LegError('refused', 'the server refuses the request', STATUSES.get(code) ?? 400, bytes);
}

/** Null: the answer is none that has a status of its own. */
export function refusalOf({ id }: Served, { document, message }: ReadMessage): LegError | null {
  if (message.kind !== 'error') return null;
  const code = errorCode(document, message.error);
  return STATUSES.has(code) ? refused(code, errorUnder(id, document, message.error)) : null;
}

export function severityWanted({ logLevel }: ModernClient): number | null {
  return logLevel === null ? null : severityOf(logLevel);
}

/** Null: the client did not ask for it. */
export function notificationFor(
  { progressToken }: Served,
  { read: { document, message }, method }: Extract<CallItem, { readonly kind: 'notification' }>,
): Buffer | null {
  if (message.kind !== 'notification' || method !== 'notifications/progress') return document.source;
  return progressToken === null ? null : progressUnder(document, message, progressToken);
}

export function answerFor(
  { id, method, client }: Served,
  { document, message }: ReadMessage,
  server: Buffer | null,
): Buffer {
  if (message.kind === 'result')
    return modernResult(document, message.node, message.result, method, server, id.written);
  if (message.kind !== 'error')
    return errorAnswer(id, RPC_ERRORS.internal, 'the server did not answer', null);
  const pages = pagesRequired(document, message.error);
  if (pages.size > 0 && takesPages(client)) return inputRequiredAnswer(id, pages, null);
  if (method !== 'resources/read' || errorCode(document, message.error) !== RESOURCE_NOT_FOUND)
    return errorUnder(id, document, message.error);
  const data = document.member(message.error, 'data');
  const text = document.text(document.member(message.error, 'message')) ?? '';
  return errorAnswer(
    id,
    RPC_ERRORS.invalidParams,
    text,
    data === NONE ? null : Buffer.from(document.bytes(data)),
  );
}
