/** How our servers are started: small, without any file of the system's, and without care for a loss of power. */
import { join } from 'node:path';
import { type MysqlPrograms, shareFolder } from './mysql-programs.ts';

const BOTH = [
  '--bind-address=127.0.0.1',
  '--skip-name-resolve',
  '--skip-log-bin',
  '--local-infile=1',
  '--max-connections=300',
  '--performance-schema=OFF',
  '--character-set-server=utf8mb4',
  '--default-time-zone=+00:00',
  '--innodb-buffer-pool-size=64M',
  '--innodb-flush-log-at-trx-commit=0',
  '--innodb-flush-method=nosync',
  '--innodb-doublewrite=OFF',
  // Containers may forbid the calls of asynchronous input and output.
  '--innodb-use-native-aio=OFF',
];

const OWN = {
  mariadb: [
    // From 11.4 on it makes itself a certificate; a test that wants TLS says so, with --ssl=ON.
    '--skip-ssl',
    '--innodb-log-file-size=8M',
    '--innodb-temp-data-file-path=ibtmp1:1M:autoextend',
    '--innodb-fast-shutdown=1',
  ],
  mysql: ['--innodb-redo-log-capacity=8M', '--mysqlx=OFF', '--innodb-dedicated-server=OFF'],
} as const;

/** The command line of a server with this data folder; a port is added by who wants one. */
export function serverFlags(programs: MysqlPrograms, data: string, socket: string): readonly string[] {
  const share = shareFolder(programs);
  const isOurs = programs.server.args.length > 0;
  return [
    '--no-defaults',
    ...(process.getuid?.() === 0 ? ['--user=root'] : []),
    `--basedir=${programs.base}`,
    `--datadir=${data}`,
    `--lc-messages-dir=${share}`,
    `--character-sets-dir=${join(share, 'charsets')}`,
    ...(isOurs ? [`--plugin-dir=${join(programs.base, 'lib', 'mysql', 'plugin')}`] : []),
    `--pid-file=${join(data, 'pid')}`,
    `--socket=${socket}`,
    `--tmpdir=${data}`,
    `--secure-file-priv=${data}`,
    ...BOTH,
    ...OWN[programs.flavour],
  ];
}
