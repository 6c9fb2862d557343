/**
 * pgbouncer in session pooling: the mode that does what Sluice does, one server session per client session with
 * everything a session may carry. Transaction pooling shares server connections and is another product.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../src/demo/private-server.ts';
import { type Child, startChild } from '../child.ts';
import type { PeerStart } from './peer-start.ts';

export async function startPgbouncer({
  peers,
  server,
  directory,
  core,
  connections,
}: PeerStart): Promise<Child> {
  const port = await freePort();
  const file = join(directory, `pgbouncer-${port}.ini`);
  const lines = [
    '[databases]',
    `${server.database} = host=127.0.0.1 port=${server.port} dbname=${server.database} user=postgres`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    // Trust on both sides, as with every other target.
    'auth_type = any',
    'pool_mode = session',
    `max_client_conn = ${connections}`,
    `default_pool_size = ${connections}`,
    'ignore_startup_parameters = extra_float_digits',
    'log_connections = 0',
    'log_disconnections = 0',
    // It refuses to run as root.
    ...(process.getuid?.() === 0 ? ['user = nobody'] : []),
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  return startChild({
    name: 'pgbouncer',
    command: peers.pgbouncer,
    args: [file],
    environment: peers.environment,
    port,
    log: join(directory, `pgbouncer-${port}.log`),
    core,
  });
}
