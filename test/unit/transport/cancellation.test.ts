import assert from 'node:assert/strict';
import { test } from 'node:test';
import { abortSignalOf, Cancellation } from '../../../src/transport/cancellation.ts';

test('listeners are called once and in order, those that were taken away not, those that come late not either', () => {
  const cancellation = new Cancellation();
  const called: string[] = [];
  const gone = () => called.push('gone');
  cancellation.addEventListener('abort', () => called.push('first'));
  cancellation.addEventListener('abort', gone);
  cancellation.addEventListener('abort', () => called.push('last'));
  cancellation.removeEventListener('abort', gone);
  cancellation.abort();
  cancellation.abort();
  cancellation.addEventListener('abort', () => called.push('late'));
  assert.deepEqual(called, ['first', 'last']);
  assert.ok(cancellation.aborted);
});

test('whoever needs a signal of Node’s gets one that says the same', () => {
  const cancellation = new Cancellation();
  const signal = abortSignalOf(cancellation);
  assert.ok(!signal.aborted);
  cancellation.abort();
  assert.ok(signal.aborted);
  assert.ok(abortSignalOf(cancellation).aborted);
  const own = new AbortController().signal;
  assert.equal(abortSignalOf(own), own);
});
