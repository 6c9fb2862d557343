/** The administrators' MCP server over standard input and output: what it shows is read from files, store and servers. */
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
import { EXIT, type Io } from './command.ts';
import { errorText } from './error-text.ts';
import { ReadGrounds } from './grounds.ts';
import { ownVersion } from './own-version.ts';
import { readPolicy, worldOf } from './policy-files.ts';
import { policyFileOf } from './premises.ts';

/** A file of SQLite's own: the running Sluice writes to the index beside the journal. */
const PRIVATE_INDEX = '';

/** Until the client closes; gives the exit code. */
export async function serveMcp(loaded: LoadedConfig, store: StateStore, io: Io): Promise<number> {
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
    policy: new AdminPolicy({
      config,
      policy,
      grounds: new ReadGrounds(loaded, environment),
      index,
      pins: state.pins,
    }),
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
