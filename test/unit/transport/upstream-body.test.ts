import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UpstreamBody } from '../../../src/transport/http-upstream-body.ts';

function source() {
  const said: string[] = [];
  const body = new UpstreamBody({
    pause: () => said.push('pause'),
    resume: () => said.push('resume'),
    abort: (reason) => said.push(`abort: ${reason.message}`),
  });
  return { said, body };
}

const bytes = (length: number) => Buffer.alloc(length, 0x61);

test('what has come whole is taken at once; what has not, is not', () => {
  const { body, said } = source();
  body.push(bytes(2));
  assert.equal(body.takeWhole(), null);
  body.push(bytes(3));
  body.end();
  assert.equal(body.takeWhole()?.toString(), 'aaaaa');
  assert.deepEqual(said, []);
});

test('promise 9: a server is held up while what has come is not read, and goes on behind it', async () => {
  const { body, said } = source();
  for (let n = 0; n < 9; n++) body.push(bytes(8 * 1024));
  assert.deepEqual(said, ['pause']);
  for (let n = 0; n < 8; n++) await body.read();
  assert.deepEqual(said, ['pause']);
  await body.read();
  assert.deepEqual(said, ['pause', 'resume']);
  body.end();
  assert.equal(await body.read(), null);
});

test('whoever waits is told of the next bytes, of the end, and of what it breaks off with', async () => {
  const { body } = source();
  const next = body.read();
  body.push(bytes(1));
  assert.equal((await next)?.length, 1);
  const broken = body.read();
  body.fail(new Error('reset'));
  await assert.rejects(broken, /reset/);
  await assert.rejects(body.read(), /reset/);
  assert.equal(body.takeWhole(), null);
});

test('what is left in the middle is let go of; what has ended is not', async () => {
  const left = source();
  left.body.push(bytes(1));
  for await (const chunk of left.body) {
    assert.equal(chunk.length, 1);
    break;
  }
  assert.deepEqual(left.said, ['abort: the answer was let go of']);
  await assert.rejects(left.body.read(), /let go of/);
  const ended = source();
  ended.body.push(bytes(1));
  ended.body.end();
  const lengths: number[] = [];
  for await (const chunk of ended.body) lengths.push(chunk.length);
  ended.body.destroy();
  assert.deepEqual(lengths, [1]);
  assert.deepEqual(ended.said, []);
});

test('a body that nobody wants is read on, so that its connection can be used again', () => {
  const { body, said } = source();
  body.push(bytes(70 * 1024));
  body.discard();
  body.push(bytes(70 * 1024));
  assert.deepEqual(said, ['pause', 'resume']);
});
