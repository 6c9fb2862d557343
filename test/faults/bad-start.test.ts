/** What keeps Sluice from starting: one message, exit code 2, and nothing left behind. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { verifyJournal } from '../../src/journal/verify.ts';
import { startSluiceProcess } from '../support/sluice-process.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');
let postgres: PostgresServer;
let taken: Server;
let takenPort = 0;

before(async () => {
  postgres = await startPostgres();
  taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const address = taken.address();
  takenPort = typeof address === 'object' && address !== null ? address.port : 0;
});

after(async () => {
  taken?.close();
  await postgres?.stop();
});

interface Outcome {
  readonly code: number | string | null | undefined;
  readonly error: string;
  readonly files: readonly string[];
  readonly directory: string;
}

/** Runs `sluice run`, which is expected to end by itself. */
function run(files: Readonly<Record<string, string>>): Promise<Outcome> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bad-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [MAIN, 'run', '--config', join(directory, 'sluice.yaml')],
      { timeout: 12_000 },
      (error, _out, stderr) => {
        const code = error === null ? 0 : (error.signal ?? error.code);
        resolve({
          code,
          error: stderr.replaceAll(`${directory}/`, ''),
          files: readdirSync(directory).sort(),
          directory,
        });
      },
    );
  });
}

function sluiceYaml(listener = '', listen = '127.0.0.1:0', rest = ''): string {
  return `listeners:
  - name: shop
    protocol: postgres
    listen: "${listen}"
    upstream: "${postgres.url()}"
    auth: [trust]
${listener}
policy: policy.yaml
journal: { dir: ./journal }
${rest}`;
}

const GOOD_POLICY = 'default: allow\n';

test('bad configuration, policy, certificates: told with their place, exit code 2, no journal made', async () => {
  const cases: readonly (readonly [what: string, files: Readonly<Record<string, string>>, told: RegExp])[] = [
    [
      'configuration',
      { 'sluice.yaml': sluiceYaml('    lisen: x'), 'policy.yaml': GOOD_POLICY },
      /^sluice\.yaml:7:5: listeners\[0\]\.lisen: unknown key "lisen"/,
    ],
    [
      'policy',
      { 'sluice.yaml': sluiceYaml(), 'policy.yaml': 'default: allow\nrules: [ { name: a, then: drop } ]\n' },
      /^policy\.yaml:2:\d+: rules\[0\]\.then: expected deny, allow/,
    ],
    [
      'a table that is not there',
      {
        'sluice.yaml': sluiceYaml(),
        'policy.yaml':
          'default: allow\nrules: [ { name: a, when: { tables: [public.nowhere] }, then: deny } ]\n',
      },
      /^policy\.yaml:2:\d+: rules\[0\]\.when\.tables\[0\]: no table matches "public\.nowhere"/,
    ],
    ['no policy', { 'sluice.yaml': sluiceYaml() }, /policy\.yaml:1:1: there is no such file/],
    [
      'no certificate',
      { 'sluice.yaml': sluiceYaml('    tls: { cert: a.pem, key: b.pem }'), 'policy.yaml': GOOD_POLICY },
      /^sluice\.yaml:7:18: listeners\[0\]\.tls\.cert: there is no file a\.pem/,
    ],
    [
      'a certificate that is none',
      {
        'sluice.yaml': sluiceYaml('    tls: { cert: policy.yaml, key: policy.yaml }'),
        'policy.yaml': GOOD_POLICY,
      },
      /^sluice\.yaml:7:10: listeners\[0\]\.tls: expected a certificate and its key/,
    ],
  ];
  await Promise.all(
    cases.map(async ([what, files, told]) => {
      const outcome = await run(files);
      assert.equal(outcome.code, 2, `${what}: ${outcome.error}`);
      assert.match(outcome.error, told, what);
      assert.deepEqual(outcome.files, Object.keys(files).sort(), what);
      rmSync(outcome.directory, { recursive: true });
    }),
  );
});

test('an address that is taken: told, and what was begun is closed in good order', async () => {
  const outcome = await run({
    'sluice.yaml': sluiceYaml('', `127.0.0.1:${takenPort}`),
    'policy.yaml': GOOD_POLICY,
  });
  assert.equal(outcome.code, 2, outcome.error);
  assert.match(
    outcome.error,
    /sluice\.yaml:4:13: listeners\[0\]\.listen: cannot listen on 127\.0\.0\.1:\d+: another process listens there/,
  );
  const journal = join(outcome.directory, 'journal');
  assert.deepEqual(verifyJournal(journal, {}).problems, []);
  assert.ok(!existsSync(join(journal, 'journal.lock')));
  rmSync(outcome.directory, { recursive: true });
});

test('a journal that another process writes: told, and left alone', async (context) => {
  const first = await startSluiceProcess({ upstream: postgres.url() });
  context.after(() => first.remove());
  const journal = JSON.stringify(first.journalDirectory);
  const outcome = await run({
    'sluice.yaml': sluiceYaml().replace('./journal', first.journalDirectory),
    'policy.yaml': GOOD_POLICY,
  });
  assert.equal(outcome.code, 2, outcome.error);
  assert.match(
    outcome.error,
    new RegExp(`the journal in ${JSON.parse(journal)} is being written by process ${first.child.pid}`),
  );
  first.child.kill('SIGTERM');
  assert.equal(await first.exited, 0);
  assert.deepEqual(first.verify().problems, []);
  rmSync(outcome.directory, { recursive: true });
});

test('a signing key that is none', async () => {
  const outcome = await run({
    'sluice.yaml': sluiceYaml().replace('./journal }', './journal, key: ./policy.yaml }'),
    'policy.yaml': GOOD_POLICY,
  });
  assert.equal(outcome.code, 2, outcome.error);
  assert.match(outcome.error, /policy\.yaml is no signing key: expected an Ed25519 private key in PEM/);
  rmSync(outcome.directory, { recursive: true });
});
