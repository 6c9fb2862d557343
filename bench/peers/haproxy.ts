/** haproxy as a plain TCP relay: what passing bytes on costs, with no look at them. One thread, as the others have. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../src/demo/private-server.ts';
import { type Child, startChild } from '../child.ts';
import type { PeerStart } from './peer-start.ts';

export async function startHaproxy({
  peers,
  server,
  directory,
  core,
  connections,
}: PeerStart): Promise<Child> {
  const port = await freePort();
  const file = join(directory, `haproxy-${port}.cfg`);
  const lines = [
    'global',
    '  nbthread 1',
    `  maxconn ${connections}`,
    'defaults',
    '  mode tcp',
    '  timeout connect 10s',
    '  timeout client 1h',
    '  timeout server 1h',
    'listen bench',
    `  bind 127.0.0.1:${port}`,
    `  server ${server.protocol} 127.0.0.1:${server.port}`,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  return startChild({
    name: 'haproxy',
    command: peers.haproxy,
    args: ['-db', '-f', file],
    environment: peers.environment,
    port,
    log: join(directory, `haproxy-${port}.log`),
    core,
  });
}
