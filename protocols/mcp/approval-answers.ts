/**
 * How a call is answered that waits for people, where its client can do better than to be told to come again: a task
 * (2025-11-25, tasks), or a page to open before the call is sent once more (2026-07-28, multi round-trip requests and
 * elicitation by URL).
 */
import {
  CANONICAL_JSON,
  isRefused,
  type JsonDocument,
  JsonEdits,
  jsonString,
  scanJson,
} from '../../src/json/index.ts';
import { META_CAPABILITIES } from './conversation.ts';
import type { RequestId } from './message.ts';

const NONE = -1;
const RELATED_TASK = 'io.modelcontextprotocol/related-task';
/** By which Sluice knows its own question among those that a client answers. */
const INPUT = 'dev.sluice/approval';

export type TaskStatus = 'working' | 'completed' | 'failed' | 'cancelled';

/** A task as it is told of; times in milliseconds since the epoch. */
export interface ToldTask {
  readonly id: string;
  readonly status: TaskStatus;
  readonly message: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly ttlMs: number;
  readonly pollMs: number;
}

function taskMembers({ id, status, message, createdAtMs, updatedAtMs, ttlMs, pollMs }: ToldTask) {
  return {
    taskId: id,
    status,
    statusMessage: message,
    createdAt: new Date(createdAtMs).toISOString(),
    lastUpdatedAt: new Date(updatedAtMs).toISOString(),
    ttl: ttlMs,
    pollInterval: pollMs,
  };
}

/** The answer to a call that has become a task (CreateTaskResult). */
export function taskBegun(id: RequestId, task: ToldTask): Buffer {
  return resultAnswer(id, {
    task: taskMembers(task),
    // What a host may give its model in the meantime.
    _meta: { 'io.modelcontextprotocol/model-immediate-response': task.message },
  });
}

/** The answer to tasks/get and tasks/cancel. */
export function taskTold(id: RequestId, task: ToldTask): Buffer {
  return resultAnswer(id, taskMembers(task));
}

function resultAnswer(id: RequestId, result: object): Buffer {
  return Buffer.from(`{"jsonrpc":"2.0","id":${id.written},"result":${JSON.stringify(result)}}`);
}

/**
 * The answer to tasks/result: that of the call, under another id, and tied to the task. `document`: the whole response to
 * the call.
 */
export function taskResult(id: RequestId, document: JsonDocument, task: string): Buffer {
  const edits = new JsonEdits(document);
  edits.replace(document.at('/id'), Buffer.from(id.written));
  const result = document.at('/result');
  if (result === NONE) return edits.apply();
  const related = Buffer.from(JSON.stringify({ taskId: task }));
  const meta = document.member(result, '_meta');
  const before = document.member(meta, RELATED_TASK);
  if (before !== NONE) edits.replace(before, related);
  else if (document.isObject(meta)) edits.addMember(meta, RELATED_TASK, related);
  else if (meta === NONE)
    edits.addMember(result, '_meta', Buffer.from(`{${JSON.stringify(RELATED_TASK)}:${related.toString()}}`));
  return edits.apply();
}

/** Whether a server says, in its answer to initialize, that it makes tasks of calls. */
export function offersTasks(answer: Buffer): boolean {
  const document = scanJson(answer, 0, answer.length, { ...CANONICAL_JSON, bytesMax: answer.length });
  return (
    !isRefused(document) && document.isObject(document.at('/result/capabilities/tasks/requests/tools/call'))
  );
}

/** For how long a client wants its task kept, in milliseconds; null: it does not say. `none`: it asks for no task. */
export function taskAsked(document: JsonDocument, params: number): number | null | 'none' {
  const task = document.member(params, 'task');
  if (!document.isObject(task)) return 'none';
  const ttl = document.member(task, 'ttl');
  if (ttl === NONE || document.kind(ttl) !== 'number') return null;
  return Number(document.written(ttl));
}

/**
 * Progress of a request that is held for people; null: its client wants none told. It comes before any of the server's,
 * which has to be more than this.
 */
export function heldProgress(document: JsonDocument, params: number, message: string): Buffer | null {
  const token = document.member(document.member(params, '_meta'), 'progressToken');
  if (token === NONE) return null;
  const text = jsonString(message).toString('utf8');
  return Buffer.from(
    `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":${document.written(token)},"progress":0,"message":${text}}}`,
  );
}

/** Whether the client opens pages for its user (elicitation.url of its capabilities). */
export function opensPages(document: JsonDocument, params: number): boolean {
  const capabilities = document.member(document.member(params, '_meta'), META_CAPABILITIES);
  return document.isObject(document.at('/elicitation/url', capabilities));
}

/** An InputRequiredResult: the client opens `url`, and sends the call again with `state`. */
export function pageAsked(
  id: RequestId,
  page: { readonly url: string; readonly message: string; readonly state: string },
): Buffer {
  const { url, message, state } = page;
  return Buffer.from(
    `{"jsonrpc":"2.0","id":${id.written},"result":{"resultType":"input_required","inputRequests":{${JSON.stringify(INPUT)}:{"method":"elicitation/create","params":{"mode":"url","message":${jsonString(message).toString('utf8')},"url":${JSON.stringify(url)}}}},"requestState":${JSON.stringify(state)}}}`,
  );
}

/** What came of the page: `declined` where the client would not open it. */
export function pageOutcome(document: JsonDocument, params: number): 'opened' | 'declined' {
  const answer = document.member(document.member(params, 'inputResponses'), INPUT);
  const action = document.text(document.member(answer, 'action'));
  return action === 'decline' || action === 'cancel' ? 'declined' : 'opened';
}

/** The call as it was sent at first: without what was added for Sluice. */
export function withoutState(document: JsonDocument, params: number): Buffer {
  const edits = new JsonEdits(document);
  for (const name of ['inputResponses', 'requestState']) {
    const member = document.member(params, name);
    if (member !== NONE) edits.remove(member);
  }
  return edits.apply();
}
