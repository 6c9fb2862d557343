/** Sluice stops in time, whatever clients of HTTP and MCP leave half done. */
import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { ok, startRawUpstream } from '../support/http-upstream.ts';
import { startSluice } from '../support/sluice.ts';
import { until } from '../support/until.ts';

const HALF = [
  '',
  'POST /mcp HT',
  'POST /mcp HTTP/1.1\r\nHost: HOST\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
  // Asked, and not read.
  'GET /big HTTP/1.1\r\nHost: HOST\r\n\r\n',
];

for (const hurried of [false, true])
  test(`promise 13: requests that clients never finish keep no Sluice from stopping${hurried ? ', nor from hurrying' : ''}`, async () => {
    const upstream = await startRawUpstream();
    const big = ok({ 'Content-Type': 'image/png' }, Buffer.alloc(4 * 1024 * 1024));
    upstream.answer = () => big;
    const url = `http://127.0.0.1:${upstream.port}`;
    const sluice = await startSluice({
      upstream: url,
      listeners: [
        `{ name: tools, protocol: mcp, listen: "127.0.0.1:0", upstream: "${url}/mcp", auth: [trust] }`,
      ],
      drain: hurried ? '60s' : '300ms',
    });
    const sockets = ['shop', 'tools'].flatMap((name) =>
      HALF.map((bytes) => {
        const port = sluice.server.ports.get(name) ?? 0;
        const socket = net.connect(port, '127.0.0.1', () =>
          socket.write(bytes.replace('HOST', `127.0.0.1:${port}`)),
        );
        return socket.on('error', () => {}).pause();
      }),
    );
    await until(
      () => sockets.every(({ bytesWritten, connecting }) => !connecting && bytesWritten >= 0),
      'all to connect',
    );
    await until(() => upstream.got.length === 1, 'the request for what is not read');
    const begunMs = performance.now();
    const stopped = sluice.stop();
    if (hurried) sluice.server.hurry();
    await stopped;
    const tookMs = performance.now() - begunMs;
    assert.ok(tookMs < 10_000, `it took ${tookMs} ms`);
    for (const socket of sockets) socket.destroy();
    await upstream.close();
  });
