/** Promise 13: 2,000 clients that take their time harm nobody. Ten thousand are in test/soak/http-slow-clients.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exchange, ok, startRawUpstream } from '../support/http-upstream.ts';
import { slowCrowd, timedRequests } from '../support/slow-clients.ts';
import { startSluice } from '../support/sluice.ts';
import { until } from '../support/until.ts';

/** More than sockets hold: a client that does not read it keeps the server's connection busy. */
const bigAnswer = ok({ 'Content-Type': 'image/png' }, Buffer.alloc(4 * 1024 * 1024));
const CROWD = 2_000;

test('promise 13: two thousand slow clients harm nobody, and are ended when their time is up', async () => {
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
