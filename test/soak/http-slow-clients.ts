/**
 * Ten thousand clients that take their time, in front of one HTTP listener, and a neighbour beside them:
 * `node test/soak/http-slow-clients.ts`. It takes some 21,000 file descriptors (`ulimit -n 32768`), and some ten seconds.
 */
import { exchange, ok, startRawUpstream } from '../support/http-upstream.ts';
import { slowCrowd, timedRequests } from '../support/slow-clients.ts';
import { startSluice } from '../support/sluice.ts';
import { until } from '../support/until.ts';

/** More than sockets hold: a client that does not read it keeps the server's connection busy. */
const bigAnswer = ok({ 'Content-Type': 'image/png' }, Buffer.alloc(8 * 1024 * 1024));
const CROWD = 10_000;
const REQUESTS = 500;

const upstream = await startRawUpstream();
upstream.answer = ({ head }) => (head.startsWith('GET /big') ? bigAnswer : ok({}, 'hello'));
const sluice = await startSluice({
  upstream: `http://127.0.0.1:${upstream.port}`,
  listener: 'timeouts: { head: 20s, request: 20s }',
  config: 'limits: { connections: 12000 }',
});
const ask = () => exchange(sluice.port, 'GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
const report = (what: string, times: readonly number[]) =>
  console.log(
    `${what}: p50 ${times[Math.floor(REQUESTS / 2)]?.toFixed(1)} ms, p99 ${times[Math.floor(REQUESTS * 0.99)]?.toFixed(1)} ms`,
  );
report('alone', await timedRequests(ask, REQUESTS));
const crowd = await slowCrowd(sluice.port, CROWD);
crowd.nudge();
console.log(
  `${crowd.open} slow clients are connected, ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB of memory with both ends of them`,
);
report('beside them', await timedRequests(ask, REQUESTS));
await until(() => crowd.open <= CROWD / 4, 'the slow ones to be ended', 60_000);
console.log(`${crowd.open} are left, which have sent a whole request and do not read`);
crowd.close();
await sluice.stop();
await upstream.close();
