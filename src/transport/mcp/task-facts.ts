/** Requests about tasks, in the words of the calls that began them. */
import type { Method } from '../../../protocols/mcp/methods.ts';
import type { Denial } from '../../core/decision.ts';
import type { CallFacts } from '../../core/requests.ts';
import type { RequestSession } from '../../engine/request-session.ts';
import type { JsonDocument } from '../../json/index.ts';
import type { JudgeGround } from './judge-ground.ts';
import { builtinDenial } from './refusals.ts';
import type { TaskOwners } from './task-owners.ts';

/** Methods that are about one task, which has to be one of the principal's own. */
const ABOUT_TASK: ReadonlySet<Method> = new Set<Method>([
  'tasks/get',
  'tasks/result',
  'tasks/cancel',
  'tasks/update',
]);

/** `own`: what the request says by itself. */
export function taskFacts(
  tasks: TaskOwners,
  session: RequestSession,
  document: JsonDocument,
  params: number,
  own: CallFacts,
): CallFacts {
  const task = own.method.startsWith('tasks/') ? document.text(document.member(params, 'taskId')) : null;
  const call = task === null ? null : tasks.callOf(session.context.principal.name, task);
  if (call === null) return own;
  return { ...own, tool: call.tool, resource: call.resource, prompt: call.prompt };
}

/** Whether the `taskId` of an object is that of a task which the principal began. */
export function isOwnTask(
  { tasks }: JudgeGround,
  { context }: RequestSession,
  document: JsonDocument,
  holder: number,
): boolean {
  const task = document.text(document.member(holder, 'taskId'));
  return task !== null && tasks.callOf(context.principal.name, task) !== null;
}

/** Null: nothing is against it. */
export function taskDenial(method: Method, facts: CallFacts, own: CallFacts): Denial | null {
  if (!ABOUT_TASK.has(method) || facts !== own) return null;
  return builtinDenial('sluice/tasks', 'no task of that id began here', null);
}
