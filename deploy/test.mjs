/** `npm test`: prepares the machine, then checks types, lint and every test. Arguments choose test files by path. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { installPrograms } from './debian-packages.mjs';
import { installDependencies, NODE, ROOT } from './dependencies.mjs';

const HELP = `Usage: npm test [-- PATH …]

Installs what is missing (npm packages; psql, pgbench, openssl and a headless Chromium (100 MB)
from Debian's packages; MariaDB, in two
versions, and MySQL into .servers, 124 MB, where the system has none), then checks types and lint and runs every test/**/*.test.ts. With paths
(test/unit, a file, or a part of a name) only those tests run.
The long suites are scripts of their own: npm run test:fuzz, test:matrix, test:regress, test:soak, test:soak:http, as far as
this version has them (npm run lists them).
`;

/** Suites that take longer than a default run may. */
const LONG = ['test/fuzz/', 'test/matrix/', 'test/regress/', 'test/soak/'];

/** Most test files wait for a Postgres of their own, so that two at a time keep two cores busy. */
const CONCURRENCY = 2;
const TEST_MS_MAX = 240_000;

function testFiles() {
  const found = [];
  const walk = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.name.endsWith('.test.ts')) found.push(relative(ROOT, path));
    }
  };
  walk(join(ROOT, 'test'));
  return found.sort();
}

/** A long suite is chosen only by a path into it. */
function chosen(files, filters) {
  const isLong = (file) => LONG.some((folder) => file.startsWith(folder));
  if (filters.length === 0) return files.filter((file) => !isLong(file));
  const wanted = filters.map((filter) => filter.replace(/^\.\//, ''));
  return files.filter((file) =>
    wanted.some((filter) => file.startsWith(filter) || (!isLong(file) && file.includes(filter))),
  );
}

function timed(title, run) {
  console.log(`\n== ${title}`);
  const begun = Date.now();
  const ok = run();
  return { title, ok, seconds: (Date.now() - begun) / 1000 };
}

function runNode(...args) {
  const { status, signal } = spawnSync(NODE, args, { cwd: ROOT, stdio: 'inherit' });
  return status === 0 && signal === null;
}

/** A test that fails leaves sockets and processes open; they must not keep its file from ending (--test-force-exit). */
function runTests(files) {
  return runNode(
    '--test',
    `--test-concurrency=${CONCURRENCY}`,
    `--test-timeout=${TEST_MS_MAX}`,
    '--test-force-exit',
    ...files,
  );
}

function main(filters) {
  if (filters.includes('--help') || filters.includes('-h')) {
    console.log(HELP);
    return 0;
  }
  const files = chosen(testFiles(), filters);
  if (files.length === 0) {
    console.error(`no test file matches ${filters.join(' ')}`);
    return 2;
  }
  if (!installDependencies()) return 1;
  const steps = [
    timed('programs', () => {
      const problem = installPrograms();
      console.log(problem ?? 'psql, pg_dump, pg_restore, pgbench, openssl and Chromium are there');
      return problem === null;
    }),
    timed('servers', () => runNode('deploy/mysql-servers.ts')),
  ];
  if (filters.length === 0) {
    steps.push(
      timed('types', () =>
        ['tsconfig.test.json', 'tsconfig.console.json']
          .map((project) => runNode('node_modules/typescript/bin/tsc', '--noEmit', '-p', project))
          .every(Boolean),
      ),
      timed('lint', () => runNode('node_modules/@biomejs/biome/bin/biome', 'check', '.')),
    );
  }
  steps.push(timed(`tests (${files.length} files)`, () => runTests(files)));
  console.log('');
  for (const { title, ok, seconds } of steps) {
    console.log(`${ok ? 'ok    ' : 'FAILED'}  ${title}, ${seconds.toFixed(1)} s`);
  }
  return steps.every(({ ok }) => ok) ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
