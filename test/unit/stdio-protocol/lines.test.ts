/** Lines of MCP's stdio transport, at every cut and over every limit. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asLine, idOfTooLong, type Line, LineReader } from '../../../protocols/stdio/index.ts';

function read(text: string, size: number, bytesMax = 1_000): readonly Line[] {
  const reader = new LineReader(bytesMax);
  const bytes = Buffer.from(text);
  const lines: Line[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = Buffer.from(bytes.subarray(at, at + size));
    lines.push(...reader.push(chunk));
    // Whoever read the chunk reads the next one into it.
    chunk.fill(0x78);
  }
  const last = reader.end();
  return last === null ? lines : [...lines, last];
}

function texts(lines: readonly Line[]): readonly string[] {
  return lines.map((line) =>
    line.line === 'whole' ? line.bytes.toString() : `too long: ${line.first}…${line.last}`,
  );
}

test('lines are the same at every cut', () => {
  const text = '{"a":1}\n\n{"b":"é\\n"}\r\n\r\n{"c":3}';
  const wanted = ['{"a":1}', '{"b":"é\\n"}', '{"c":3}'];
  for (let size = 1; size <= Buffer.byteLength(text); size++)
    assert.deepEqual(texts(read(text, size)), wanted);
});

test('a line that is too long is not kept, and the next one is read', () => {
  const long = `{"result":"${'x'.repeat(5_000)}","jsonrpc":"2.0","id":7}`;
  for (const size of [1, 7, 100, 999, 1_001, 6_000]) {
    const lines = read(`{"a":1}\n${long}\n{"b":2}\n`, size);
    assert.deepEqual(
      lines.map(({ line }) => line),
      ['whole', 'too-long', 'whole'],
    );
    const [, cut] = lines;
    assert.ok(cut?.line === 'too-long');
    assert.ok(cut.first.length <= 512 && cut.last.length <= 512);
    assert.equal(idOfTooLong(cut.first, cut.last), '7');
  }
});

test('the limit holds to the byte', () => {
  for (const size of [1, 3, 100]) {
    assert.deepEqual(texts(read('12345678\r\n', size, 8)), ['12345678']);
    assert.deepEqual(texts(read('12345678\n', size, 8)), ['12345678']);
    assert.equal(read('123456789\n', size, 8)[0]?.line, 'too-long');
  }
});

test('whose answer it was is told by where writers put the id', () => {
  const idOf = (text: string) => idOfTooLong(Buffer.from(text), Buffer.from(text));
  assert.equal(idOf('{"jsonrpc":"2.0","id":"a-1","result":{"x":1}}'), '"a-1"');
  assert.equal(idOf('{"id": 4, "jsonrpc": "2.0", "result": {}}'), '4');
  assert.equal(idOf('{"result":{"id":3},"jsonrpc":"2.0","id":12}'), '12');
  assert.equal(idOf('{"jsonrpc":"2.0","method":"notifications/message","params":{}}'), null);
});

test('a message is written as one line', () => {
  assert.equal(asLine(Buffer.from('{\r\n  "a": "b\\n"\n}')).toString(), '{    "a": "b\\n" }\n');
});
