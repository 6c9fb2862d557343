/** The command line as a shell runs it: what it prints where, and what it ends with. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { COMMANDS } from '../../src/cli/commands.ts';
import { isPasswordOf } from '../../src/identity/mysql-password.ts';
import { formatVerifier, makeVerifier, parseVerifier } from '../../src/identity/scram.ts';
import { readStoredPassword } from '../../src/identity/stored-password.ts';
import { sluice, sluiceProcess } from '../support/command-line.ts';

const SCHEMA = fileURLToPath(new URL('../../fixtures/shop/schema.sql', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
after(() => rmSync(directory, { recursive: true, force: true }));

function file(name: string, content: string | Buffer): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

const policy = file(
  'policy.yaml',
  'default: allow\nrules:\n  - { name: no-drop, when: { statements: [drop] }, then: deny }\n',
);

test('explain, without any server: JSON on standard output and exit code 0', async () => {
  const { code, out, error } = await sluiceProcess(
    ['explain', '--json', '--schema', SCHEMA, '--policy', policy, '--server-version', '15', '-'],
    'DROP TABLE shop.orders',
  );
  assert.equal(error, '');
  assert.equal(code, 0);
  const explanation: unknown = JSON.parse(out);
  assert.ok(
    typeof explanation === 'object' &&
      explanation !== null &&
      'verdict' in explanation &&
      'rule' in explanation,
  );
  assert.deepEqual([explanation.verdict, explanation.rule], ['deny', 'no-drop']);
});

test('an error goes to standard error alone, with exit code 2', async () => {
  const { code, out, error } = await sluiceProcess(['check', '--config', join(directory, 'none.yaml')]);
  assert.equal(out, '');
  assert.match(error, /none\.yaml:1:1: there is no such file/);
  assert.equal(code, 2);
});

test('a password comes by standard input and leaves as a verifier', async () => {
  const { code, out } = await sluiceProcess(['password', 'agent', '--json'], 'a p@ss:wörd\n');
  assert.equal(code, 0);
  const printed: unknown = JSON.parse(out);
  assert.ok(typeof printed === 'object' && printed !== null && 'password' in printed && 'name' in printed);
  assert.equal(printed.name, 'agent');
  const verifier = parseVerifier(String(printed.password));
  assert.ok(verifier !== null);
  const same = makeVerifier('a p@ss:wörd', Buffer.from(verifier.salt), verifier.iterations);
  assert.equal(formatVerifier(same), printed.password);
});

test('a verifier of MySQL’s own, by either plugin, but not by both', async () => {
  const input = 'a p@ss:wörd\n';
  const forms = { '--mysql': /^\$A\$005\$[./0-9A-Za-z]{63}$/, '--mysql-native': /^\*[0-9A-F]{40}$/ };
  for (const [option, form] of Object.entries(forms)) {
    const { code, out } = await sluice(['password', 'agent', option, '--json'], { input });
    assert.equal(code, 0);
    const printed: unknown = JSON.parse(out);
    assert.ok(typeof printed === 'object' && printed !== null && 'password' in printed);
    assert.match(String(printed.password), form);
    assert.ok(isPasswordOf(readStoredPassword(String(printed.password)).mysql, Buffer.from('a p@ss:wörd')));
  }
  const both = await sluice(['password', '--mysql', '--mysql-native'], { input });
  assert.match(both.error, /two verifiers; choose one/);
});

test('promise 11: a password is never an argument, and both answers at the terminal have to be the same', async () => {
  assert.match((await sluice(['password', 'agent', 'hunter2'])).error, /never an argument/);
  const same = await sluice(['password', 'agent'], { secrets: ['one', 'one'] });
  assert.equal(same.code, 0);
  assert.match(same.out, /^identity:\n {2}users:\n {4}- name: agent\n {6}password: "SCRAM-SHA-256\$4096:/);
  assert.ok(!same.out.includes('one'));
  assert.match((await sluice(['password'], { secrets: ['one', 'two'] })).error, /not the same/);
  assert.match((await sluice(['password'])).error, /no password was given/);
  assert.match((await sluice(['password'], { input: '\n' })).error, /empty/);
});

test('every command has help with an example and its exit codes', async () => {
  for (const { name } of COMMANDS) {
    const { code, out, error } = await sluice([name, '--help']);
    assert.equal(code, 0);
    assert.equal(error, '');
    assert.match(out, new RegExp(`^Usage: sluice ${name}`), name);
    assert.match(out, /Examples?:/, name);
    assert.match(out, /Exit codes: 0 /, name);
  }
});

test('a mistyped command or option is told what was likely meant', async () => {
  const command = await sluice(['explan']);
  assert.equal(command.code, 2);
  assert.match(command.error, /there is no command "explan"; did you mean "explain"\?/);
  const option = await sluice(['sessions', '.', '--sinc', '2h']);
  assert.equal(option.code, 2);
  assert.match(option.error, /there is no option --sinc; did you mean "--since"\?/);
});

const CONFIG = `listeners:
  - name: shop
    protocol: postgres
    listen: 127.0.0.1:0
    upstream: postgres://app@127.0.0.1:1/shop
    auth: [trust]
policy: policy.yaml
journal: { dir: ./journal }
`;

test('check: everything wrong in configuration and policy at once, each with its place', async () => {
  file('bad-policy.yaml', 'rules:\n  - { name: a, when: { tables: [shop.orders] }, then: deni }\n');
  const config = file(
    'bad.yaml',
    CONFIG.replace('listen:', 'lisen:')
      .replace('[trust]', '[trsut]')
      .replace('policy.yaml', 'bad-policy.yaml'),
  );
  const { code, out, error } = await sluice(['check', '--config', config]);
  assert.equal(code, 2);
  assert.equal(out, '');
  assert.deepEqual(error.replaceAll(`${directory}/`, '').split('\n').sort(), [
    '',
    '',
    '5 errors',
    'error: bad-policy.yaml:1:1: default: is missing; expected allow or deny',
    'error: bad-policy.yaml:2:55: rules[0].then: expected deny, allow, { limit: { rows, bytes } }, { approve: { by: [group] } }, { budget: { window, rows, bytes } }, { rate: { statements } } or { record: … }, not "deni"; did you mean "deny"?',
    'error: bad.yaml:2:5: listeners[0].listen: is missing',
    'error: bad.yaml:4:5: listeners[0].lisen: unknown key "lisen"; did you mean "listen"?',
    'error: bad.yaml:6:12: listeners[0].auth[0]: expected one of password, trust, session, certificate, oidc, oauthbearer, not "trsut"; did you mean "trust"?',
  ]);
});

test('check: listeners of HTTP and MCP are counted, and not asked for a catalog', async () => {
  const more = `  - { name: crm, protocol: http, listen: "127.0.0.1:0", upstream: "https://crm.example.com", auth: [trust] }
  - { name: tools, protocol: mcp, listen: "127.0.0.1:0", upstream: "http://127.0.0.1:1/mcp", auth: [trust] }
  - { name: files, protocol: mcp, listen: "127.0.0.1:0", upstream: { command: [npx, -y, files-server] }, auth: [trust] }
`;
  const config = file('four.yaml', CONFIG.replace('policy: policy', `${more}policy: policy`));
  const { code, out } = await sluice(['check', '--config', config]);
  assert.equal(code, 0);
  assert.match(
    out,
    /four\.yaml: 4 listeners \(shop → 127\.0\.0\.1:1\/shop, crm → https:\/\/crm\.example\.com:443, tools → http:\/\/127\.0\.0\.1:1\/mcp, files → npx files-server\)/,
  );
  const json = JSON.parse((await sluice(['check', '--config', config, '--json'])).out);
  assert.deepEqual(
    json.listeners.map(({ name, reached }: { name: string; reached: boolean | null }) => [name, reached]),
    [
      ['shop', false],
      ['crm', null],
      ['tools', null],
      ['files', null],
    ],
  );
});

test('check: an upstream that cannot be reached is said, and is no error', async () => {
  const config = file('sluice.yaml', CONFIG);
  const { code, out } = await sluice(['check', '--config', config]);
  assert.equal(code, 0);
  assert.match(
    out,
    /note: the upstream of listener "shop" \(127\.0\.0\.1:1\/shop\) cannot be asked for its catalog: .*ECONNREFUSED/,
  );
  assert.match(out, /warning: .*sluice\.yaml:6:11: listeners\[0\]\.auth: trust: everyone/);
  assert.match(out, /ok {2}.*sluice\.yaml: 1 listener \(shop → 127\.0\.0\.1:1\/shop\)/);
  assert.match(out, /ok {2}.*policy\.yaml: 1 rule and 7 of the baseline, default allow\n/);
  const json = await sluice(['check', '--config', config, '--json']);
  assert.equal(json.code, 0);
  assert.match(json.out, /"ok": true/);
});

test('explain with a configuration and a schema file contacts no upstream', async () => {
  const config = file('sluice.yaml', CONFIG);
  const args = ['explain', '--config', config, '--schema', SCHEMA, '--listener', 'shop'];
  const { code, out } = await sluice([...args, 'DROP TABLE shop.orders']);
  assert.equal(code, 0);
  assert.match(out, /DENY {8}by rule "no-drop" at .*policy\.yaml:3/);
  assert.match(out, /as anyone \(in no group\) on listener shop\n/);
  const wrong = await sluice([
    'explain',
    '--config',
    config,
    '--schema',
    SCHEMA,
    '--listener',
    'shp',
    'SELECT 1',
  ]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.error, /there is no listener "shp" in .*; did you mean "shop"\?/);
  const live = await sluice(['explain', '--config', config, 'SELECT 1']);
  assert.equal(live.code, 2);
  assert.match(
    live.error,
    /the upstream of listener "shop" .* cannot be asked for its catalog: .*ECONNREFUSED/,
  );
});

test('check: files that the configuration names have to be there', async () => {
  const config = file(
    'files.yaml',
    CONFIG.replace('policy.yaml', 'none.yaml').replace(
      'auth:',
      'tls: { cert: no.crt, key: no.key }\n    auth:',
    ),
  );
  const { code, error } = await sluice(['check', '--config', config]);
  assert.equal(code, 2);
  assert.match(error, /files\.yaml:6:18: listeners\[0\]\.tls\.cert: there is no file /);
  assert.match(error, /files\.yaml:8:9: policy: there is no file /);
});

test('check: a policy alone, against a schema file', async () => {
  const good = await sluice(['check', '--policy', policy, '--schema', SCHEMA, '--server-version', '13']);
  assert.equal(good.code, 0);
  assert.match(
    good.out,
    /^ok {2}.*1 rule and 7 of the baseline, default allow, held against \d+ tables and views\n$/,
  );
  const wrong = file(
    'tables.yaml',
    'default: allow\nrules:\n  - { name: a, when: { tables: [shop.ordrs] }, then: deny }\n',
  );
  const bad = await sluice(['check', '--policy', wrong, '--schema', SCHEMA]);
  assert.equal(bad.code, 2);
  assert.match(
    bad.error,
    /tables\.yaml:3:33: rules\[0\]\.when\.tables\[0\]: no table matches "shop\.ordrs"; did you mean "shop\.orders"\?/,
  );
});

test('files that are none: each is told as what it is', async () => {
  mkdirSync(join(directory, 'folder'));
  for (const [path, expected] of [
    [join(directory, 'nowhere', 'x.yaml'), 'there is no such file'],
    [join(directory, 'folder'), 'expected a file, and this is a directory'],
    [
      file('binary.yaml', Buffer.from([0x64, 0x00, 0xff, 0xfe])),
      'expected text in UTF-8, and this is a binary file',
    ],
    [file('empty.yaml', ''), 'the file is empty'],
    [file('tabs.yaml', 'default: allow\nrules:\n\t- x'), 'Tabs are not allowed as indentation'],
    [join(policy, 'x'), 'there is no such file: a part of its path is no directory'],
  ] as const) {
    for (const args of [
      ['check', '--policy', path],
      ['check', '--config', path],
      ['explain', '--policy', path, 'SELECT 1'],
      ['test', path],
    ]) {
      const { code, error } = await sluice(args);
      assert.equal(code, 2, args.join(' '));
      assert.ok(error.includes(expected), `${args.join(' ')}: ${error}`);
    }
  }
});

test('the JSON Schema for editors has every key of a rule, with words for it', async () => {
  const { code, out } = await sluice(['schema', 'policy']);
  assert.equal(code, 0);
  assert.match(out, /"\$schema": "https:\/\/json-schema\.org\/draft\/2020-12\/schema"/);
  assert.match(out, /"title": "Sluice policy"/);
  assert.match(out, /"description": "Tables and views, also those reached through a view.*Such as/);
  for (const name of ['config', 'test']) assert.equal((await sluice(['schema', name])).code, 0);
  assert.match(
    (await sluice(['schema', 'polcy'])).error,
    /expected policy, config or test, not "polcy"; did you mean "policy"\?/,
  );
});

test('an older Node is told which one is needed, not what it cannot load', () => {
  const older = 'Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.20.2"}})';
  const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${older}`, main, '--version'],
    { encoding: 'utf8' },
  );
  assert.equal(stderr, 'sluice needs Node 24 or newer; this is 20.20.2\n');
  assert.equal(stdout, '');
  assert.equal(status, 2);
});

test('docs/commands.md lists every command, and none that is not there', () => {
  const page = readFileSync(new URL('../../docs/commands.md', import.meta.url), 'utf8');
  const listed = [...page.matchAll(/^\| `sluice ([a-z]+)` +\|/gm)].map(([, name]) => name).sort();
  assert.deepEqual(listed, COMMANDS.map(({ name }) => name).sort());
});
