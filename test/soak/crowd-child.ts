/**
 * A process of the soak of slow clients, told what to be by its arguments and what to do by its parent:
 *     upstream ERA                      a server of HTTP and MCP; says its port, and tells its streams of a change when asked
 *     crowd PORT COUNT KINDS PATH FROM  clients that take their time; says how they are when asked
 * So that no process holds more sockets than it may, and none of them waits for another's event loop.
 */
import { ok, startRawUpstream } from '../support/http-upstream.ts';
import { quietMcp } from '../support/mcp-quiet.ts';
import { SLOW_KINDS, slowCrowd } from '../support/slow-clients.ts';

/** More than sockets hold: a client that does not read it keeps the server's connection busy. */
const BIG = ok({ 'Content-Type': 'image/png' }, Buffer.alloc(8 * 1024 * 1024));

const [task, ...given] = process.argv.slice(2);
const say = (message: object) => process.send?.(message);

if (task === 'upstream') {
  const raw = await startRawUpstream();
  raw.answer = ({ head }) => (head.startsWith('GET /big') ? BIG : ok({}, 'hello'));
  const quiet = quietMcp(raw, given[0] === 'modern' ? 'modern' : 'legacy');
  process.on('message', (order) => {
    if (order === 'change') quiet.change();
    say({ streams: quiet.streams });
  });
  say({ port: raw.port });
} else {
  const [port = '', count = '', kinds = '', path = '/', from = '2'] = given;
  const wanted = kinds
    .split(',')
    .map((kind) => [...SLOW_KINDS, 'stream' as const].find((one) => one === kind));
  const crowd = await slowCrowd(Number(port), Number(count), {
    kinds: wanted.filter((kind) => kind !== undefined),
    path,
    addressFrom: Number(from),
  });
  process.on('message', (order) => {
    if (order === 'nudge') crowd.nudge();
    if (order === 'close') crowd.close();
    say({ open: crowd.open, begun: crowd.begun, heard: crowd.heard, lost: [...new Set(crowd.lost)] });
  });
  say({ open: crowd.open });
}
process.once('disconnect', () => process.exit(0));
