/** Plays the scenes and the audit, and holds what happens against what the demo promises. */
import type { JournalProblem } from '../journal/verify.ts';
import type { Answer } from './agent.ts';
import { countVerdicts, cutTail, tamper, verify } from './audit.ts';
import { McpAgent } from './mcp-agent.ts';
import { MCP_SCENES } from './mcp-scenes.ts';
import { tellToolStory } from './mcp-story.ts';
import type { Step } from './scenes.ts';
import type { Stage } from './stage.ts';
import type { Terminal } from './terminal.ts';

const ROWS_SHOWN = 5;
const ROWS_SHOWN_OF_CUT = 3;

/** Tells the story; gives everything that came otherwise than it should have. */
export async function tellStory(
  stage: Stage,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (stage.mcpUrl !== null) return tellOfTools(stage, stage.mcpUrl, terminal, signal);
  const surprises: string[] = [];
  const { scenes, placeholder } = stage.stand;
  const agent = await stage.stand.connect(stage.url);
  try {
    for (const [n, scene] of scenes.entries()) {
      terminal.heading(n + 1, scene.title);
      for (const [at, step] of scene.steps.entries()) {
        signal.throwIfAborted();
        if (step.say !== '' && at > 0) terminal.line();
        if (step.say !== '') terminal.say(step.say);
        terminal.statement(step.sql, step.values, placeholder);
        const answer = await agent.ask(step.sql, step.values);
        showAnswer(terminal, answer);
        const surprise = surpriseIn(step, answer);
        if (surprise !== null) surprises.push(surprise);
      }
    }
  } finally {
    await agent.end();
  }
  await showDatabase(scenes.length + 1, stage, terminal, surprises);
  showJournal(scenes.length + 2, stage, terminal, surprises);
  return surprises;
}

async function tellOfTools(
  stage: Stage,
  url: string,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const agent = await McpAgent.connect(url, 'agent');
  try {
    const surprises = [...(await tellToolStory(stage, agent, { terminal, signal, first: 1 }))];
    await showDatabase(MCP_SCENES.length + 1, stage, terminal, surprises);
    showJournal(MCP_SCENES.length + 2, stage, terminal, surprises);
    return surprises;
  } finally {
    await agent.end();
  }
}

function showAnswer(terminal: Terminal, answer: Answer): void {
  const { rows, touched, error } = answer;
  if (error !== null) {
    if (rows.length > 0) {
      terminal.rows(answer, ROWS_SHOWN_OF_CUT);
      terminal.aside(`  … ${rows.length} rows arrived, then:`);
    }
    terminal.error(error);
    return;
  }
  if (rows.length > 0) terminal.rows(answer, ROWS_SHOWN);
  const count = rows.length > 0 ? rows.length : touched;
  terminal.good(count === null ? 'passed' : `passed · ${count} ${count === 1 ? 'row' : 'rows'}`);
}

/** What a reader would wonder about; null when the answer is the one that the step is for. */
function surpriseIn({ sql, expect, without }: Step, { rows, error }: Answer): string | null {
  if (without?.test(JSON.stringify(rows)) === true) return `a masked value came out: ${sql}`;
  if (expect === 'passes') return error === null ? null : `did not pass: ${sql} (${error.message})`;
  const rule = 'denied' in expect ? expect.denied : expect.cut;
  if (error === null) return `passed, but rule "${rule}" is against it: ${sql}`;
  if (!error.message.includes(`"${rule}"`)) return `not by rule "${rule}": ${sql} (${error.message})`;
  const shouldHaveRows = 'cut' in expect;
  return rows.length > 0 === shouldHaveRows ? null : `${rows.length} rows arrived: ${sql}`;
}

const SIZES = {
  customers: 3000,
  orders: 8000,
} as const;

/** Past Sluice: none of the denied statements left a trace. */
async function showDatabase(n: number, stage: Stage, terminal: Terminal, surprises: string[]): Promise<void> {
  terminal.heading(n, 'The database itself, asked directly, has lost nothing');
  const direct = await stage.stand.connect(stage.stand.directUrl);
  try {
    const { rows } = await direct.ask(
      `SELECT (SELECT count(*) FROM shop.customers) AS customers, (SELECT count(*) FROM shop.orders) AS orders,
              (SELECT count(*) FROM shop.products WHERE price = 0) AS free`,
    );
    const [customers, orders, free] = ['customers', 'orders', 'free'].map((name) => Number(rows[0]?.[name]));
    const whole = customers === SIZES.customers && orders === SIZES.orders && free === 0;
    const text = `${customers} customers, ${orders} orders, ${free} products at price 0`;
    if (whole) terminal.good(text);
    else {
      terminal.bad(text);
      surprises.push(`the database was changed: ${text}`);
    }
  } finally {
    await direct.end();
  }
}

function showJournal(n: number, stage: Stage, terminal: Terminal, surprises: string[]): void {
  terminal.heading(n, 'All of it is in the journal, written before it happened, and tampering shows');
  const { journalDirectory } = stage;
  const verdicts = countVerdicts(journalDirectory);
  const report = verify(journalDirectory);
  if (report.problems.length === 0) {
    const [allowed, denied] = ['allow', 'deny'].map((verdict) => verdicts.get(verdict) ?? 0);
    terminal.good(
      `${report.records} records hold together: ${allowed} statements passed, ${denied} were denied`,
    );
  } else {
    for (const { where, what } of report.problems) terminal.bad(`${where}: ${what}`);
    surprises.push('the journal does not verify');
  }
  terminal.line();
  terminal.say('Somebody changes a copy of it, so that the first denial reads "allow":');
  showFound(tamper(journalDirectory), 'a changed journal verified', terminal, surprises);
  terminal.line();
  terminal.say('Somebody cuts off its end, from the first denial on; a checkpoint kept elsewhere tells:');
  showFound(cutTail(journalDirectory, stage.keyFile), 'a cut journal verified', terminal, surprises);
}

function showFound(
  problems: readonly JournalProblem[],
  surprise: string,
  terminal: Terminal,
  surprises: string[],
): void {
  for (const { where, what } of problems) terminal.bad(`${where}: ${what}`);
  if (problems.length === 0) surprises.push(surprise);
}
