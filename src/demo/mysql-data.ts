/** A data folder to start from, made once for each version and then copied: making one takes seconds. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { serverFlags } from './mysql-flags.ts';
import { type MysqlPrograms, serversFolder, systemSqlFile } from './mysql-programs.ts';
import { freePort, launchPrivateServer } from './private-server.ts';

/** In a new name goes whatever changes the folder: settings, accounts. */
const EDITION = 1;

/** MariaDB begins with accounts without a name or a password, which would come before ours. */
const MARIADB_ACCOUNTS = [
  "DELETE FROM mysql.global_priv WHERE User = '' OR User = 'root' AND Host <> 'localhost'",
  'FLUSH PRIVILEGES',
];

const ACCOUNTS = [
  "CREATE USER root@'%' IDENTIFIED BY 'rootpw'",
  "GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION",
  "CREATE USER app@'%' IDENTIFIED BY 'apppw'",
];

const MARIADB_TABLES = [
  'system_tables',
  'performance_tables',
  'system_tables_data',
  'maria_add_gis_sp_bootstrap',
  'sys_schema',
];

/** The folder to copy; made if need be. */
export async function dataTemplate(programs: MysqlPrograms): Promise<string> {
  const { flavour, version } = programs;
  const template = join(serversFolder(), flavour, `data-${version}-${EDITION}`);
  if (existsSync(template)) return template;
  mkdirSync(dirname(template), { recursive: true });
  const scratch = mkdtempSync(`${template}-`);
  try {
    const data = join(scratch, 'data');
    mkdirSync(data, { mode: 0o700 });
    await initialize(programs, data);
    await addAccounts(programs, scratch, data);
    renameOver(data, template);
    return template;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Test files start side by side, so that another may have been faster; its folder is as good as ours. */
function renameOver(made: string, template: string): void {
  try {
    renameSync(made, template);
  } catch (error) {
    if (!existsSync(template)) throw error;
  }
}

async function initialize(programs: MysqlPrograms, data: string): Promise<void> {
  const flags = serverFlags(programs, data, join(dirname(data), 'socket'));
  if (programs.flavour === 'mysql') await runServer(programs, [...flags, '--initialize-insecure'], '');
  else await runServer(programs, [...flags, '--bootstrap'], mariadbTables(programs));
}

/** What mariadb-install-db feeds to the server. */
function mariadbTables(programs: MysqlPrograms): string {
  const files = MARIADB_TABLES.map((name) => readFileSync(systemSqlFile(programs, name), 'utf8'));
  return ['create database mysql;', 'use mysql;', 'SET @auth_root_socket=NULL;', ...files].join('\n');
}

function runServer(
  { server, flavour }: MysqlPrograms,
  args: readonly string[],
  input: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(server.file, [...server.args, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    let log = '';
    child.stdout.on('data', (text: Buffer) => {
      log += text;
    });
    child.stderr.on('data', (text: Buffer) => {
      log += text;
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${flavour} could not create its data folder:\n${log}`));
    });
    // A server that fails at once closes its input, which its log explains better.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

/** A first start also makes the server's keys and certificates, and an orderly end leaves nothing to recover. */
async function addAccounts(programs: MysqlPrograms, scratch: string, data: string): Promise<void> {
  const socket = join(scratch, 'socket');
  const { file, args } = programs.server;
  const server = await launchPrivateServer({
    name: programs.flavour,
    file,
    args: [...args, ...serverFlags(programs, data, socket), `--port=${await freePort()}`],
    cwd: data,
    directory: scratch,
    readyText: 'ready for connections',
    stopSignal: 'SIGKILL',
  });
  try {
    const connection = await createConnection({ socketPath: socket, user: 'root' });
    const statements = programs.flavour === 'mariadb' ? [...MARIADB_ACCOUNTS, ...ACCOUNTS] : ACCOUNTS;
    for (const statement of statements) await connection.query(statement);
    await connection.end();
  } finally {
    await server.shutDown();
  }
}
