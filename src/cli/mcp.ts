import { parseArguments } from './arguments.ts';
import { type Command, type Io, UsageError } from './command.ts';
import { loadForStore, withStore } from './store-command.ts';

const HELP = `Usage: sluice mcp [--config FILE]

Serves an MCP client over standard input and output, for administrators: tools that explain what the policy says of
a statement, a request or a call, try another policy on recorded traffic, and show requests for approval, sessions and statements of the
journal, alerts and budgets. All of them only read: none approves anything, gives or takes access or changes the
policy. It works beside a running Sluice or without one, from the configuration's files, its state store and the
catalogs of its servers, and whoever may start it may read those. A running Sluice serves the same at /mcp of its
admin listener, with a login.

Options:
  --config FILE   the configuration (default: sluice.yaml)

Example:
  sluice mcp --config /etc/sluice/sluice.yaml

As an MCP client's configuration:
  { "mcpServers": { "sluice": { "command": "sluice", "args": ["mcp", "--config", "/etc/sluice/sluice.yaml"] } } }

Exit codes: 0 the client has closed, 2 not served.
`;

export const mcp: Command = {
  name: 'mcp',
  summary: 'an MCP server for administrators: policy, approvals, journal',
  help: HELP,
  async run(args: readonly string[], io: Io) {
    const parsed = parseArguments(args, { texts: ['config'] });
    if (parsed.positionals.length > 0)
      throw new UsageError(`mcp takes no argument "${parsed.positionals[0]}"`);
    const loaded = loadForStore(parsed.text('config'), io);
    return await withStore('mcp', loaded, io, async (store) => {
      // With the libraries of the admin API, which no other command should have to load.
      const { serveMcp } = await import('./mcp-serving.ts');
      return serveMcp(loaded, store, io);
    });
  },
};
