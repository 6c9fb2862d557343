/** The files of the demo: a configuration and a policy, as their reader would write them. */

export const DEMO_POLICY = `# What agents may do in the shop. Change this file while the demo runs: a good change is in force at once,
# a mistake is reported with its line and column, and the policy before stays.
default: allow
rules:
  - name: writes-need-a-where
    when: { unfiltered: true }
    then: deny
    message: say which rows

  - name: no-destruction
    when: { effects: [destroy] }
    then: deny
    message: tables are dropped by migrations, not by agents

  - name: no-bulk-export
    when: { effects: [copy-out, file] }
    then: deny

  - name: bounded-selects
    when: { unbounded: true, groups: [agents] }
    then: deny
    message: add a LIMIT

  - name: price-changes
    when: { effects: [write], tables: [shop.products], groups: [agents] }
    then: { approve: { by: [dba], within: 15m } }     # held until somebody in the console decides

  - name: big-results
    when: { groups: [agents] }
    then: { limit: { rows: 500 } }

masks:
  - columns: [shop.customers.ssn, "*.*.card_number"]
    with: last4

  - columns: [shop.customers.email]
    with: email
    inference: equality                 # WHERE email = '…' is fine, LIKE is not
`;

export interface DemoAddresses {
  readonly protocol: 'postgres' | 'mysql';
  readonly port: number;
  /** Where the console listens, and what somebody there logs in with as dba. */
  readonly consolePort: number;
  readonly password: string;
  /** The database's connection string. */
  readonly upstream: string;
  /** The MCP server that uses the database; null: there is none. */
  readonly mcp: { readonly port: number; readonly program: readonly string[] } | null;
}

/** Lines of the listener that one protocol has and the other does not. */
const OWN_LINES = {
  postgres: '',
  mysql: `    multi_statements: true              # several in one message; each of them is judged\n`,
} as const;

function authLine(mcp: DemoAddresses['mcp']): string {
  if (mcp === null) return '    auth: [trust]                       # loopback only, for the demo\n';
  return '    auth: [session]                     # logins that Sluice makes for the MCP servers it starts\n';
}

/** Between the agent's client and the server: what it is asked for; and what it asks the database for, by `shop`. */
function mcpLines(mcp: DemoAddresses['mcp']): string {
  if (mcp === null) return '';
  return `  - name: tools
    protocol: mcp
    listen: "127.0.0.1:${mcp.port}"
    upstream:                           # started for each session, with a login of its own for the listener shop
      command: ${JSON.stringify(mcp.program)}
      dsn: { listener: shop }
    sql: { listener: shop }             # SQL in arguments is judged as if it had come to shop
    auth: [trust]
`;
}

export function demoConfig({ protocol, port, consolePort, password, upstream, mcp }: DemoAddresses): string {
  return `listeners:
  - name: shop
    protocol: ${protocol}
    listen: "127.0.0.1:${port}"
    upstream: "${upstream}?${protocol === 'postgres' ? 'sslmode=disable' : 'ssl-mode=DISABLED'}"
${OWN_LINES[protocol]}${authLine(mcp)}${mcpLines(mcp)}identity:
  users:
    - { name: agent, groups: [agents] }
    - { name: dba, groups: [dba], password: "${password}" }
policy: policy.yaml
journal: { dir: journal, key: signing.key }
admin:
  listen: "127.0.0.1:${consolePort}"
  roles: { admin: [dba] }
drain: 1s
`;
}
