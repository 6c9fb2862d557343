/**
 * Everything that holds Sluice's reading of MySQL and MariaDB against real servers: parser, tables and lexer over
 * MariaDB's own test suites, precedence, lineage with several seeds, and the attacks on masks in every wrapping
 * (`npm run test:regress:mysql`). Servers and suites are downloaded where they are missing. Takes about an hour; ends
 * with exit code 1 where a part fails.
 *
 *   node test/regress/mysql.ts [--editions mariadb,mariadb-11.8,mysql] [--parts parser,tables,lexer,…] [--every N]
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type MysqlEdition, obtainMysql } from '../../src/demo/mysql-programs.ts';
import { startMysql } from '../../src/demo/mysql-server.ts';
import { adminConnection } from '../support/mysql-servers.ts';
import { mysqlTestStatements } from './mysql-sources.ts';

const EDITIONS: readonly MysqlEdition[] = ['mariadb', 'mariadb-11.8', 'mysql'];
const PARTS = ['parser', 'tables', 'lexer', 'precedence', 'lineage', 'masks'] as const;
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CAPTURES = ['--captures', 'fixtures/captures/maria_captured.json'];
const SEEDS = ['7', '101', '202', '303'];
const QUERIES = '300';
const DATABASE = 'regress';
const TESTS = ['--test', '--test-force-exit', '--test-timeout=3600000'];

const { values } = parseArgs({
  options: {
    editions: { type: 'string', default: EDITIONS.join(',') },
    parts: { type: 'string', default: PARTS.join(',') },
    every: { type: 'string', default: '1' },
  },
});
const editions = chosen(EDITIONS, values.editions);
const parts = chosen(PARTS, values.parts);

function chosen<Name extends string>(all: readonly Name[], wanted: string): readonly Name[] {
  const names = wanted.split(',');
  const unknown = names.filter((name) => !all.some((known) => known === name));
  if (unknown.length > 0) throw new Error(`${unknown.join(', ')}: there are only ${all.join(', ')}`);
  return all.filter((name) => names.includes(name));
}

type Part = (typeof PARTS)[number];

/** Arguments of the project's Node, and what else its environment has. */
interface Command {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** The empty database of the server with this address is theirs. */
function commandsOf(part: Part, flavour: string, url: string): readonly Command[] {
  const script = (name: string, ...args: readonly string[]) => ({
    args: [`test/regress/${name}`, '--server', url, ...args],
  });
  const every = ['--every', values.every];
  switch (part) {
    case 'parser':
      return [script('mysql-parser.ts', ...CAPTURES)];
    case 'tables':
      return [script('mysql-tables.ts', '--database', DATABASE, ...CAPTURES, ...every)];
    case 'lexer':
      return [script('mysql-lexer.ts', ...CAPTURES, ...every)];
    case 'precedence':
      return ['', 'PIPES_AS_CONCAT', 'HIGH_NOT_PRECEDENCE'].map((mode) =>
        script('mysql-precedence.ts', '--mode', mode),
      );
    case 'lineage':
      return SEEDS.map((seed) => ({
        args: [...TESTS, '--test-name-pattern', `${flavour}:`, 'test/property/mysql-lineage.test.ts'],
        env: { SLUICE_LINEAGE_QUERIES: QUERIES, SLUICE_LINEAGE_SEED: seed },
      }));
    case 'masks':
      return [
        {
          args: [...TESTS, `test/bypass/mysql-masking-${flavour}.test.ts`],
          env: { SLUICE_MYSQL_WRAPPINGS: 'all' },
        },
      ];
  }
}

const failed: string[] = [];
await mysqlTestStatements();
for (const edition of editions) {
  const programs = await obtainMysql(edition, (what) => console.log(`${what} …`));
  const { flavour, version } = programs;
  const server = await startMysql({ flavour, programs });
  try {
    const admin = await adminConnection(server);
    await admin.query(`CREATE DATABASE ${DATABASE}`);
    await admin.end();
    for (const part of parts) {
      for (const command of commandsOf(part, flavour, server.url(DATABASE))) {
        const settings = Object.entries(command.env ?? {}).map(([name, value]) => `${name}=${value} `);
        console.log(`\n== ${flavour} ${version}: ${settings.join('')}${command.args.join(' ')}`);
        if (!run(command, edition)) failed.push(`${flavour} ${version}: ${part}`);
      }
    }
  } finally {
    await server.stop();
  }
}
for (const name of failed) console.log(`FAILED  ${name}`);
process.exitCode = failed.length === 0 ? 0 : 1;

function run(command: Command, edition: MysqlEdition): boolean {
  const env = { ...process.env, SLUICE_MARIADB: edition === 'mariadb-11.8' ? '11.8' : '', ...command.env };
  return spawnSync(process.execPath, [...command.args], { cwd: ROOT, env, stdio: 'inherit' }).status === 0;
}
