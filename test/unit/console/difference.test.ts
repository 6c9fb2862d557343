/** Definitions side by side: which lines stand beside each other, and what is marked within a line. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commonEnds, rowsOf } from '../../../src/console/compared-lines.ts';
import { spacedJson } from '../../../src/console/spaced-json.ts';

test('what was taken out stands beside what was put in its place; what has no counterpart stands alone', () => {
  const rows = rowsOf([
    { change: ' ', line: '{' },
    { change: '-', line: 'a' },
    { change: '+', line: 'b' },
    { change: '+', line: 'c' },
    { change: ' ', line: '}' },
    { change: '-', line: 'd' },
  ]);
  assert.deepEqual(
    rows.map(({ left, right }) => `${left ?? ''}|${right ?? ''}`),
    ['{|{', 'a|b', '|c', '}|}', 'd|'],
  );
});

test('the ends that two lines have in common do not overlap, and cut no character in two', () => {
  assert.deepEqual(commonEnds('its id.', 'its own id.'), [4, 3]);
  assert.deepEqual(commonEnds('aa', 'aaa'), [2, 0]);
  assert.deepEqual(commonEnds('same', 'same'), [4, 0]);
  // The two share a half of their surrogate pairs.
  assert.deepEqual(commonEnds('x\u{1f600}y', 'x\u{1f601}y'), [1, 1]);
});

test('JSON gets white space between its tokens and is otherwise left as it was sent', () => {
  const sent = `{"id":12345678901234567890,"id":1.0,"text":"a, {b}: \\"c\\" \\u0041","none":{},"list":[1,[2,3]],"rest":"${'x'.repeat(30)}"}`;
  const spaced = spacedJson(sent);
  assert.equal(spaced.replaceAll(/\n */g, '').replaceAll('": ', '":'), sent.replaceAll('": ', '":'));
  assert.match(spaced, /^{\n {2}"id": 12345678901234567890,\n {2}"id": 1\.0,\n {2}"text": "a, {b}: /);
  assert.match(spaced, /"none": {},\n {2}"list": \[\n {4}1,\n {4}\[\n {6}2,/);
  assert.equal(spacedJson('{"a":1}'), '{"a":1}');
  assert.equal(spacedJson(`name=value&${'x'.repeat(100)}`), `name=value&${'x'.repeat(100)}`);
});
