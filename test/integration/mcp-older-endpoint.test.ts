/** Where a server of HTTP+SSE (2024-11-05) says that messages go: to itself, and to nobody else. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { isObject, parseJson } from '../../src/core/json.ts';
import { type RawUpstream, startRawUpstream } from '../support/http-upstream.ts';
import { beginSession } from '../support/mcp-http.ts';
import { startSluice } from '../support/sluice.ts';

const PATH = '/messages?id=7';
const OWN = ['', 'http://127.0.0.1:PORT', 'HTTP://somebody@127.0.0.1:PORT', '//127.0.0.1:PORT'];
const FOREIGN = [
  'http://127.0.0.1:1',
  'https://127.0.0.1:PORT',
  '//evil.example',
  '\\\\evil.example',
  'http://127.0.0.1:PORT.evil.example',
  'http://127.0.0.1:PORT@evil.example',
  'javascript:',
];

/** Answers initialize and tools/list on its stream, which begins with what `endpoint` gives. */
async function startOlder(endpoint: (port: number) => string): Promise<RawUpstream> {
  const raw = await startRawUpstream();
  let stream: Socket | null = null;
  raw.answer = ({ head, body }) => {
    if (head.startsWith('GET /sse'))
      return (socket) => {
        stream = socket;
        const fields = 'Content-Type: text/event-stream\r\nConnection: close';
        socket.write(`HTTP/1.1 200 OK\r\n${fields}\r\n\r\nevent: endpoint\ndata: ${endpoint(raw.port)}\n\n`);
      };
    if (!head.startsWith(`POST ${PATH} `))
      return Buffer.from('HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n');
    const message = parseJson(body.toString());
    if (isObject(message) && message['id'] !== undefined) {
      const { id, method } = message;
      const about = { capabilities: { tools: {} }, serverInfo: { name: 'older', version: '1' } };
      const result = method === 'initialize' ? { protocolVersion: '2024-11-05', ...about } : { tools: [] };
      stream?.write(`event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', id, result })}\n\n`);
    }
    return Buffer.from('HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n');
  };
  return raw;
}

test('a server of HTTP+SSE may write out the URL for messages, of itself and of nobody else', async () => {
  let begins = '';
  const older = await startOlder((port) => `${begins.replace('PORT', String(port))}${PATH}`);
  const sluice = await startSluice({ upstream: `http://127.0.0.1:${older.port}/sse`, protocol: 'mcp' });
  const url = `http://127.0.0.1:${sluice.port}/mcp`;
  try {
    for (begins of OWN) {
      const inSession = await beginSession(url, {}, '2024-11-05');
      assert.match((await inSession('tools/list')).body, /"tools":\[\]/, begins);
    }
    const arrived = () => older.got.filter(({ head }) => head.includes(PATH)).length;
    const before = arrived();
    for (begins of FOREIGN)
      await assert.rejects(
        beginSession(url, {}, '2024-11-05'),
        /the server wants messages to be sent elsewhere, to \S+/,
        begins,
      );
    assert.equal(arrived(), before);
  } finally {
    await sluice.stop();
    await older.close();
  }
});
