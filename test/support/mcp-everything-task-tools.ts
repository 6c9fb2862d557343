/** Tools that become tasks where the client knows the extension of 2026-07-28 (SEP-2663). */
import { type InputRequests, inputRequired, ProtocolError } from '@modelcontextprotocol/server';
import { asked, type Offer, text } from './mcp-everything-asking.ts';

export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';
export const MISSING_TASKS = {
  code: -32021,
  message: 'Missing required client capability',
  data: { requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } } },
} as const;

type Named = Readonly<Record<string, unknown>>;

/** How a call goes on as a task. */
export interface Plan {
  readonly afterMs: number;
  /** What it asks for on its way, by key. */
  readonly asks: InputRequests;
  /** The result, or an error of the protocol. `answers`: by key. */
  done(answers: Named): { readonly result: object } | { readonly error: object };
}

export interface TaskTool extends Offer {
  /** Null: this call is no task. `answers`: what the call itself brings. */
  plan(args: Named, answers: Named): Plan | null;
}

function required(): never {
  throw new ProtocolError(MISSING_TASKS.code, MISSING_TASKS.message, MISSING_TASKS.data);
}

const after = (afterMs: number, result: object): Plan => ({ afterMs, asks: {}, done: () => ({ result }) });
const confirming = { confirm: { type: 'boolean' as const } };

export const TASK_TOOLS: Readonly<Record<string, TaskTool>> = {
  slow_compute: {
    description: 'Takes its time',
    schema: {
      type: 'object',
      properties: { seconds: { type: 'number' }, label: { type: 'string' } },
      required: ['seconds'],
    },
    run: ({ label }) => text(`computed ${String(label)}`),
    plan: ({ seconds, label }) => after(Number(seconds) * 1000, text(`computed ${String(label)}`)),
  },
  failing_job: {
    description: 'Fails after a while',
    run: required,
    plan: () => after(100, { ...text('the job has failed'), isError: true }),
  },
  protocol_error_job: {
    description: 'Ends with an error of the protocol',
    run: required,
    plan: () => ({
      afterMs: 50,
      asks: {},
      done: () => ({ error: { code: -32603, message: 'the job broke' } }),
    }),
  },
  confirm_delete: {
    description: 'Asks before it deletes',
    schema: { type: 'object', properties: { filename: { type: 'string' } }, required: ['filename'] },
    run: required,
    plan: ({ filename }) => ({
      afterMs: 0,
      asks: { confirm: asked(`Delete ${String(filename)}?`, confirming) },
      done: () => ({ result: text(`deleted ${String(filename)}`) }),
    }),
  },
  multi_input: {
    description: 'Asks for two things at once',
    run: required,
    plan: () => ({
      afterMs: 0,
      asks: { first: asked('The first?', confirming), second: asked('The second?', confirming) },
      done: (answers) => ({ result: text(JSON.stringify(answers)) }),
    }),
  },
  test_tool_with_task: {
    description: 'Asks for a name, and goes on as a task',
    run: () =>
      inputRequired({
        inputRequests: { user_name: asked('What is your name?', { name: { type: 'string' } }) },
      }),
    plan: (_args, { user_name: answer }) =>
      answer === undefined ? null : after(50, text(`Hello, ${JSON.stringify(answer)}`)),
  },
};

export const GREET: Offer = {
  description: 'Greets, at once',
  schema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
  run: ({ name }) => text(`Hello, ${String(name)}!`),
};
