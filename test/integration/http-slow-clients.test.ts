/**
 * Promise 13: 500 clients that take their time harm nobody, nor do idle event streams. Ten thousand of each are in
 * test/soak/http-slow-clients.ts.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exchange, ok, startRawUpstream } from '../support/http-upstream.ts';
import { ask } from '../support/mcp-http.ts';
import { quietMcp } from '../support/mcp-quiet.ts';
import { slowCrowd, timedRequests } from '../support/slow-clients.ts';
import { startSluice } from '../support/sluice.ts';
import { until } from '../support/until.ts';

/** More than sockets hold: a client that does not read it keeps the server's connection busy. */
const bigAnswer = ok({ 'Content-Type': 'image/png' }, Buffer.alloc(4 * 1024 * 1024));
const CROWD = 500;
const STREAMS = 250;

test('promise 13: 500 slow clients harm nobody, and are ended when their time is up', async () => {
  const upstream = await startRawUpstream();
  upstream.answer = ({ head }) => (head.startsWith('GET /big') ? bigAnswer : ok({}, 'hello'));
  const sluice = await startSluice({
    upstream: `http://127.0.0.1:${upstream.port}`,
    listener: 'timeouts: { head: 1s, request: 1s }',
  });
  const crowd = await slowCrowd(sluice.port, CROWD);
  try {
    crowd.nudge();
    const ask = () => exchange(sluice.port, 'GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    const times = await timedRequests(ask, 40);
    // The middle one, since others use this machine as well; who had to wait for a slow one would wait for seconds.
    const middle = times[20] ?? Number.POSITIVE_INFINITY;
    assert.ok(middle < 500, `the middle one took ${middle} ms`);
    // Those that have sent a whole request and only do not read are no slower than they may be.
    let looks = 0;
    await until(
      () => {
        if (++looks % 40 === 0) crowd.nudge();
        return crowd.open <= CROWD / 4;
      },
      'the slow ones to be ended',
      60_000,
    );
    assert.match(await ask(), /^HTTP\/1\.1 200/);
  } finally {
    crowd.close();
    await sluice.stop();
    await upstream.close();
  }
});

for (const era of ['legacy', 'modern'] as const)
  test(`promise 13: 250 idle streams and as many slow clients at an MCP listener harm nobody, and leave nothing behind (${era} server)`, async () => {
    const upstream = await startRawUpstream();
    const quiet = quietMcp(upstream, era);
    const sluice = await startSluice({
      upstream: `http://127.0.0.1:${upstream.port}/mcp`,
      protocol: 'mcp',
      listener: 'timeouts: { head: 1s, request: 1s }',
    });
    const idle = await slowCrowd(sluice.port, STREAMS, { kinds: ['stream'], path: '/mcp' });
    const slow = await slowCrowd(sluice.port, STREAMS, { kinds: ['silent', 'head', 'body'], path: '/mcp' });
    try {
      await until(() => idle.begun === STREAMS, 'every stream to begin', 30_000);
      // One session stands for all that ask in the same way.
      assert.equal(quiet.streams, era === 'legacy' ? 1 : STREAMS);
      slow.nudge();
      const url = `http://127.0.0.1:${sluice.port}/mcp`;
      assert.match((await ask(url, 'tools/call', { name: 'echo', arguments: {} })).body, /hello/);
      quiet.change();
      await until(() => idle.heard === STREAMS, 'every stream to hear of it', 30_000);
      await until(() => slow.open === 0, 'the slow ones to be ended', 60_000);
      assert.equal(idle.open, STREAMS);
      idle.close();
      const { sessions } = sluice.server;
      const streamSessions = () => [...sessions.briefs()].length;
      await until(() => streamSessions() <= 1, 'their sessions to end', 30_000);
      if (era === 'modern') await until(() => quiet.streams === 0, 'their streams to end', 30_000);
    } finally {
      idle.close();
      slow.close();
      await sluice.stop();
      await upstream.close();
    }
  });
