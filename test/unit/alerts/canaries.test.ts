/** Values in a stream of bytes, wherever its chunks end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CanaryPatterns, CanaryStream } from '../../../src/alerts/index.ts';

const FEW = ['canary@example.com', 'abab', 'babc'];
/** Enough of them for the automaton. */
const MANY = [...FEW, ...Array.from({ length: 30 }, (_, n) => `4929-0000-${1000 + n}`)];

function foundIn(values: readonly string[], text: string, chunkBytes: number): number {
  const stream = new CanaryStream(new CanaryPatterns(values));
  const bytes = Buffer.from(`..${text}..`);
  for (let at = 2; at < bytes.length - 2; at += chunkBytes) {
    const found = stream.find(bytes, at, Math.min(bytes.length - 2, at + chunkBytes));
    if (found !== -1) return found;
  }
  return -1;
}

for (const [name, values] of [
  ['searched one by one', FEW],
  ['by the automaton', MANY],
] as const) {
  test(`a value is found at every size of chunks, ${name}`, () => {
    for (const text of ['x canary@example.com y', 'canary@canary@example.com', 'xxabab', 'ababc', 'aababc']) {
      const wanted = values.findIndex((value) => text.includes(value));
      for (let size = 1; size <= text.length; size++) {
        const found = foundIn(values, text, size);
        assert.ok(found !== -1 && text.includes(values[found] ?? '?'), `${text} by ${size}`);
        assert.ok(wanted !== -1);
      }
    }
  });

  test(`nothing is found in what is only like it, ${name}`, () => {
    for (const text of ['canary@example.co m', 'abacabb', '4929-0000-100', 'canary@exampl', ''])
      for (let size = 1; size <= 8; size++) assert.equal(foundIn(values, text, size), -1, text);
  });

  test(`every value is told by its own number, ${name}`, () => {
    for (const [n, value] of values.entries()) assert.equal(foundIn(values, `--${value}--`, 64), n);
  });
}

test('bytes outside of what is given are not looked at', () => {
  const bytes = Buffer.from('canary@example.com');
  for (const values of [FEW, MANY]) {
    const stream = new CanaryStream(new CanaryPatterns(values));
    assert.equal(stream.find(bytes, 0, bytes.length - 1), -1);
    assert.equal(stream.find(bytes, bytes.length, bytes.length), -1);
    assert.equal(stream.find(bytes, bytes.length - 1, bytes.length), 0);
  }
});
