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
  - { name: no-destruction, when: { effects: [destroy] }, then: deny, message: nothing is dropped }
  - { name: fixes, when: { effects: [write], tables: [shop.orders] }, then: { approve: { by: [dba] } } }
  - { name: mail, when: { tools: [send_mail], groups: [agents] }, then: { approve: { by: [dba] } } }
  - { name: no-notes, when: { resources: ["notes://private/*"] }, then: deny }
masks: [ { json: ["$..ssn"], with: last4 } ]
`,
);
const schema = join(directory, 'shop.sql');
writeFileSync(schema, 'CREATE SCHEMA shop; CREATE TABLE shop.orders (id int, note text);');
after(() => rmSync(directory, { recursive: true }));

const explain = async (...args: readonly string[]) => {
  const { code, out, error } = await sluice(['explain', '--policy', policy, ...args], { input: '' });
  assert.equal(code, 0, error);
  return out;
};

test('sluice explain says what the policy says of a request, as it would be forwarded', async () => {
  assert.match(
    await explain('--path', '/%41dmin/x'),
    /^DENIED {2}GET \/Admin\/x\n {2}by rule "no-admin" at \S+policy\.yaml:3: nobody/,
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
    /^NEEDS APPROVAL {2}POST \/pay\n[\s\S]*approval: held until one of dba has approved it[\s\S]*masked in the answer: \$\.\.ssn with last4/,
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
  assert.match(error, /either SQL or a request/);
});

test('a call of a tool: the rule, the SQL in its arguments with its facts, and what is masked in the answer', async () => {
  const drop = await explain(
    '--schema',
    schema,
    '--tool',
    'query',
    '--arguments',
    '{"sql":"DROP TABLE shop.orders"}',
  );
  assert.match(drop, /^DENIED {2}tools\/call query\n {2}by rule "no-destruction" at .*: nothing is dropped/);
  assert.match(drop, /the client also reads: The SQL was not run/);
  assert.match(drop, /kind +DROP TABLE[\s\S]*changes +shop\.orders/);
  const update = `{"sql":"UPDATE shop.orders SET note = '' WHERE id = 1"}`;
  assert.match(
    await explain('--schema', schema, '--tool', 'query', '--arguments', update),
    /^ALLOWED[\s\S]*note: its SQL waits for approval where it arrives/,
  );
  const mail = await explain('--tool', 'send_mail', '--group', 'agents');
  assert.match(
    mail,
    /^NEEDS APPROVAL {2}tools\/call send_mail\n[\s\S]*masked in the answer: \$\.\.ssn with last4/,
  );
  const file = join(directory, 'arguments.json');
  writeFileSync(file, '{"sql":"SELECT id FROM shop.orders"}');
  const { verdict, request, masks, sql } = JSON.parse(
    await explain('--schema', schema, '--tool', 'query', '--arguments', `@${file}`, '--json'),
  );
  assert.deepEqual(
    [verdict, request, masks, sql.length, sql[0].statements[0].kind, sql[0].statements[0].relations[0].table],
    [
      'allow',
      { method: 'tools/call', tool: 'query', prompt: null, resource: null },
      [{ name: '$..ssn', with: 'last4' }],
      1,
      'SELECT',
      'shop.orders',
    ],
  );
});

test('where nobody says to whom SQL goes, that it is not judged is said', async () => {
  const out = await explain('--tool', 'query', '--arguments', '{"sql":"DROP TABLE shop.orders"}');
  assert.match(out, /^ALLOWED[\s\S]*note: its arguments may be SQL, which is judged where a listener/);
});

test('resources and prompts; what is not in order is refused as a listener refuses it', async () => {
  assert.match(
    await explain('--resource', 'notes://private/1'),
    /^DENIED {2}resources\/read[\s\S]*"no-notes"/,
  );
  assert.match(await explain('--resource', 'file:///a/../b'), /^DENIED[\s\S]*the URI has a path of dots/);
  assert.match(
    await explain('--prompt', 'greet', '--arguments', '{"name":"Ada"}'),
    /^ALLOWED {2}prompts\/get greet/,
  );
  assert.match(await explain('--tool', 'query', '--arguments', '{"sql":1,"SQL":2}'), /^REFUSED/);
  assert.match(
    await explain('--tool', 'query', '--arguments', '[1]'),
    /^REFUSED {2}the arguments have to be/,
  );
});

test('sluice try takes one request as sluice explain does; what does not fit together is a mistake', async () => {
  const tried = await sluice(['try', '--policy', policy, '--path', '/admin/x'], { input: '' });
  assert.deepEqual([tried.code, tried.error], [0, '']);
  assert.match(tried.out, /^DENIED {2}GET \/admin\/x/);
  for (const args of [
    ['--tool', 'a', '--prompt', 'b'],
    ['--tool', 'a', '--path', '/x'],
    ['--arguments', '{}'],
    ['--resource', 'x:y', '--arguments', '{}'],
    ['--tool', 'a', '--arguments', '@/nowhere'],
  ]) {
    const { code, out } = await sluice(['explain', '--policy', policy, ...args], { input: '' });
    assert.deepEqual([code, out], [2, ''], args.join(' '));
  }
});
