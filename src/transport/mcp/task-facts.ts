/** Requests about tasks, in the words of the calls that began them. */
import { errorAnswer } from '../../../protocols/mcp/answers.ts';
import { META_CAPABILITIES } from '../../../protocols/mcp/conversation.ts';
import { type RequestId, RPC_ERRORS } from '../../../protocols/mcp/message.ts';
import type { Method } from '../../../protocols/mcp/methods.ts';
import { type Revision, traitsOf } from '../../../protocols/mcp/revisions.ts';
import type { Denial } from '../../core/decision.ts';
import { identityKey } from '../../core/principal.ts';
import type { CallFacts } from '../../core/requests.ts';
import type { RequestSession } from '../../engine/request-session.ts';
import type { TaskOwners } from '../../engine/task-owners.ts';
import type { JsonDocument } from '../../json/index.ts';
import type { JudgeGround } from './judge-ground.ts';
import { builtinDenial } from './refusals.ts';

const NONE = -1;
const EXTENSION = 'io.modelcontextprotocol/tasks';
const MISSING = Buffer.from(JSON.stringify({ requiredCapabilities: { extensions: { [EXTENSION]: {} } } }));

/** Methods that are about one task, which has to be one of the principal's own. */
const ABOUT_TASK: ReadonlySet<Method> = new Set<Method>([
  'tasks/get',
  'tasks/result',
  'tasks/cancel',
  'tasks/update',
]);

/** Tasks that a message is about are at hand for whatever is asked below: another instance may have begun them. */
export async function recallTasks(
  { tasks }: JudgeGround,
  { actor }: RequestSession,
  document: JsonDocument,
  nodes: Iterable<number>,
): Promise<void> {
  const ids: string[] = [];
  for (const node of nodes) {
    const task = document.text(node);
    if (task !== null) ids.push(task);
  }
  if (ids.length > 0) await tasks.recall(identityKey(actor), ids);
}

/** The ids of tasks in what a client asks: of one request, or of what it wants to be told of. */
export function taskNodes(document: JsonDocument, method: Method, params: number): readonly number[] {
  if (method.startsWith('tasks/')) return [document.member(params, 'taskId')];
  if (method !== 'subscriptions/listen') return [];
  const wanted = document.member(document.member(params, 'notifications'), 'taskIds');
  return wanted !== NONE && document.isArray(wanted) ? [...document.children(wanted)] : [];
}

/** `own`: what the request says by itself. */
export function taskFacts(
  tasks: TaskOwners,
  session: RequestSession,
  document: JsonDocument,
  params: number,
  own: CallFacts,
): CallFacts {
  const task = own.method.startsWith('tasks/') ? document.text(document.member(params, 'taskId')) : null;
  const call = task === null ? null : tasks.callOf(identityKey(session.actor), task);
  if (call === null) return own;
  return { ...call, method: own.method };
}

/** Whether the `taskId` of an object is that of a task which the principal began. */
export function isOwnTask(
  { tasks }: JudgeGround,
  { actor }: RequestSession,
  document: JsonDocument,
  holder: number,
): boolean {
  const task = document.text(document.member(holder, 'taskId'));
  return task !== null && tasks.callOf(identityKey(actor), task) !== null;
}

export interface TaskRefusal {
  readonly denial: Denial;
  /** As a server says it: whether a task is unknown or somebody else's, nobody learns. */
  readonly answer: Buffer;
}

/** Null: nothing is against it. */
export function taskRefusal(
  document: JsonDocument,
  { id, params }: { readonly id: RequestId; readonly params: number },
  { method, revision }: { readonly method: Method; readonly revision: Revision },
  isKnown: boolean,
): TaskRefusal | null {
  if (!ABOUT_TASK.has(method)) return null;
  if (traitsOf(revision).era === 'modern' && !knowsTasks(document, params)) return missingTasks(id);
  return isKnown ? null : unknownTask(id);
}

function unknownTask(id: RequestId): TaskRefusal {
  return {
    denial: builtinDenial('sluice/tasks', 'no task of that id began here', null),
    answer: errorAnswer(id, RPC_ERRORS.invalidParams, 'Task not found', null),
  };
}

/** SEP-2663, protocol errors: whoever has not named the extension in a request is told so. */
function missingTasks(id: RequestId): TaskRefusal {
  return {
    denial: builtinDenial('sluice/tasks', 'the request does not name the extension of tasks', null),
    answer: errorAnswer(id, RPC_ERRORS.missingCapability, 'Missing required client capability', MISSING),
  };
}

/** Of a modern request: whether its client names the extension. */
export function knowsTasks(document: JsonDocument, params: number): boolean {
  const can = document.member(document.member(params, '_meta'), META_CAPABILITIES);
  return document.member(document.member(can, 'extensions'), EXTENSION) !== NONE;
}

/** Tasks whose changes are wanted (SEP-2663, task status notifications): the principal's own, of calls that it may make. */
export function subscriptionRefusal(
  ground: JudgeGround,
  session: RequestSession,
  document: JsonDocument,
  call: { readonly id: RequestId; readonly params: number; readonly revision: Revision },
): TaskRefusal | null {
  const wanted = document.member(document.member(call.params, 'notifications'), 'taskIds');
  if (wanted === NONE) return null;
  if (!knowsTasks(document, call.params)) return missingTasks(call.id);
  if (!document.isArray(wanted)) return unknownTask(call.id);
  for (const node of document.children(wanted))
    if (!mayFollow(ground, session, document.text(node))) return unknownTask(call.id);
  return null;
}

/** Whether a principal may be told how a task is: one of its own, of a call that it may make. */
export function mayFollow({ tasks }: JudgeGround, session: RequestSession, task: string | null): boolean {
  const begun = task === null ? null : tasks.callOf(identityKey(session.actor), task);
  return begun !== null && session.judge({ ...begun, method: 'tasks/get' }).verdict !== 'deny';
}

/**
 * Why a notification about a task goes no further; null: it may. What comes of a call that limits or budgets count is
 * asked for with tasks/get, where they are asked.
 */
export function untold(
  { tasks }: JudgeGround,
  session: RequestSession,
  document: JsonDocument,
  params: number,
): string | null {
  const task = document.text(document.member(params, 'taskId'));
  const begun = task === null ? null : tasks.callOf(identityKey(session.actor), task);
  if (begun === null) return 'the task is none of this principal';
  const { verdict, obligations } = session.judge({ ...begun, method: 'tasks/get' });
  if (verdict === 'deny') return 'a rule denies what the task is about';
  const isCounted = obligations.limits.length > 0 || obligations.budgets.length > 0;
  const isOver = ['result', 'error'].some((name) => document.member(params, name) !== NONE);
  return isCounted && isOver ? 'what comes of the task is counted where it is asked for' : null;
}
