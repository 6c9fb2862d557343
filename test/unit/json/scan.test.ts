import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CANONICAL_JSON,
  compileJsonPath,
  isRefused,
  type JsonDocument,
  type JsonFault,
  PLAIN_JSON,
  scanJson,
} from '../../../src/json/index.ts';

function read(text: string | Buffer, limits = CANONICAL_JSON): JsonDocument | JsonFault {
  // Between other bytes, so that looking over an edge shows.
  const inner = Buffer.from(text);
  const source = Buffer.concat([Buffer.from('"[0'), inner, Buffer.from('0]"')]);
  const found = scanJson(source, 3, 3 + inner.length, limits);
  return isRefused(found) ? found.refused : found;
}

function documentOf(text: string): JsonDocument {
  const found = read(text);
  if (typeof found === 'string') throw new Error(`${text}: ${found}`);
  return found;
}

const REFUSED: readonly [string | Buffer, JsonFault][] = [
  ['', 'syntax'],
  [' ', 'syntax'],
  ['[1,]', 'syntax'],
  ['[,1]', 'syntax'],
  ['[1 2]', 'syntax'],
  ['{,}', 'syntax'],
  ['{"a"}', 'syntax'],
  ['{"a":}', 'syntax'],
  ['{"a":1,}', 'syntax'],
  ['{"a":1 "b":2}', 'syntax'],
  ['{a:1}', 'syntax'],
  ["{'a':1}", 'syntax'],
  ['{1:1}', 'syntax'],
  ['[1', 'syntax'],
  ['{"a":1', 'syntax'],
  ['[1}', 'syntax'],
  ['{"a":1]', 'syntax'],
  ['"a', 'syntax'],
  ['"\\x"', 'syntax'],
  ['"\\u12"', 'syntax'],
  ['"\\u12G4"', 'syntax'],
  ['"\n"', 'syntax'],
  ['"\u0000"', 'syntax'],
  ['01', 'syntax'],
  ['-', 'syntax'],
  ['+1', 'syntax'],
  ['.5', 'syntax'],
  ['1.', 'syntax'],
  ['1e', 'syntax'],
  ['1e+', 'syntax'],
  ['0x1', 'trailing'],
  ['NaN', 'syntax'],
  ['Infinity', 'syntax'],
  ['-Infinity', 'syntax'],
  ['True', 'syntax'],
  ['nul', 'syntax'],
  ['nulll', 'trailing'],
  ['// c\n1', 'syntax'],
  ['1 // c', 'trailing'],
  ['{}{}', 'trailing'],
  ['[] []', 'trailing'],
  ['\u00a01', 'syntax'],
  ['\f1', 'syntax'],
  [']', 'syntax'],
  [Buffer.from([0x22, 0xff, 0x22]), 'not-utf-8'],
  [Buffer.from([0x22, 0xc0, 0xaf, 0x22]), 'not-utf-8'],
  [Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 'not-utf-8'],
  ['\ufeff{}', 'byte-order-mark'],
  ['{"a":1,"a":2}', 'duplicate-name'],
  ['{"a":1,"\\u0061":2}', 'duplicate-name'],
  ['{"a":{"b":1,"b":1}}', 'duplicate-name'],
  ['{"method":1,"Method":2}', 'similar-names'],
  ['{"jsonrpc":1,"j\u017fonrpc":2}', 'similar-names'],
  ['{"kind":1,"\u212aind":2}', 'similar-names'],
  ['{"name":1,"na\u200bme":2}', 'similar-names'],
  ['{"name":1,"\uff4eame":2}', 'similar-names'],
  ['{"name":1,"na\\u0007me":2}', 'similar-names'],
  ['{"\u00e9":1,"e\\u0301":2}', 'similar-names'],
  ['"\\u0000"', 'nul'],
  ['{"a\\u0000":1}', 'nul'],
  ['"\\ud800"', 'lone-surrogate'],
  ['"\\udc00"', 'lone-surrogate'],
  ['"\\ud800\\ud800"', 'lone-surrogate'],
  ['"\\ud83dx"', 'lone-surrogate'],
  ['1e400', 'number-range'],
  ['-1E+309', 'number-range'],
  ['9'.repeat(400), 'number-range'],
  ['['.repeat(200) + ']'.repeat(200), 'too-deep'],
];

test('what could be read in two ways, or is no JSON, is refused', () => {
  for (const [text, fault] of REFUSED) assert.equal(read(text), fault, String(text));
});

test('what is only data may differ in case, hold NUL and any number where it need not be canonical', () => {
  for (const text of ['{"a":1,"A":2}', '"\\u0000"', '"\\ud800"', '1e400'])
    assert.equal(typeof read(text, PLAIN_JSON), 'object', text);
  assert.equal(read('{"a":1,"a":2}', PLAIN_JSON), 'duplicate-name');
});

test('limits hold exactly', () => {
  const limits = { bytesMax: 9, depthMax: 2, nodesMax: 4, canonical: true };
  assert.equal(typeof read('[1,2,[]]', limits), 'object');
  assert.equal(read('[1,2,[],]x', limits), 'too-large');
  assert.equal(read('[[[]]]', limits), 'too-deep');
  assert.equal(read('[1,2,3,4]', limits), 'too-many-values');
  // Depth costs no stack.
  const deep = 200_000;
  const open = { ...CANONICAL_JSON, depthMax: deep };
  assert.equal(typeof read('['.repeat(deep) + ']'.repeat(deep), open), 'object');
});

test('many names are compared as few are', () => {
  const names = Array.from({ length: 5_000 }, (_, n) => `"k${n}":${n}`);
  assert.equal(typeof read(`{${names.join()}}`), 'object');
  assert.equal(read(`{${names.join()},"k77":1}`), 'duplicate-name');
  assert.equal(read(`{${names.join()},"K77":1}`), 'similar-names');
});

test('values are found by pointer and by path, and decoded when asked for', () => {
  const document = documentOf(
    '{"a": [1, {"b/c": "x\\n\\ud83d\\ude00", "~": -0.10e2}], "": null, "SSN": "1", "é": [true, false]}',
  );
  assert.equal(document.text(document.at('/a/1/b~1c')), 'x\n😀');
  assert.equal(document.written(document.at('/a/1/~0')), '-0.10e2');
  assert.equal(document.kind(document.at('/')), 'null');
  assert.equal(document.kind(document.at('/é/1')), 'false');
  for (const pointer of ['/a/01', '/a/-', '/a/2', '/b', '/a/1/b', 'a', '/a/0/x', '/~2'])
    assert.equal(document.at(pointer), -1, pointer);
  assert.equal(document.similarMember(0, 'ssn'), document.at('/SSN'));
  assert.equal(document.member(0, 'ssn'), -1);
  for (let node = 0; node < document.count; node++) assert.equal(document.at(document.pointerOf(node)), node);
  const found = (path: string) =>
    compileJsonPath(path)
      ?.find(document)
      .map((node) => document.pointerOf(node));
  assert.deepEqual(found('$.ssn'), ['/SSN']);
  assert.deepEqual(found('$.a[*]'), ['/a/0', '/a/1']);
  assert.deepEqual(found('$.a[1]["b/c"]'), ['/a/1/b~1c']);
  assert.deepEqual(found("$..['b/c']"), ['/a/1/b~1c']);
  assert.deepEqual(found('$.*[0]'), ['/a/0', '/é/0']);
  assert.deepEqual(found('$'), ['']);
  for (const path of ['a', '$.', '$[', '$.a[-1]', '$.a[?(@)]', '$[1:2]', '$.a b'])
    assert.equal(compileJsonPath(path), null, path);
});

test('promise 4: a path finds a name however somebody else may read it: as a string of C, with what nobody sees', () => {
  const names = ['ssn\\u0000', 'ssn\\u0000x', 's\\u0008sn', '\\u0073sn\\u007f', 's\u200bsn', '\u017fSN'];
  for (const name of names) {
    const document = read(`{"a":{"${name}":1}}`, PLAIN_JSON);
    assert.ok(typeof document === 'object', String(document));
    assert.equal(compileJsonPath('$..ssn')?.find(document).length, 1, name);
  }
  const document = read('{"ssnx":1,"s\\u0000sn":1,"\\u0000ssn":1}', PLAIN_JSON);
  assert.ok(typeof document === 'object');
  assert.deepEqual(compileJsonPath('$..ssn')?.find(document), []);
});
