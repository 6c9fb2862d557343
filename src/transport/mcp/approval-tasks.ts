/**
 * Calls that wait for people as tasks (2025-11-25, tasks): the client has its answer, asks how the task is, and fetches
 * the result when it likes. The call itself is sent once it is approved.
 */
import { randomUUID } from 'node:crypto';
import { errorAnswer } from '../../../protocols/mcp/answers.ts';
import {
  type TaskStatus,
  type ToldTask,
  taskAsked,
  taskBegun,
  taskResult,
  taskTold,
} from '../../../protocols/mcp/approval-answers.ts';
import { type RequestId, RPC_ERRORS } from '../../../protocols/mcp/message.ts';
import type { Denial } from '../../core/decision.ts';
import { awaitApprovals, withdrawApprovals } from '../../engine/awaited-approvals.ts';
import type { RequestSession } from '../../engine/request-session.ts';
import { CANONICAL_JSON, isRefused, type JsonDocument, scanJson } from '../../json/index.ts';
import { HeldBody } from '../http-bodies.ts';
import type { AwaitedApproval, ClientMessage } from './judge.ts';

const NONE = -1;
const TASKS_MAX = 100;
const TTL_MS = 60 * 60_000;
const TTL_MS_MAX = 24 * 60 * 60_000;
const POLL_MS = 2_000;

/** How a call came out that was sent once it was approved; `response`: the whole of it, as the client may see it. */
export type Ran =
  | { readonly ran: 'answered'; readonly response: Buffer }
  /** It waits for people again. */
  | { readonly ran: 'awaits'; readonly approval: AwaitedApproval };

/** Sends a call for somebody who is not there. Never rejects. */
export type RunCall = (params: Buffer, signal: AbortSignal) => Promise<Ran>;

interface Task {
  readonly id: string;
  readonly params: Buffer;
  readonly createdAtMs: number;
  readonly ttlMs: number;
  readonly abort: AbortController;
  readonly held: HeldBody;
  status: TaskStatus;
  message: string;
  updatedAtMs: number;
  approval: AwaitedApproval;
  response: Buffer | null;
  /** Called when it has come to its end. */
  readonly waiting: Set<() => void>;
}

export class ApprovalTasks {
  readonly #session: RequestSession;
  readonly #run: RunCall;
  readonly #denied: (denial: Denial) => Buffer;
  readonly #tasks = new Map<string, Task>();

  /** `denied`: the response to a call that people did not let run. */
  constructor(session: RequestSession, run: RunCall, denied: (denial: Denial) => Buffer) {
    this.#session = session;
    this.#run = run;
    this.#denied = denied;
  }

  /** The answer to a call that asked for a task and has to wait; null: there are too many. */
  begin(
    { document }: ClientMessage,
    { id, params }: { readonly id: RequestId; readonly params: number },
    approval: AwaitedApproval,
  ): Buffer | null {
    if (this.#tasks.size >= TASKS_MAX) return null;
    const asked = taskAsked(document, params);
    const ttlMs = typeof asked === 'number' && asked > 0 ? Math.min(asked, TTL_MS_MAX) : TTL_MS;
    const { domain } = this.#session;
    const task: Task = {
      id: randomUUID(),
      params: Buffer.from(document.bytes(params)),
      createdAtMs: domain.clock(),
      ttlMs,
      abort: new AbortController(),
      held: new HeldBody(domain.memory),
      status: 'working',
      message: approval.message,
      updatedAtMs: domain.clock(),
      approval,
      response: null,
      waiting: new Set(),
    };
    this.#tasks.set(task.id, task);
    const timer = domain.after(ttlMs, () => this.#drop(task));
    task.abort.signal.addEventListener('abort', () => timer.cancel(), { once: true });
    this.#carry(task).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      domain.log('error', 'a task failed', { listener: domain.name, error: why });
      this.#end(task, 'failed', 'the call failed in Sluice', null);
    });
    return taskBegun(id, told(task));
  }

  /** The answer to a message about one of these tasks; null: it is about none of them. */
  answer({ document, reading }: ClientMessage): Promise<Buffer> | null {
    if (reading.reading !== 'request') return null;
    const { method, message } = reading;
    if (method !== 'tasks/get' && method !== 'tasks/result' && method !== 'tasks/cancel') return null;
    const named = document.text(document.member(message.params, 'taskId'));
    const task = named === null ? undefined : this.#tasks.get(named);
    if (task === undefined) return null;
    if (method === 'tasks/get') return Promise.resolve(taskTold(message.id, told(task)));
    if (method === 'tasks/cancel') return Promise.resolve(this.#cancel(task, message.id));
    return this.#over(task).then(() => this.#resultOf(task, message.id));
  }

  #resultOf(task: Task, id: RequestId): Buffer {
    const { response } = task;
    const document =
      response === null
        ? null
        : scanJson(response, 0, response.length, { ...CANONICAL_JSON, bytesMax: response.length });
    if (document === null || isRefused(document))
      return errorAnswer(id, RPC_ERRORS.invalidParams, `the task has no result: ${task.message}`, null);
    return taskResult(id, document, task.id);
  }

  #cancel(task: Task, id: RequestId): Buffer {
    if (task.status !== 'working')
      return errorAnswer(id, RPC_ERRORS.invalidParams, `the task is ${task.status} already`, null);
    this.#end(task, 'cancelled', 'the client has cancelled it', null);
    task.abort.abort();
    return taskTold(id, told(task));
  }

  #over(task: Task): Promise<void> {
    if (task.status !== 'working') return Promise.resolve();
    return new Promise((resolve) => task.waiting.add(resolve));
  }

  async #carry(task: Task): Promise<void> {
    const { approvals } = this.#session.domain;
    const { signal } = task.abort;
    // Whoever waits for one has asked for it.
    if (approvals === null) return;
    while (task.status === 'working') {
      const { ids } = task.approval;
      const answer = await awaitApprovals(approvals, ids, signal);
      if (answer.awaited === 'open') {
        await withdrawApprovals(approvals, ids, this.#session.actor.principal.name).catch(() => {});
        return;
      }
      if (answer.awaited === 'refused') {
        this.#end(task, 'failed', answer.denial.message, this.#denied(answer.denial));
        return;
      }
      task.message = 'approved; the call is being carried out';
      task.updatedAtMs = this.#session.domain.clock();
      const ran = await this.#run(task.params, signal);
      if (ran.ran === 'awaits') {
        task.approval = ran.approval;
        task.message = ran.approval.message;
      } else this.#ran(task, ran.response);
    }
  }

  #ran(task: Task, response: Buffer): void {
    const document = scanJson(response, 0, response.length, { ...CANONICAL_JSON, bytesMax: response.length });
    const isError = isRefused(document) || document.at('/error') !== NONE || saysError(document);
    this.#end(
      task,
      isError ? 'failed' : 'completed',
      isError ? 'the call failed' : 'the call was carried out',
      response,
    );
  }

  #end(task: Task, status: TaskStatus, message: string, response: Buffer | null): void {
    if (task.status !== 'working') return;
    try {
      if (response !== null) task.held.take(response.length);
      task.response = response;
      task.status = status;
      task.message = message;
    } catch {
      task.status = 'failed';
      task.message = 'the result could not be kept: Sluice holds as much as it may';
    }
    task.updatedAtMs = this.#session.domain.clock();
    for (const wake of task.waiting) wake();
    task.waiting.clear();
  }

  #drop(task: Task): void {
    this.#end(task, 'cancelled', 'its time has passed', null);
    this.#tasks.delete(task.id);
    task.held.release();
    task.abort.abort();
  }

  close(): void {
    for (const task of [...this.#tasks.values()]) this.#drop(task);
  }
}

function saysError(document: JsonDocument): boolean {
  const node = document.at('/result/isError');
  return node !== NONE && document.written(node) === 'true';
}

function told({ id, status, message, createdAtMs, updatedAtMs, ttlMs }: Task): ToldTask {
  return { id, status, message, createdAtMs, updatedAtMs, ttlMs, pollMs: POLL_MS };
}
