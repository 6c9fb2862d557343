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
}

/** Lines of the listener that one protocol has and the other does not. */
const OWN_LINES = {
  postgres: '',
  mysql: `    multi_statements: true              # several in one message; each of them is judged\n`,
} as const;

export function demoConfig({ protocol, port, consolePort, password, upstream }: DemoAddresses): string {
  return `listeners:
  - name: shop
    protocol: ${protocol}
    listen: "127.0.0.1:${port}"
    upstream: "${upstream}?${protocol === 'postgres' ? 'sslmode=disable' : 'ssl-mode=DISABLED'}"
${OWN_LINES[protocol]}    auth: [trust]                       # loopback only, for the demo
identity:
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
