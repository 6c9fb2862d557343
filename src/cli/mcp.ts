import { resolve } from 'node:path';
import { mcpServerOf } from '../admin/mcp/server.ts';
import type { InsightPorts } from '../admin/mcp/tool.ts';
import { Refusal } from '../admin/refusal.ts';
import { viewOf } from '../approvals/index.ts';
import type { LoadedConfig } from '../config/load.ts';
import { ProblemsError } from '../core/problem.ts';
import type { Policy } from '../policy/policy.ts';
import { IndexThread } from '../recordings/index-thread.ts';
import type { StateStore } from '../state/store.ts';
import { alertsOf } from './admin.ts';
import { AdminPolicy } from './admin-policy.ts';
import { AdminRecordings } from './admin-recordings.ts';
import { parseArguments } from './arguments.ts';
import { type Command, EXIT, type Io, UsageError } from './command.ts';
import { errorText } from './error-text.ts';
import { ReadGrounds } from './grounds.ts';
import { ownVersion } from './own-version.ts';
import { readPolicy, worldOf } from './policy-files.ts';
import { policyFileOf } from './premises.ts';
import { loadForStore, withStore } from './store-command.ts';

const HELP = `Usage: sluice mcp [--config FILE]

Serves an MCP client over standard input and output, for administrators: tools that explain what the policy says of
a statement, try another policy on recorded traffic, and show requests for approval, sessions and statements of the
journal, alerts and budgets. All of them only read: none approves anything, gives or takes access or changes the
policy. It works beside a running Sluice or without one, from the configuration's files, its state store and the
catalogs of its servers, and whoever may start it may read those. A running Sluice serves the same at /mcp of its
admin listener, with a login.

Options:
  --config FILE   the configuration (default: sluice.yaml)

Example, as an MCP client's configuration:
  { "mcpServers": { "sluice": { "command": "sluice", "args": ["mcp", "--config", "/etc/sluice/sluice.yaml"] } } }

Exit codes: 0 the client has closed, 2 not served.
`;

/** A file of SQLite's own: the running Sluice writes to the index beside the journal. */
const PRIVATE_INDEX = '';

export const mcp: Command = {
  name: 'mcp',
  summary: 'an MCP server for administrators: policy, approvals, journal',
  help: HELP,
  async run(args: readonly string[], io: Io) {
    const parsed = parseArguments(args, { texts: ['config'] });
    if (parsed.positionals.length > 0)
      throw new UsageError(`mcp takes no argument "${parsed.positionals[0]}"`);
    const loaded = loadForStore(parsed.text('config'), io);
    return await withStore('mcp', loaded, io, async (store) => serve(loaded, store, io));
  },
};

async function serve(loaded: LoadedConfig, store: StateStore, io: Io): Promise<number> {
  const said = (message: string) => io.error(`sluice mcp: ${message}\n`);
  const index = new IndexThread(
    resolve(loaded.directory, loaded.config.journal.dir),
    (error) => said(`the index of the journal failed: ${error.message}`),
    PRIVATE_INDEX,
  );
  const desk = {
    ports: portsOf(loaded, store, index, io.environment),
    // The journal has one writer, the running Sluice; who starts this command may read its files as it is.
    record: () => true,
    failed: (tool: string, error: unknown) => said(`${tool}: ${errorText(error)}`),
  };
  const { McpServer } = await import('@modelcontextprotocol/server');
  const { serveStdio, StdioServerTransport } = await import('@modelcontextprotocol/server/stdio');
  const version = ownVersion();
  const ended = new Promise<void>((settle) => {
    process.stdin.once('end', settle).once('close', settle);
    process.once('SIGTERM', settle).once('SIGINT', settle);
  });
  const serving = serveStdio(() => mcpServerOf(McpServer, desk, version), {
    transport: new StdioServerTransport(),
    onerror: (error) => said(error.message),
  });
  await ended;
  await serving.close();
  await index.close();
  return EXIT.ok;
}

function portsOf(
  loaded: LoadedConfig,
  state: StateStore,
  index: IndexThread,
  environment: Io['environment'],
): InsightPorts {
  const { config } = loaded;
  const policy = () => policyOf(loaded);
  return {
    policy: new AdminPolicy({ config, policy, grounds: new ReadGrounds(loaded, environment), index }),
    recordings: new AdminRecordings(index),
    approvals: {
      async list({ state: wanted, limit }) {
        await state.approvals.expire();
        const found = await state.approvals.list({ ...(wanted === null ? {} : { state: wanted }), limit });
        return found.map(viewOf);
      },
      async get(id) {
        await state.approvals.expire();
        const found = await state.approvals.get(id);
        return found === null ? null : viewOf(found);
      },
    },
    alerts: alertsOf({
      state,
      policy: {
        get current() {
          return policy();
        },
      },
    }),
  };
}

/** Read anew each time: it is what the running Sluice reads as well. */
function policyOf(loaded: LoadedConfig): Policy {
  try {
    return readPolicy(policyFileOf(loaded), worldOf(loaded.config, []));
  } catch (error) {
    if (error instanceof ProblemsError)
      throw new Refusal(503, `The policy cannot be used:\n${error.message}`);
    throw error;
  }
}
