import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BodyFacts, CallFacts, HttpFacts, RequestFacts } from '../../../src/core/requests.ts';
import { CANONICAL_JSON, isRefused, scanJson } from '../../../src/json/index.ts';
import { loadPolicy } from '../../../src/policy/policy.ts';

const NOBODY = { principal: { name: 'agent', groups: ['agents'] }, listener: 'api', clientAddress: null };

function bodyOf(text: string | null): BodyFacts {
  if (text === null) return { kind: 'none' };
  const bytes = Buffer.from(text);
  const document = scanJson(bytes, 0, bytes.length, CANONICAL_JSON);
  return isRefused(document) ? { kind: 'unread' } : { kind: 'json', document, node: 0 };
}

function http(line: string, body: string | null = null, headers: Record<string, string> = {}): HttpFacts {
  const [method = '', path = ''] = line.split(' ');
  return {
    about: 'http',
    method,
    path,
    query: null,
    host: 'api',
    headers: new Map(Object.entries(headers)),
    body: bodyOf(body),
  };
}

function call(named: Partial<CallFacts>, args: string | null = null): CallFacts {
  return {
    about: 'mcp',
    method: 'tools/call',
    tool: null,
    resource: null,
    prompt: null,
    ...named,
    arguments: bodyOf(args),
  };
}

function decide(policyText: string, facts: RequestFacts) {
  const { policy } = loadPolicy('policy.yaml', policyText);
  return policy.decideRequest(policy.contextFor(NOBODY, 0), facts);
}

const when = (condition: string, then = 'deny', byDefault = then === 'deny' ? 'allow' : 'deny') =>
  `default: ${byDefault}\nrules: [ { name: r, when: { ${condition} }, then: ${then} } ]\n`;

/** Whether a rule denies, and whether it allows: the first is read as a lenient server would, the second is not. */
function answers(condition: string, facts: RequestFacts): string {
  const denies = decide(when(condition), facts).verdict === 'deny';
  const allows = decide(when(condition, 'allow'), facts).verdict === 'allow';
  return `${denies ? 'denies' : '-'} ${allows ? 'allows' : '-'}`;
}

const BOTH = 'denies allows';
const LENIENT = 'denies -';
const NEITHER = '- -';

test('rules on requests: to deny, what a lenient server takes for it is meant too; to allow, only what is written', () => {
  const cases: readonly [string, RequestFacts, string][] = [
    ['methods: [get]', http('GET /x'), BOTH],
    ['methods: [POST]', http('GET /x'), NEITHER],
    ['paths: ["/a/*"]', http('GET /a/b'), BOTH],
    ['paths: ["/a/*"]', http('GET /a/b/c'), NEITHER],
    ['paths: ["/a/*"]', http('GET /A/b'), LENIENT],
    ['paths: ["/a/b"]', http('GET /a/b/'), LENIENT],
    ['paths: ["/a/**"]', http('GET /a/b/c'), BOTH],
    ['paths: ["/a/**"]', http('GET /a'), LENIENT],
    ['paths: ["/a/**"]', http('GET /ab'), NEITHER],
    ['paths: ["/**/x"]', http('GET /a/b/x'), BOTH],
    ['paths: ["/café"]', http('GET /caf%C3%A9'), BOTH],
    ['paths: ["/a b"]', http('GET /a%20b'), BOTH],
    ['paths: ["/a.b"]', http('GET /aXb'), NEITHER],
    ['headers: { X-Tenant: ["acme*"] }', http('GET /', null, { 'x-tenant': 'acme-1' }), BOTH],
    ['headers: { x-tenant: [acme] }', http('GET /', null, { 'x-tenant': 'ACME' }), LENIENT],
    ['headers: { x-tenant: ["*"] }', http('GET /'), NEITHER],
    ['body: { /a: { over: 10 } }', http('POST /', '{"a":11}'), BOTH],
    ['body: { /a: { over: 10 } }', http('POST /', '{"a":10}'), NEITHER],
    ['body: { /a: { over: 10 } }', http('POST /', '{"a":"11"}'), LENIENT],
    ['body: { /a: { over: 10 } }', http('POST /', '{"A":11}'), LENIENT],
    ['body: { /a: { over: 10 } }', http('POST /', 'a=11'), LENIENT],
    ['body: { /a: { over: 10 } }', http('POST /'), NEITHER],
    ['body: { /a: { over: 10, under: 12 } }', http('POST /', '{"a":11.5}'), BOTH],
    ['body: { /a: [x, "y*", 3, true, null] }', http('POST /', '{"a":"yes"}'), BOTH],
    ['body: { /a: [x, "y*", 3, true, null] }', http('POST /', '{"a":3.0}'), BOTH],
    ['body: { /a: [x, "y*", 3, true, null] }', http('POST /', '{"a":null}'), BOTH],
    ['body: { /a: [x, "y*", 3, true, null] }', http('POST /', '{"a":"TRUE"}'), LENIENT],
    ['body: { /a: [x] }', http('POST /', '{"a":["x"]}'), LENIENT],
    ['body: { /a: [x] }', http('POST /', '{"a":[["z","x"]]}'), LENIENT],
    ['body: { /a: { over: 10 } }', http('POST /', '{"a":["11"]}'), LENIENT],
    ['body: { /a: [x] }', http('POST /', '{"a":{"b":"x"}}'), NEITHER],
    ['body: { "/a/*": [x] }', http('POST /', '{"a":"x"}'), LENIENT],
    ['body: { "/a/*": [x] }', http('POST /', '{"a":"z"}'), NEITHER],
    ['body: { "/a/*": [x] }', http('POST /', '{"a":["x","x"]}'), BOTH],
    ['body: { "/a/*": [x] }', http('POST /', '{"a":["x","z"]}'), LENIENT],
    // One thing in place of a list, and a list in place of one thing, also on the way to the value.
    ['body: { /a: { over: 10 } }', http('POST /', '[{"a":11}]'), LENIENT],
    ['body: { /a/b: [x] }', http('POST /', '{"a":[{"b":"z"},[{"b":"x"}]]}'), LENIENT],
    ['body: { "/a/*/b": [x] }', http('POST /', '{"a":{"b":"x"}}'), LENIENT],
    ['body: { /a/0: [x] }', http('POST /', '{"a":["x"]}'), BOTH],
    ['body: { /a/b: [x] }', http('POST /', '{"a":[{"b":"z"}]}'), NEITHER],
    // Numbers that only some servers read, or read more exactly than a double.
    ['body: { /a: { over: 10 } }', http('POST /', '{"a":"none"}'), NEITHER],
    ['body: { /a: { over: 10 } }', http('POST /', '{"a":"９"}'), NEITHER],
    ['body: { /a: { over: 10 } }', http('POST /', '{"a":10.00000000000000000001}'), LENIENT],
    ['body: { /a: { over: 10 } }', http('POST /', '{"a":10.00000000000000000000}'), NEITHER],
    ['body: { /a: [250] }', http('POST /', '{"a":"２５０"}'), LENIENT],
    ['body: { /a: [transfer] }', http('POST /', '{"a":"tra\u200bnsfer"}'), LENIENT],
    ['arguments: { /path: ["/etc/*"] }', call({ tool: 'read' }, '{"path":"/srv/etc/../data"}'), NEITHER],
    ['body: { /a: { present: true } }', http('POST /', '{"a":{}}'), BOTH],
    ['body: { /a: { present: false } }', http('POST /', '{"b":1}'), BOTH],
    ['body: { /a: { present: false } }', http('POST /', '{"a":1}'), NEITHER],
    ['tools: ["delete_*"]', call({ tool: 'delete_all' }), BOTH],
    ['tools: ["delete_*"]', call({ tool: 'Delete_all' }), LENIENT],
    ['tools: ["*"]', call({ prompt: 'x' }), NEITHER],
    ['resources: ["file:///etc/*"]', call({ resource: 'file:///etc/passwd' }), BOTH],
    ['prompts: [p]', call({ prompt: 'p' }), BOTH],
    ['tools: [q], arguments: { /sql: ["*drop*"] }', call({ tool: 'q' }, '{"sql":"a drop b"}'), BOTH],
    // One kind is never another.
    ['methods: [GET]', call({ tool: 'q' }), NEITHER],
    ['tools: ["*"]', http('GET /x'), NEITHER],
    ['statements: [select]', http('GET /x'), NEITHER],
    ['groups: [agents]', http('GET /x'), BOTH],
    ['groups: [agents]', call({ tool: 'q' }), BOTH],
    ['groups: [others]', http('GET /x'), NEITHER],
  ];
  for (const [condition, facts, expected] of cases)
    assert.equal(
      answers(condition, facts),
      expected,
      `${condition} ${JSON.stringify(facts, (_, one) => (typeof one === 'object' && one !== null && 'document' in one ? 'json' : one))}`,
    );
});

test('to deny, a text is any number that a server may find in it, and a path the file that it leads to', () => {
  const numbers = ['1,000', '2_50', '250 USD', '$250', '250,00', '２５０', '٢٥٠', '2\u200b50', 'inf', '0xff'];
  for (const text of numbers) {
    const facts = http('POST /', JSON.stringify({ a: text }));
    assert.equal(answers('body: { /a: { over: 10 } }', facts), LENIENT, text);
  }
  for (const path of [
    '/tmp/../etc/passwd',
    '//etc//./passwd',
    'file:///etc/passwd',
    'file://localhost/etc/passwd',
    '../../../etc/passwd',
    'data/../../etc/passwd',
    '\\etc\\passwd',
    '/ETC/passwd',
  ]) {
    const facts = call({ tool: 'read' }, JSON.stringify({ path }));
    assert.equal(answers('arguments: { /path: ["/etc/*"] }', facts), LENIENT, path);
  }
});

test('a resource is the same under every spelling that leads there, and what may pass has to lead there', () => {
  const secret = 'resources: ["db://prod/secret/é", "note:a"]';
  for (const resource of [
    'db://user@prod/secret/é',
    'db://user:pw@prod/secret/é',
    'db://@prod/secret/é',
    'db://prod:5432/secret/é',
    'db://prod:/secret/é',
    'db://prod./secret/é',
    'DB://PROD/Secret/É',
    'db://prod//secret///é',
    'db://prod/secret/é/',
    'db://prod/secret/é#row',
    'db://prod/secret/%C3%A9',
    'db://prod/secret/e\u0301',
    'db://u@prod.:1//secret/e%CC%81/#x',
    'note:a#b',
    'Note:a',
  ])
    assert.equal(answers(secret, call({ resource })), LENIENT, resource);
  for (const resource of ['db://prod.evil/secret/é', 'db://prod/secret/é?all', 'db://evil/prod/secret/é'])
    assert.equal(answers(secret, call({ resource })), NEITHER, resource);
  const open = 'resources: ["db://public*", "db://app@prod:5432/*", "*.txt"]';
  for (const resource of ['db://public/a', 'db://app@prod:5432/a', 'db://public:1//a', 'db://x/a.txt'])
    assert.equal(answers(open, call({ resource })), BOTH, resource);
  for (const resource of ['db://public@prod/a', 'db://public:x@prod/a', 'db://prod/secret#.txt'])
    assert.equal(answers(open, call({ resource })), LENIENT, resource);
});

test('the strongest verdict wins, observing rules only tell, limits come along', () => {
  const text = `default: allow
rules:
  - { name: watch, when: { methods: [GET] }, then: deny, mode: observe }
  - { name: small, when: {}, then: { limit: { bytes: 10 } } }
  - { name: ask, when: { paths: [/a] }, then: { approve: { by: [dba] } } }
  - { name: no, when: { paths: [/b] }, then: deny, message: not this }
masks:
  - { json: ["$..ssn"], with: last4 }
`;
  const asked = decide(text, http('GET /a'));
  assert.deepEqual(
    [asked.verdict, asked.rule, asked.observed, asked.obligations.limit.bytes],
    ['approve', 'ask', ['watch'], 10],
  );
  assert.deepEqual(
    asked.response?.paths.map(({ paths }) => paths),
    [['$..ssn']],
  );
  const denied = decide(text, http('GET /b'));
  assert.deepEqual(
    [denied.verdict, denied.rule, denied.message, denied.response],
    ['deny', 'no', 'not this', null],
  );
  assert.equal(decide(`mode: observe\n${text}`, http('GET /b')).verdict, 'allow');
});

test('mistakes in rules and masks on requests are told', () => {
  const wrong = (text: string, message: RegExp) =>
    assert.throws(() => loadPolicy('p.yaml', text), message, text);
  wrong(when('paths: [admin]'), /expected a path/);
  wrong(when('paths: ["/a**"]'), /segment of its own/);
  wrong(when('methods: ["GET /"]'), /expected a method/);
  wrong(when('headers: { Authorization: [x] }'), /not forwarded/);
  wrong(when('body: { a: [1] }'), /JSON pointer/);
  wrong(when('body: { /a: {} }'), /over, under or present/);
  wrong('default: allow\nmasks: [ { json: ["a.b"], with: last4 } ]\n', /JSON path/);
  wrong('default: allow\nmasks: [ { json: ["$.a"], detect: [email], with: last4 } ]\n', /mask of their own/);
});
