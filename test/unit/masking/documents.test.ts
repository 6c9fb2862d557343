import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { MessageMaskers } from '../../../src/engine/message-maskers.ts';
import { ResponseMaskers } from '../../../src/engine/response-masker.ts';
import { ResultMasks } from '../../../src/engine/result-masks.ts';
import { TokenSeals } from '../../../src/engine/token-seals.ts';
import { isRefused, PLAIN_JSON, scanJson } from '../../../src/json/index.ts';
import { MaskPool } from '../../../src/masking/index.ts';
import { maskedParts } from '../../../src/transport/mcp/masked-messages.ts';

const EMAIL = 'ann.canary@example.com';
const mask = { name: 'm', masker: 'redact', options: undefined, nulls: 'keep', whole: false } as const;
const MASKS = {
  paths: [{ ...mask, paths: ['$..secret'] }],
  detected: [{ ...mask, detectors: ['email'], patterns: [] }],
};
const BYTES_MAX = 64 * 1024 * 1024;
const inPlace = new ResultMasks(new Map(), null);
const withThreads = new ResultMasks(new Map(), () => new MaskPool({ threads: 1 }));
after(() => withThreads.close());

const ROWS = JSON.stringify(
  Array.from({ length: 12_000 }, (_, n) => ({ id: n, secret: `s${n}`, mail: EMAIL, note: 'a\n"b"' })),
);

/** What it comes to; and whether the event loop went on meanwhile. */
async function watched<T>(work: Promise<T>): Promise<{ readonly value: T; readonly wentOn: boolean }> {
  let wentOn = false;
  setImmediate(() => {
    wentOn = true;
  });
  const value = await work;
  return { value, wentOn };
}

test('promise 13: a large answer is masked in a thread, to the same bytes as in place', async () => {
  const bytes = Buffer.from(ROWS);
  const before = Buffer.from(bytes);
  const here = await watched(new ResponseMaskers(inPlace, BYTES_MAX).for(MASKS).json(bytes));
  const there = await watched(new ResponseMaskers(withThreads, BYTES_MAX).for(MASKS).json(bytes));
  assert.deepEqual([here.wentOn, there.wentOn], [false, true]);
  assert.ok(here.value !== null && there.value !== null);
  assert.ok(here.value.equals(there.value));
  assert.ok(bytes.equals(before), 'what was given is still there');
  assert.doesNotMatch(there.value.toString(), /ann\.canary|"s\d/);
  const plain = Buffer.from(JSON.stringify(Array.from({ length: 40_000 }, (_, n) => `row ${n}`)));
  assert.equal(await new ResponseMaskers(withThreads, BYTES_MAX).for(MASKS).json(plain), plain);
});

test('promise 13: so is a large message, of which the nodes are those of its bytes', async () => {
  for (const result of [
    {
      content: [
        { type: 'text', text: ROWS },
        { type: 'text', text: EMAIL },
      ],
      nextCursor: EMAIL,
    },
    { content: [], structuredContent: { rows: JSON.parse(ROWS) }, nextCursor: 'x' },
  ]) {
    const bytes = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 7, result }));
    const document = scanJson(bytes, 0, bytes.length, PLAIN_JSON);
    assert.ok(!isRefused(document));
    const parts = (one: typeof document) => maskedParts(one, 'tools/list');
    const seals = new TokenSeals('shared');
    const here = new MessageMaskers(inPlace, seals).for(MASKS)?.mask(document, parts);
    const there = await watched(
      new MessageMaskers(withThreads, seals).for(MASKS)?.maskLarge(document, parts) ?? Promise.reject(),
    );
    assert.ok(there.wentOn);
    assert.ok(here?.bytes(0).equals(there.value.bytes(0)));
    const read = scanJson(there.value.source, 0, there.value.source.length, PLAIN_JSON);
    assert.ok(!isRefused(read));
    assert.equal(there.value.count, read.count);
    for (let node = 0; node < read.count; node++)
      assert.deepEqual(
        [there.value.start(node), there.value.end(node), there.value.kind(node)],
        [read.start(node), read.end(node), read.kind(node)],
      );
    assert.doesNotMatch(there.value.source.toString(), /ann\.canary/);
  }
});

test('promise 4: nothing is shown of what a thread could not mask', async () => {
  const failing = new ResultMasks(new Map(), () => {
    const pool = new MaskPool({ threads: 1 });
    void pool.close();
    return pool;
  });
  assert.equal(await new ResponseMaskers(failing, BYTES_MAX).for(MASKS).json(Buffer.from(ROWS)), null);
});

test('seals open for whoever shares the secret, and for nobody else', () => {
  const seals = new TokenSeals('shared');
  const sealed = seals.seal('é token');
  assert.equal(new TokenSeals('shared').open(sealed), 'é token');
  assert.equal(seals.seal('é token'), sealed);
  assert.equal(new TokenSeals('other').open(sealed), null);
  for (const other of [
    '',
    'é token',
    sealed.slice(0, -1),
    `${sealed.slice(0, 20)}A${sealed.slice(21)}`,
    'sealed-by-sluice.',
  ])
    assert.notEqual(seals.open(other), 'é token');
});
