/**
 * What the SDK's server leaves to others: the tasks extension of 2026-07-28 (SEP-2663), and parameters in headers
 * (SEP-2243), which are compared with the body. Everything else is for the SDK.
 */
import { randomUUID } from 'node:crypto';
import { isObject, type JsonObject, parseJson } from '../../src/core/json.ts';
import { MISSING_TASKS, type Plan, TASK_TOOLS, TASKS_EXTENSION } from './mcp-everything-task-tools.ts';

const TTL_MS = 60_000;
const HEADER_MISMATCH = -32020;

interface Task {
  readonly id: string;
  readonly plan: Plan;
  readonly createdAt: string;
  status: 'working' | 'input_required' | 'completed' | 'failed' | 'cancelled';
  readonly open: Map<string, unknown>;
  readonly answers: Record<string, unknown>;
  outcome: object;
  timer: NodeJS.Timeout | null;
}

interface Call {
  readonly id: unknown;
  readonly method: string;
  readonly params: JsonObject;
  readonly headers: Headers;
}

/** The parameters of `test_headers`, by header. */
const PARAMETERS = { 'mcp-param-region': 'region', 'mcp-param-limit': 'limit' } as const;

export class EverythingTasks {
  readonly #tasks = new Map<string, Task>();

  /** Null: the SDK answers. */
  async answer(request: Request): Promise<Response | null> {
    const call = callIn(await request.clone().text(), request.headers);
    if (call === null) return null;
    const { method, params } = call;
    if (method === 'tasks/get' || method === 'tasks/update' || method === 'tasks/cancel') {
      const problem = headProblem(call, String(params['taskId']));
      if (problem !== null) return problem;
      return knowsTasks(call) ? this.#aboutTask(call) : failed(call, MISSING_TASKS);
    }
    if (method !== 'tools/call') return null;
    const name = String(params['name']);
    const args = isObject(params['arguments']) ? params['arguments'] : {};
    if (name === 'test_headers') return parameterProblem(call, args);
    const answers = isObject(params['inputResponses']) ? params['inputResponses'] : {};
    const plan = knowsTasks(call) ? (TASK_TOOLS[name]?.plan(args, answers) ?? null) : null;
    if (plan === null) return null;
    return headProblem(call, name) ?? succeeded(call, { resultType: 'task', ...told(this.#begin(plan)) });
  }

  #begin(plan: Plan): Task {
    const task: Task = {
      id: randomUUID(),
      plan,
      createdAt: new Date().toISOString(),
      status: Object.keys(plan.asks).length === 0 ? 'working' : 'input_required',
      open: new Map(Object.entries(plan.asks)),
      answers: {},
      outcome: {},
      timer: null,
    };
    this.#tasks.set(task.id, task);
    if (task.status === 'working') task.timer = setTimeout(() => finish(task), plan.afterMs);
    return task;
  }

  #aboutTask(call: Call): Response {
    const task = this.#tasks.get(String(call.params['taskId']));
    if (task === undefined) return failed(call, { code: -32602, message: 'Task not found' });
    if (call.method === 'tasks/get') return succeeded(call, { resultType: 'complete', ...detailed(task) });
    if (call.method === 'tasks/cancel') end(task, 'cancelled', {});
    const responses = isObject(call.params['inputResponses']) ? call.params['inputResponses'] : {};
    for (const [key, answer] of Object.entries(responses))
      if (task.open.delete(key)) task.answers[key] = answer;
    if (task.status === 'input_required' && task.open.size === 0) finish(task);
    return succeeded(call, { resultType: 'complete' });
  }

  close(): void {
    for (const task of this.#tasks.values()) end(task, 'cancelled', {});
  }
}

function finish(task: Task): void {
  const outcome = task.plan.done(task.answers);
  end(task, 'result' in outcome ? 'completed' : 'failed', outcome);
}

function end(task: Task, status: Task['status'], outcome: object): void {
  if (task.status !== 'working' && task.status !== 'input_required') return;
  if (task.timer !== null) clearTimeout(task.timer);
  task.status = status;
  task.outcome = outcome;
}

function told({ id, status, createdAt }: Task): object {
  return {
    taskId: id,
    status,
    createdAt,
    lastUpdatedAt: new Date().toISOString(),
    ttlMs: TTL_MS,
    pollIntervalMs: 50,
  };
}

function detailed(task: Task): object {
  const asks = task.status === 'input_required' ? { inputRequests: Object.fromEntries(task.open) } : {};
  return { ...told(task), ...asks, ...task.outcome };
}

function callIn(body: string, headers: Headers): Call | null {
  const message = parseJson(body);
  if (!isObject(message) || typeof message['method'] !== 'string') return null;
  const params = isObject(message['params']) ? message['params'] : {};
  return { id: message['id'], method: message['method'], params, headers };
}

function knowsTasks({ params }: Call): boolean {
  const meta = isObject(params['_meta']) ? params['_meta'] : {};
  const can = meta['io.modelcontextprotocol/clientCapabilities'];
  const extensions = isObject(can) && isObject(can['extensions']) ? can['extensions'] : {};
  return isObject(extensions[TASKS_EXTENSION]);
}

/** SEP-2663, routing headers: the task's id stands in Mcp-Name. */
function headProblem(call: Call, name: string): Response | null {
  const isSame = call.headers.get('mcp-method') === call.method && call.headers.get('mcp-name') === name;
  return isSame ? null : mismatch(call);
}

function parameterProblem(call: Call, args: JsonObject): Response | null {
  for (const [header, parameter] of Object.entries(PARAMETERS)) {
    const written = call.headers.get(header);
    const value = args[parameter];
    if (value === undefined ? written !== null : written === null || decoded(written) !== String(value))
      return mismatch(call);
  }
  return null;
}

function decoded(written: string): string | null {
  const encoded = /^=\?base64\?(.*)\?=$/.exec(written)?.[1];
  if (encoded === undefined) return written;
  const bytes = Buffer.from(encoded, 'base64');
  return bytes.toString('base64') === encoded ? bytes.toString() : null;
}

const mismatch = (call: Call) =>
  failed(call, { code: HEADER_MISMATCH, message: 'a header differs from the body' }, 400);

const succeeded = ({ id }: Call, result: object) => Response.json({ jsonrpc: '2.0', id, result });

const failed = ({ id }: Call, error: object, status = 200) =>
  Response.json({ jsonrpc: '2.0', id, error }, { status });
