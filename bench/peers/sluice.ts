/** Sluice as a user runs it: a process of its own, `sluice run`, with a configuration and a policy file. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../src/demo/private-server.ts';
import { type Child, startChild } from '../child.ts';
import { MYSQL_COLUMN_MASKS } from '../mysql/database.ts';
import { COLUMN_MASKS, DETECTED_MASKS } from '../scenarios/mask-tables.ts';
import type { BenchServer, PeerStart } from './peer-start.ts';

export type SluiceVariant =
  | 'sluice-open'
  | 'sluice'
  | 'sluice-synced'
  | 'sluice-columns'
  | 'sluice-detectors';

/** Everything passes and the baseline is off; statements are still read and recorded. */
const OPEN_POLICY = `default: allow
baseline:
  dynamic-sql: off
  server-files: off
  replication: off
  session-identity: off
  other-sessions: off
  server-administration: off
  leak-catalogs: off
`;

/** What the rules name, as the server calls it. */
interface Named {
  readonly tellers: string;
  readonly history: string;
  readonly sleep: string;
}

/** Such as a DBA would write for agents; everything the bench sends passes, with rows and bytes counted. */
function rulesPolicy({ tellers, history, sleep }: Named): string {
  return `default: allow
rules:
  - { name: no-destruction, when: { effects: [destroy] }, then: deny }
  - { name: no-schema-changes, when: { effects: [define] }, then: deny }
  - { name: no-administration, when: { effects: [admin] }, then: deny }
  - { name: no-unfiltered-writes, when: { unfiltered: true }, then: deny }
  - { name: tellers-are-read-only, when: { effects: [write], tables: ["${tellers}"] }, then: deny }
  - { name: history-is-for-auditors, when: { columns: ["${history}.*"], groups: [agents] }, then: deny }
  - { name: no-sleeping, when: { functions: [${sleep}] }, then: deny }
  - { name: one-statement-at-a-time, when: { batch: true, groups: [agents] }, then: deny }
  - { name: not-from-outside, when: { clients: ["203.0.113.0/24"] }, then: deny }
  - { name: bounded-selects, when: { unbounded: true, groups: [agents] }, then: deny, message: "add a LIMIT" }
  - { name: large-results, when: { groups: [agents] }, then: { limit: { rows: 20000000, bytes: 4GiB } } }
  - { name: results, then: { limit: { rows: 50000000 } } }
`;
}

function policyFor(variant: SluiceVariant, { protocol, database }: BenchServer): string {
  const rules =
    protocol === 'postgres'
      ? rulesPolicy({
          tellers: 'public.pgbench_tellers',
          history: 'public.pgbench_history',
          sleep: 'pg_sleep',
        })
      : rulesPolicy({ tellers: `${database}.tellers`, history: `${database}.history`, sleep: 'sleep' });
  switch (variant) {
    case 'sluice-open':
      return OPEN_POLICY;
    case 'sluice':
    case 'sluice-synced':
      return rules;
    case 'sluice-columns':
      return `${rules}${protocol === 'postgres' ? COLUMN_MASKS : MYSQL_COLUMN_MASKS}`;
    case 'sluice-detectors':
      return `${rules}${DETECTED_MASKS}`;
  }
}

function upstreamOf({ protocol, port, database }: BenchServer): string {
  return protocol === 'postgres'
    ? `postgres://postgres@127.0.0.1:${port}/${database}?sslmode=disable`
    : `mariadb://app:apppw@127.0.0.1:${port}/${database}`;
}

export async function startSluice(
  variant: SluiceVariant,
  { program, server, directory, core, connections }: PeerStart,
): Promise<Child> {
  const port = await freePort();
  const folder = join(directory, `${variant}-${port}`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'policy.yaml'), policyFor(variant, server));
  const lines = [
    'listeners:',
    '  - name: bench',
    `    protocol: ${server.protocol}`,
    `    listen: "127.0.0.1:${port}"`,
    `    upstream: "${upstreamOf(server)}"`,
    '    auth: [trust]',
    ...(variant === 'sluice-synced' ? ['    durability: synced'] : []),
    `identity: { users: [ { name: ${server.protocol === 'postgres' ? 'postgres' : 'app'}, groups: [agents] } ] }`,
    'policy: policy.yaml',
    'journal: { dir: ./journal }',
    `limits: { connections: ${connections} }`,
    'drain: 1s',
    'log: { level: warn }',
  ];
  const config = join(folder, 'sluice.yaml');
  writeFileSync(config, `${lines.join('\n')}\n`);
  return startChild({
    name: variant,
    command: process.execPath,
    args: [...program.flags, program.main, 'run', '--config', config],
    port,
    log: join(folder, 'log'),
    core,
  });
}
