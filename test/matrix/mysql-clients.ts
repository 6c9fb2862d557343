/**
 * What is too heavy for `npm test`: libraries of other languages through Sluice and directly, which have to print the
 * same, and load tools, which have to succeed. `n test/matrix/mysql-clients.ts`; clients that are not there are told of.
 * Debian: python3-pymysql libdbd-mariadb-perl php-cli php-mysql sysbench.
 */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { type Account, FLAVOURS, KINDS, ROWS, startBothWays } from '../support/mysql-both-ways.ts';
import { adminConnection, clientCommand } from '../support/mysql-servers.ts';

const CLIENTS = [
  ['/usr/bin/python3', 'pymysql-client.py'],
  ['perl', 'dbd-mariadb.pl'],
  ['php', 'mysqli-and-pdo.php'],
] as const;
const PROCEDURE =
  "CREATE PROCEDURE two_results(IN a int, OUT b int) BEGIN SELECT a AS first; SELECT a * 2 AS second, 'x' AS x; SET b = a * 3; END";

const both = await startBothWays({ listener: 'multi_statements: true' });
let failed = 0;

function report(name: string, ok: boolean, told = ''): void {
  if (!ok) failed++;
  console.log(`${ok ? 'passed' : 'FAILED'}  ${name}${ok ? '' : `\n${told}`}`);
}

async function run(file: string, args: readonly string[]) {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve) => {
    child.on('error', () => resolve(null));
    child.on('close', resolve);
  });
  const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await ended, out, errors };
}

async function sysbench({ port, user, password }: Account, mode: string, command: string) {
  const account = [`--mysql-port=${port}`, `--mysql-user=${user}`, `--mysql-password=${password}`];
  const load = ['--tables=2', '--table-size=1000', '--threads=4', '--time=3', `--db-ps-mode=${mode}`];
  return run('sysbench', [
    'oltp_read_write',
    '--db-driver=mysql',
    '--mysql-host=127.0.0.1',
    '--mysql-db=shop',
    ...account,
    ...load,
    command,
  ]);
}

for (const flavour of FLAVOURS) {
  const { direct, through } = both.accounts(flavour);
  const admin = await adminConnection(both.pair[flavour], 'shop');
  await admin.query(`SET sql_mode = ''; ${KINDS}; ${ROWS}`);
  await admin.query(PROCEDURE);
  await admin.end();
  for (const [program, script] of CLIENTS) {
    const file = fileURLToPath(new URL(`mysql-clients/${script}`, import.meta.url));
    const seen = [];
    for (const { port, user, password } of [direct, through]) {
      seen.push(await run(program, [file, String(port), user, password]));
    }
    const [expected, found] = seen;
    const same = JSON.stringify(expected) === JSON.stringify(found) && found?.code === 0;
    report(`${flavour}: ${script}`, same, `${found?.errors}${found?.out}`.slice(-2000));
  }
  for (const mode of ['disable', 'auto']) {
    for (const command of ['prepare', 'run', 'cleanup']) {
      const { code, out, errors } = await sysbench(through, mode, command);
      report(
        `${flavour}: sysbench oltp_read_write, ps-mode ${mode}, ${command}`,
        code === 0 && !/FATAL/.test(out),
        `${out}${errors}`,
      );
    }
  }
  const slap = clientCommand(
    both.pair[flavour],
    flavour === 'mariadb' ? 'mariadb-slap' : 'mysqlslap',
    through,
  );
  const generated = [
    '--auto-generate-sql',
    '--auto-generate-sql-load-type=mixed',
    '--concurrency=4',
    '--number-of-queries=200',
  ];
  const { code, out, errors } = await run(slap.file, [...slap.args, ...generated]);
  report(`${flavour}: slap`, code === 0 && /Benchmark/.test(out), `${out}${errors}`);
}
await both.stop();
process.exitCode = failed === 0 ? 0 : 1;
