import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventFields, PieceSplitter } from '../../../protocols/http/index.ts';

function split(kind: 'lines' | 'events', bytes: Buffer, cuts: readonly number[]): string[] {
  const splitter = new PieceSplitter(kind, 1_000);
  const out: string[] = [];
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    const pieces = splitter.push(bytes.subarray(from, cut));
    assert.notEqual(pieces, 'too-long');
    if (pieces !== 'too-long') out.push(...pieces.map(String));
    from = cut;
  }
  const rest = splitter.end().toString();
  return rest === '' ? out : [...out, rest];
}

const STREAM = Buffer.from('data: one\nid: 1\n\n: c\r\n\r\nevent: x\rdata:two\r\r\n\ndata\n\nlast: é');

test('a stream cut anywhere gives the same pieces, which together are the same bytes', () => {
  const events = split('events', STREAM, []);
  assert.deepEqual(events, [
    'data: one\nid: 1\n\n',
    ': c\r\n\r',
    '\nevent: x\rdata:two\r\r',
    '\n\n',
    'data\n\n',
    'last: é',
  ]);
  const lines = split('lines', STREAM, []);
  assert.equal(events.join(''), STREAM.toString());
  for (let a = 0; a <= STREAM.length; a++) {
    for (let b = a; b <= STREAM.length; b += 3) {
      assert.deepEqual(split('events', STREAM, [a, b]), events, `${a} ${b}`);
      assert.deepEqual(split('lines', STREAM, [a, b]), lines, `${a} ${b}`);
    }
  }
});

test('fields of an event are where their values are', () => {
  const fields = (text: string) => {
    const piece = Buffer.from(text);
    return eventFields(piece).map(({ name, start, end }) => [name, piece.utf8Slice(start, end)]);
  };
  assert.deepEqual(fields('\ufeffdata: a\r\n: c\ndata:  b:c\rid\nretry: \n\n'), [
    ['data', 'a'],
    ['', 'c'],
    ['data', ' b:c'],
    ['id', ''],
    ['retry', ''],
  ]);
});

test('promise 9: a piece that does not end is given up', () => {
  const splitter = new PieceSplitter('lines', 10);
  assert.deepEqual(splitter.push(Buffer.from('12345')), []);
  assert.equal(splitter.push(Buffer.from('678901')), 'too-long');
  assert.equal(new PieceSplitter('events', 10).push(Buffer.from('data: 12345678\n\n')), 'too-long');
});
