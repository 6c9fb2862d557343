/**
 * MCP servers that take SQL, by what their tools are called and in which argument the SQL stands. Where an operator says
 * that a server's SQL goes to an upstream, it is judged there without a list of its own.
 */

/** `argument` is a JSON pointer from `arguments`; what it leads to is a string, or an array of strings. */
export interface SqlArgument {
  readonly tool: string;
  readonly argument: string;
}

interface KnownServer {
  readonly server: string;
  readonly arguments: readonly SqlArgument[];
}

export const KNOWN_SQL_SERVERS: readonly KnownServer[] = [
  {
    server: '@bytebase/dbhub',
    // With several databases there is a tool of its own for each, execute_sql_NAME.
    arguments: [
      { tool: 'execute_sql', argument: '/sql' },
      { tool: 'execute_sql_*', argument: '/sql' },
    ],
  },
  { server: '@modelcontextprotocol/server-postgres', arguments: [{ tool: 'query', argument: '/sql' }] },
  {
    server: '@benborla29/mcp-server-mysql',
    arguments: [
      { tool: 'mysql_query', argument: '/sql' },
      { tool: 'mysql_query_*', argument: '/sql' },
    ],
  },
  {
    server: 'postgres-mcp',
    arguments: [
      { tool: 'execute_sql', argument: '/sql' },
      { tool: 'explain_query', argument: '/sql' },
    ],
  },
  { server: 'mysql_mcp_server', arguments: [{ tool: 'execute_sql', argument: '/query' }] },
  {
    server: 'supabase',
    arguments: [
      { tool: 'execute_sql', argument: '/query' },
      { tool: 'apply_migration', argument: '/query' },
    ],
  },
  {
    server: 'neon',
    arguments: [
      { tool: 'run_sql', argument: '/sql' },
      { tool: 'run_sql_transaction', argument: '/sqlStatements' },
    ],
  },
  { server: 'mcp-alchemy', arguments: [{ tool: 'execute_query', argument: '/query' }] },
];

const KNOWN_ARGUMENTS = KNOWN_SQL_SERVERS.flatMap(({ arguments: known }) => known);
const POINTERS: readonly string[] = [...new Set(KNOWN_ARGUMENTS.map(({ argument }) => argument))];

/**
 * Where SQL may stand in a call of this tool: wherever any of the known servers takes it from, since another server may
 * have a tool of the same name that takes it from elsewhere.
 */
export function knownSqlArguments(tool: string): readonly string[] {
  return KNOWN_ARGUMENTS.some((known) => isNamed(known.tool, tool)) ? POINTERS : [];
}

function isNamed(pattern: string, tool: string): boolean {
  return pattern.endsWith('*') ? tool.startsWith(pattern.slice(0, -1)) : tool === pattern;
}
