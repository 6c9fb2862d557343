import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { sluice } from '../../support/command-line.ts';

const directory = mkdtempSync(join(tmpdir(), 'sluice-explain-'));
const policy = join(directory, 'policy.yaml');
writeFileSync(
  policy,
  `default: allow
rules:
  - { name: no-admin, when: { paths: ["/admin/**"] }, then: deny, message: nobody }
  - { name: pay, when: { body: { /amount: { over: 10 } }, groups: [agents] }, then: { approve: { by: [dba] } } }
masks: [ { json: ["$..ssn"], with: last4 } ]
`,
);
after(() => rmSync(directory, { recursive: true }));

const explain = async (...args: readonly string[]) => {
  const { code, out, error } = await sluice(['explain', '--policy', policy, ...args], { input: '' });
  assert.equal(code, 0, error);
  return out;
};

test('sluice explain says what the policy says of a request, as it would be forwarded', async () => {
  assert.match(
    await explain('--path', '/%41dmin/x'),
    /^DENIED {2}GET \/Admin\/x\n {2}by rule "no-admin": nobody/,
  );
  assert.match(
    await explain('--method', 'GET', '--path', '/x/../admin'),
    /^REFUSED {2}the path has a dot segment/,
  );
  assert.match(await explain('--path', '/x', '--header', 'X-Http-Method: PUT'), /^REFUSED/);
  assert.match(
    await explain('--method', 'post', '--path', '/x', '--body', '{"a":1,"A":2}'),
    /^REFUSED .*case or form/,
  );
  const pay = await explain(
    '--method',
    'post',
    '--path',
    '/pay',
    '--body',
    '{"amount":11}',
    '--group',
    'agents',
  );
  assert.match(
    pay,
    /^NEEDS APPROVAL {2}POST \/pay\n[\s\S]*approval: by dba[\s\S]*masked in the answer: \$\.\.ssn with last4/,
  );
  const json = JSON.parse(await explain('--path', '/x?y=z', '--json'));
  assert.deepEqual(
    [json.verdict, json.request, json.masks],
    ['allow', { method: 'GET', path: '/x', query: 'y=z' }, [{ name: '$..ssn', with: 'last4' }]],
  );
});

test('SQL and a request at once are a mistake', async () => {
  const { code, error } = await sluice(['explain', '--path', '/x', 'SELECT 1'], { input: '' });
  assert.equal(code, 2);
  assert.match(error, /either SQL or --method and --path/);
});
