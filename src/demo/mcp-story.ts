/** Plays the scenes of MCP: a client, Sluice, an MCP server, Sluice again, the database. */
import { approveNext } from './dba.ts';
import type { McpAgent, ToolAnswer } from './mcp-agent.ts';
import { MCP_SCENES, type ToolStep } from './mcp-scenes.ts';
import type { Stage } from './stage.ts';
import type { Terminal } from './terminal.ts';

const TOOL = 'execute_sql';
const ROWS_SHOWN = 5;
/** A call that is told to come again once people have decided is sent so often at the most. */
const ATTEMPTS = 3;

/** Gives everything that came otherwise than it should have. `first`: the number of its first heading. */
export async function tellToolStory(
  stage: Stage,
  agent: McpAgent,
  {
    terminal,
    signal,
    first,
  }: { readonly terminal: Terminal; readonly signal: AbortSignal; readonly first: number },
): Promise<readonly string[]> {
  const surprises: string[] = [];
  const tools = await agent.tools();
  terminal.line();
  terminal.say(`The agent's MCP client finds the tools ${tools.join(', ')}.`);
  if (!tools.includes(TOOL)) surprises.push(`the MCP server has no tool ${TOOL}: ${tools.join(', ')}`);
  for (const [n, scene] of MCP_SCENES.entries()) {
    terminal.heading(first + n, scene.title);
    for (const [at, step] of scene.steps.entries()) {
      signal.throwIfAborted();
      if (at > 0) terminal.line();
      terminal.say(step.say);
      terminal.toolCall(TOOL, step.sql);
      const answer = await played(step, { stage, agent, terminal, signal });
      terminal.toolAnswer(answer, ROWS_SHOWN);
      const surprise = surpriseIn(step, answer);
      if (surprise !== null) surprises.push(surprise);
    }
  }
  return surprises;
}

interface Playing {
  readonly stage: Stage;
  readonly agent: McpAgent;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

async function played(step: ToolStep, { stage, agent, terminal, signal }: Playing): Promise<ToolAnswer> {
  if (typeof step.expect === 'string' || !('approved' in step.expect))
    return agent.call(TOOL, { sql: step.sql });
  const decided = approveNext(stage.console, 'the spring sale', signal);
  // Awaited below; what is wrong with it is told there, and nowhere else.
  decided.catch(() => {});
  let answer = await agent.call(TOOL, { sql: step.sql });
  const { id, by } = await decided;
  terminal.good(`${by} looks at request ${id} in the console and approves it: "the spring sale"`);
  for (let n = 1; answer.isError && answer.text.includes(id) && n < ATTEMPTS; n++) {
    terminal.aside('  the agent was told to send it again, and does');
    answer = await agent.call(TOOL, { sql: step.sql });
  }
  return answer;
}

function surpriseIn({ sql, expect, without }: ToolStep, { isError, text }: ToolAnswer): string | null {
  if (without?.test(text) === true) return `a masked value came out: ${sql}`;
  if (typeof expect === 'string' || 'approved' in expect)
    return isError ? `did not pass: ${sql} (${text})` : null;
  if (!isError) return `passed, but rule "${expect.denied}" is against it: ${sql}`;
  return text.includes(`"${expect.denied}"`) ? null : `not by rule "${expect.denied}": ${sql} (${text})`;
}
