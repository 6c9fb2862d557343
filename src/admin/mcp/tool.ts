/** What a tool of the administrators' MCP server is: everything that a model reads of it, and what it asks of Sluice. */
import type { McpServer } from '@modelcontextprotocol/server';
import type { z } from 'zod';
import type { AlertsPort, ApprovalsPort, PolicyPort, RecordingsPort } from '../ports.ts';
import { Refusal } from '../refusal.ts';

/** What the tools may ask: nothing that approves, revokes or changes anything is among it. */
export interface InsightPorts {
  readonly policy: PolicyPort;
  readonly recordings: RecordingsPort;
  readonly approvals: Pick<ApprovalsPort, 'list' | 'get'>;
  readonly alerts: Pick<AlertsPort, 'list' | 'budgets' | 'quarantined'>;
}

/** Around each call: who calls, and what is written of it. */
export interface ToolDesk {
  readonly ports: InsightPorts;
  /** False where no record of the call can be written, so that it must not be answered. */
  record(tool: string, given: string): boolean;
  /** What went wrong in a way that is nobody's to read but ours. */
  failed(tool: string, error: unknown): void;
}

export interface Tool {
  readonly name: string;
  register(server: McpServer, desk: ToolDesk): void;
}

interface ToolShape<Input extends z.ZodObject, Output extends z.ZodObject> {
  readonly name: string;
  readonly title: string;
  /** For a model: what it gives, and when it is the right one. */
  readonly description: string;
  readonly input: Input;
  readonly output: Output;
  run(given: z.output<Input>, ports: InsightPorts): Promise<z.input<Output>>;
}

const READ_ONLY = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
} as const;
/** Of what was given, in the record of a call. */
const RECORDED_MAX = 2_000;

export function tool<Input extends z.ZodObject, Output extends z.ZodObject>(
  shape: ToolShape<Input, Output>,
): Tool {
  const { name, title, description, input, output } = shape;
  return {
    name,
    register(server, desk) {
      // Without the types of this one tool: the SDK has checked against the schemas what comes and what goes.
      const inputSchema: z.ZodObject = input;
      const outputSchema: z.ZodObject = output;
      const config = { title, description, inputSchema, outputSchema, annotations: { title, ...READ_ONLY } };
      server.registerTool(name, config, async (given) => answered(shape, given, desk));
    },
  };
}

async function answered<Input extends z.ZodObject, Output extends z.ZodObject>(
  { name, input, output, run }: ToolShape<Input, Output>,
  given: unknown,
  desk: ToolDesk,
) {
  if (!desk.record(name, JSON.stringify(given).slice(0, RECORDED_MAX)))
    return refused('The journal cannot be written, and without a record nothing is answered.');
  try {
    const answer: Record<string, unknown> = output.parse(await run(input.parse(given), desk.ports));
    return {
      content: [{ type: 'text' as const, text: JSON.stringify(answer) }],
      structuredContent: answer,
    };
  } catch (error) {
    if (error instanceof Refusal) return refused(error.message);
    desk.failed(name, error);
    if (error instanceof Error && /^(IndexUnavailable|StoreUnavailable)$/.test(error.name))
      return refused(`${error.message}. Try again in a moment.`);
    return refused('What happened is in the log of Sluice.');
  }
}

function refused(text: string) {
  return { content: [{ type: 'text' as const, text }], isError: true };
}
