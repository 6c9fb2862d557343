/** Values in every spelling that a model reads, in the answers of an MCP server, over real sockets. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isObject, parseJson } from '../../src/core/json.ts';
import {
  type Answer,
  exchange,
  type Got,
  ok,
  type RawUpstream,
  startRawUpstream,
} from '../support/http-upstream.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';

const SSN = '078-05-1120';
const CARD = '4111111111111111';
const EMAIL = 'ann.canary@example.com';
const SECRET = 'hunter2-hunter2';
const CANARY = /078-?05-?1120|78051120|4111111111111111|4\.111111111111111e|ann\.canary|hunter2/;
const JSON_TYPE = { 'Content-Type': 'application/json' };

let upstream: RawUpstream;
let sluice: Sluice;
let result: unknown = {};

before(async () => {
  upstream = await startRawUpstream();
  upstream.answer = answerOf;
  sluice = await startSluice({
    upstream: `http://127.0.0.1:${upstream.port}/mcp`,
    protocol: 'mcp',
    policy: `default: allow
masks:
  - { detect: [email, us-ssn, credit-card], with: redact }
  - { json: ["$..secret", "$.people[*].code"], with: redact }
`,
  });
});

after(async () => {
  await sluice.stop();
  await upstream.close();
});

function answerOf(got: Got): Answer {
  const message = got.body.length === 0 ? null : parseJson(got.body.toString());
  if (!isObject(message) || message['id'] === undefined) return ok({});
  return ok(
    { ...JSON_TYPE, 'Mcp-Session-Id': 'of-the-server' },
    JSON.stringify({ jsonrpc: '2.0', id: message['id'], result: resultOf(message['method']) }),
  );
}

function resultOf(method: unknown): unknown {
  if (method === 'initialize')
    return {
      protocolVersion: '2025-11-25',
      capabilities: { tools: {}, resources: {} },
      serverInfo: { name: 'h', version: '1' },
    };
  return method === 'tools/list' ? { tools: [{ name: 'query', inputSchema: { type: 'object' } }] } : result;
}

let session: string | null = null;

/** Head and body of what comes back. */
function post(message: unknown): Promise<string> {
  const body = JSON.stringify({ jsonrpc: '2.0', ...Object(message) });
  const head = [
    `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${sluice.port}`,
    'Connection: close',
    'Content-Type: application/json',
    'Accept: application/json, text/event-stream',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(session === null ? [] : [`Mcp-Session-Id: ${session}`]),
  ];
  return exchange(sluice.port, `${head.join('\r\n')}\r\n\r\n${body}`);
}

async function ask(method: string, params: Record<string, unknown>): Promise<string> {
  if (session === null) {
    const clientInfo = { name: 'raw', version: '1' };
    const opening = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
    const opened = await post({ id: 1, method: 'initialize', params: opening });
    session = /^mcp-session-id: (\S+)\r$/im.exec(opened)?.[1] ?? null;
    await post({ method: 'notifications/initialized' });
  }
  const answer = await post({ id: 5, method, params });
  const [, ...rest] = answer.split('\r\n\r\n');
  return Buffer.from(rest.join('\r\n\r\n'), 'latin1').toString();
}

/** The texts that a client gets for these. */
async function textsOf(...texts: readonly string[]): Promise<readonly string[]> {
  result = { content: texts.map((text) => ({ type: 'text', text })) };
  const read = parseJson(await ask('tools/call', { name: 'query', arguments: {} }));
  assert.ok(isObject(read) && isObject(read['result']), JSON.stringify(read));
  const { content } = read['result'];
  assert.ok(Array.isArray(content), JSON.stringify(read));
  return content.map((block) => (isObject(block) ? String(block['text']) : ''));
}

const wide = (text: string) =>
  text.replaceAll(/[!-~]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0));
const arabic = (text: string) =>
  text.replaceAll(/\d/g, (digit) => String.fromCharCode(0x660 + Number(digit)));
/** As a model reads it, in so far as this test hides something. */
const read = (text: string) =>
  text
    .replaceAll(/&#(\d+);?/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .normalize('NFKC')
    .replaceAll(/[\u0660-\u0669]/g, (digit) => String(digit.charCodeAt(0) - 0x660))
    .replaceAll(/[\p{M}\p{Cf}]/gu, '')
    .replaceAll(/[\u2010-\u2015]/g, '-');

test('promise 4: digits and letters of another form are read as a model reads them', async () => {
  for (const [name, hidden] of [
    ['full-width card', wide(CARD)],
    ['full-width SSN', wide(SSN)],
    ['full-width address', wide(EMAIL)],
    ['Arabic digits', arabic(SSN)],
    ['mathematical digits', CARD.replaceAll(/\d/g, (digit) => String.fromCodePoint(0x1d7d8 + Number(digit)))],
    ['circled digits', CARD.replaceAll('1', '\u2460')],
    ['zero-width blanks', [...CARD].join('\u200b')],
    ['soft hyphens', [...SSN].join('\u00ad')],
    ['combining marks', [...CARD].join('\u0336')],
    ['dashes', SSN.replaceAll('-', '\u2011')],
    ['references', CARD.replaceAll('1', '&#49;')],
    ['a full-width at-sign', EMAIL.replace('@', '\uff20')],
  ] as const) {
    const [shown = ''] = await textsOf(`Zoë said — (${hidden}), and ${name}: ok`);
    assert.doesNotMatch(read(shown), CANARY, `${name}: ${shown}`);
    assert.match(shown, /^Zoë said — \(.*redacted.*\), and .*: ok$/, name);
    const [json = ''] = await textsOf(JSON.stringify({ a: hidden, n: 1.0, b: [`é ${hidden}`] }));
    assert.doesNotMatch(read(json), CANARY, `${name} in JSON: ${json}`);
    assert.ok(isObject(parseJson(json)), json);
  }
  for (const plain of [
    'Zoë — “naïve” … 東京都 ½ ² №5',
    'नमस्ते ४५६ १२',
    'a\u200bb 12\u00a0345,67 €',
    'R&#38;D &#x1F600;',
  ])
    assert.deepEqual(await textsOf(plain), [plain]);
});

test('promise 4: Base64 and hexadecimal digits in texts are looked into, wherever they begin', async () => {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const url = (text: string) => Buffer.from(text).toString('base64url');
  const hex = (text: string) => Buffer.from(text).toString('hex');
  const row = JSON.stringify({ id: 1, name: 'Zoë', ssn: SSN, secret: SECRET });
  const long = base64(`${'x'.repeat(100)} ${EMAIL} ${'y'.repeat(100)}`);
  for (const hidden of [
    base64(SSN),
    url(SSN),
    base64(row),
    url(row),
    `x${base64(`is ${SSN}`)}`,
    `/files/${url(`to ${EMAIL}`)}/x`,
    `\\x${hex(SSN)}`,
    hex(row).toUpperCase(),
    `a${hex(`call ${EMAIL}`)}`,
    base64(base64(row)),
    base64(hex(row)),
    long.replaceAll(/(.{76})/g, '$1\n'),
    long.replaceAll(/(.{64})/g, '$1\r\n'),
  ]) {
    for (const text of [`It is: ${hidden} (1 row)`, JSON.stringify({ value: hidden })]) {
      const [shown = ''] = await textsOf(text);
      assert.doesNotMatch(decodings(shown), CANARY, `${hidden}: ${shown}`);
      assert.notEqual(shown, text);
    }
  }
  const sha = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
  const plain = [
    sha,
    base64('nothing to see here, move along'),
    'customer_name_of_the_person',
    '0b5a7c1e-90a1-4d7c-8f2e',
  ];
  for (const text of plain) assert.deepEqual(await textsOf(text), [text]);
});

/** What comes of a text in all the ways in which this test hides something, twice. */
function decodings(text: string, depth = 0): string {
  const runs = text.replaceAll(/\r?\n/g, '').match(/[\w+/-]{12,}/g) ?? [];
  const inside = runs.flatMap((run) => [
    ...[0, 1, 2, 3].map((shift) => Buffer.from(run.slice(shift), 'base64').toString('latin1')),
    ...[0, 1, 2].map((shift) => Buffer.from(run.replace(/^x/, '').slice(shift), 'hex').toString('latin1')),
    ...run.split(/[/]/).map((part) => Buffer.from(part, 'base64').toString('latin1')),
  ]);
  const all = [text, ...inside].join('\n');
  return depth < 2 ? `${all}\n${inside.map((one) => decodings(one, depth + 1)).join('\n')}` : all;
}

test('promise 4: a value that is split over content blocks is found, and other blocks stay', async () => {
  for (const parts of [
    ['the card 4111 1111 ', '1111 1111 of Ann'],
    ['the card 41111111', '11111111 of Ann'],
    ['the card 4111 1111', '1111 1111 of Ann'],
    ['mail ann.can', 'ary@exam', 'ple.com now'],
    [...`ssn ${SSN}`],
    [`${'long '.repeat(400)}4111-1111-`, `1111-1111 ${'long '.repeat(400)}`],
    [`"quoted" 078-`, `05-1120\n`],
  ]) {
    const shown = await textsOf('before: ', ...parts, ' (after)');
    assert.equal(shown[0], 'before: ');
    assert.equal(shown.at(-1), ' (after)');
    for (const joint of ['', ' ', '\n'])
      assert.doesNotMatch(
        shown.join(joint).replaceAll(/\s/g, ''),
        /078-05-1120|4111-?1111-?1111|ann\.canary/,
        shown.join('|'),
      );
    assert.match(shown.join(''), /redacted/);
  }
  const plain = ['call 4111', '1111 times', 'nothing 12', '34'];
  assert.deepEqual(await textsOf(...plain), plain);
});

test('promise 4: columns of tables in texts are masked by the last name of a path', async () => {
  const csv = `id,secret,name\r\n1,${SECRET},Ann\r\n2,"${SECRET}, ""x""\nmore",Bob\r\n`;
  const tables = [
    csv,
    csv.replaceAll(',', ';'),
    `id\tsecret\n1\t${SECRET}\n`,
    `| id | Secret | name |\n|----|:------:|------|\n| 1 | ${SECRET} | Ann |\n| 2 | ${SECRET} | a \\| b |\n\nThat is all.`,
    ` id |      secret      | name\n----+------------------+------\n  1 | ${SECRET} | Ann\n(1 row)\n`,
    `+----+---------+\n| id | secret  |\n+----+---------+\n|  1 | ${SECRET} |\n+----+---------+\n`,
    `┌────┬────────┐\n│ id │ secret │\n├────┼────────┤\n│ 1  │ ${SECRET} │\n└────┴────────┘\n`,
    `secret\n${SECRET}\n${SECRET}\n`,
    `id: 1\nsecret: ${SECRET}\nname: Ann\n`,
    `-[ RECORD 1 ]---\nid     | 1\nsecret | ${SECRET}\n`,
    `*** 1. row ***\n    id: 1\nsecret: ${SECRET}\n`,
    `Here:\n\n\`\`\`csv\n${csv}\`\`\`\nDone.`,
  ];
  for (const table of tables) {
    const [shown = ''] = await textsOf(table);
    assert.doesNotMatch(shown, CANARY, `${table}\n=> ${shown}`);
    assert.match(shown, /\[redacted\]/);
    assert.equal(/Ann/.test(shown), /Ann/.test(table), shown);
    assert.equal(/(?:That is all|Done)\.$/.test(shown), /(?:That is all|Done)\.$/.test(table), shown);
  }
  for (const plain of ['No secret here, and none there.\nOr is there, my friend?\n', 'id,name\n1,Ann\n'])
    assert.deepEqual(await textsOf(plain), [plain]);
});

test('promise 4: numbers of JSON are read by their digits, by name where a name says what they are', async () => {
  const rows = `[{"ssn":78051120,"n":78051120},{"customerSsn":7805112,"x":1},{"card":4.111111111111111e15},{"card":4111111111111111.0},{"n":41111111111111110E-1}]`;
  const [shown = ''] = await textsOf(rows);
  const parsed: unknown = JSON.parse(shown);
  assert.ok(Array.isArray(parsed));
  assert.doesNotMatch(shown.replace('"n":78051120', ''), /78051120|7805112\b|4\.?111111111/, shown);
  assert.match(shown, /"n":78051120/);
});

test('promise 4: a cursor that holds a masked value comes sealed, and the server gets its own back', async () => {
  const row = { after: { ssn: SSN, secret: SECRET } };
  for (const cursor of [
    Buffer.from(JSON.stringify(row)).toString('base64'),
    JSON.stringify(row),
    `at ${EMAIL}`,
  ]) {
    result = { resources: [], nextCursor: cursor };
    const first = await ask('resources/list', {});
    assert.doesNotMatch(decodings(first), CANARY, first);
    const shown = parseJson(first);
    assert.ok(isObject(shown) && isObject(shown['result']));
    const { nextCursor } = shown['result'];
    assert.equal(await ask('resources/list', {}), first);
    await ask('resources/list', { cursor: nextCursor });
    const sent = parseJson(upstream.got.at(-1)?.body.toString() ?? '');
    assert.ok(isObject(sent) && isObject(sent['params']));
    assert.equal(sent['params']['cursor'], cursor);
  }
  result = { resources: [], nextCursor: 'eyJwYWdlIjoyfQ==' };
  assert.match(await ask('resources/list', {}), /"nextCursor":"eyJwYWdlIjoyfQ=="/);
  result = { resources: [], nextCursor: Number(CARD) };
  assert.doesNotMatch(await ask('resources/list', {}), CANARY);
  result = { task: { taskId: SSN, status: 'working', createdAt: '2026-01-01T00:00:00Z', ttl: 1 } };
  assert.doesNotMatch(await ask('tools/call', { name: 'query', arguments: {} }), CANARY);
});

test('promise 4: a large answer, which a thread masks, has no canary either', async () => {
  const people = Array.from({ length: 20_000 }, (_, n) => ({
    id: n,
    secret: SECRET,
    mail: EMAIL,
    note: `row ${n}`,
  }));
  result = { content: [{ type: 'text', text: JSON.stringify(people) }] };
  const shown = await ask('tools/call', { name: 'query', arguments: {} });
  assert.doesNotMatch(shown, CANARY);
  assert.match(shown, /row 19999/);
  const read = parseJson(shown);
  assert.ok(isObject(read));
});
