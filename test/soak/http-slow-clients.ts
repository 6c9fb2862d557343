/**
 * Ten thousand clients that take their time at a listener of HTTP, and ten thousand idle event streams at one of MCP, with a
 * neighbour beside them: `npm run test:soak:http`. Sluice, the server and the crowds are processes of their own, from
 * several loopback addresses, and take three minutes. Sluice needs 13,000 file descriptors (`ulimit -n`), and 21,000 where
 * each idle stream has one at the server as well; where the hard limit is lower, that crowd is smaller, and it says so.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exchange } from '../support/http-upstream.ts';
import { SLOW_KINDS, timedRequests } from '../support/slow-clients.ts';
import { startSluiceProcess } from '../support/sluice-process.ts';
import { until } from '../support/until.ts';

const CROWD = 10_000;
/** Of one process. */
const CHILD_MAX = 5_000;
const REQUESTS = 300;
const P99_MS_MAX = 500;
/** Of resident memory, for each client that is connected. */
const BYTES_MAX = 128 * 1024;
const SPARE_FILES = 500;

interface Told {
  readonly port?: number;
  readonly open?: number;
  readonly begun?: number;
  readonly heard?: number;
  readonly streams?: number;
  readonly lost?: readonly string[];
}

class Child {
  readonly #process: ChildProcess;

  constructor(...args: readonly (string | number)[]) {
    this.#process = fork(join(import.meta.dirname, 'crowd-child.ts'), args.map(String));
  }

  told(): Promise<Told> {
    return new Promise((resolve, reject) => {
      const ended = () => reject(new Error('a process of the soak has ended'));
      this.#process.once('exit', ended);
      this.#process.once('message', (message) => {
        this.#process.off('exit', ended);
        resolve(Object(message));
      });
    });
  }

  ask(order: 'change' | 'nudge' | 'close' | 'how'): Promise<Told> {
    const told = this.told();
    this.#process.send(order);
    return told;
  }

  end(): void {
    this.#process.disconnect();
  }
}

class Crowd {
  readonly #children: readonly Child[];

  private constructor(children: readonly Child[]) {
    this.#children = children;
  }

  static async connect(port: number, count: number, kinds: string, path: string): Promise<Crowd> {
    const children: Child[] = [];
    for (let left = count; left > 0; left -= CHILD_MAX) {
      const from = 2 + 20 * children.length;
      const child = new Child('crowd', port, Math.min(left, CHILD_MAX), kinds, path, from);
      children.push(child);
      // One after the other: it is no test of how many connections are made at once.
      await child.told();
    }
    return new Crowd(children);
  }

  /** Why some are not connected. */
  async lost(): Promise<string> {
    const told = await Promise.all(this.#children.map((child) => child.ask('how')));
    return [...new Set(told.flatMap(({ lost }) => lost ?? []))].join('; ');
  }

  async sum(member: 'open' | 'begun' | 'heard', order: Parameters<Child['ask']>[0] = 'how'): Promise<number> {
    const told = await Promise.all(this.#children.map((child) => child.ask(order)));
    return told.reduce((sum, one) => sum + (one[member] ?? 0), 0);
  }

  end(): void {
    for (const child of this.#children) child.end();
  }
}

const MIB = 2 ** 20;
const filesMax = raiseFiles();

/** The hard limit, taken: children have it as well. */
function raiseFiles(): number {
  const hard = /Max open files\s+\S+\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? '4096';
  spawnSync('prlimit', ['--pid', String(process.pid), `--nofile=${hard}:${hard}`]);
  return Number(hard);
}

async function besideThem(
  name: string,
  ask: () => Promise<string>,
  crowd: { readonly count: number; readonly rssBefore: number; readonly rssBytes: () => number },
): Promise<void> {
  const times = await timedRequests(ask, REQUESTS);
  const at = (share: number) => times[Math.floor(REQUESTS * share)] ?? Number.POSITIVE_INFINITY;
  const rss = crowd.rssBytes();
  const each = (rss - crowd.rssBefore) / crowd.count;
  console.log(
    `${name}: a neighbour's p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms; ${Math.round(rss / MIB)} MiB, ${(each / 1024).toFixed(1)} KiB for each`,
  );
  assert.ok(at(0.99) < P99_MS_MAX, `p99 is over ${P99_MS_MAX} ms`);
  assert.ok(each < BYTES_MAX, `each takes more than ${BYTES_MAX / 1024} KiB`);
}

async function soak(era: 'legacy' | 'modern', streams: number, slow: number): Promise<void> {
  const upstream = new Child('upstream', era);
  const { port = 0 } = await upstream.told();
  const url = `http://127.0.0.1:${port}`;
  const sluice = await startSluiceProcess({
    upstream: url,
    listener: 'timeouts: { head: 45s, request: 45s }',
    listeners: [
      `{ name: tools, protocol: mcp, listen: "127.0.0.1:0", upstream: "${url}/mcp", auth: [trust], timeouts: { idle: 5s } }`,
    ],
    config: 'limits: { connections: 12000 }',
  });
  const [http = 0, mcp = 0] = sluice.ports;
  const rssBytes = () => sluice.rssBytes();
  const ask = () => exchange(http, 'GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  await timedRequests(ask, REQUESTS);
  const filesBefore = sluice.openFiles();
  const freed = () => until(() => sluice.openFiles() <= filesBefore + 50, 'its sockets to be closed', 60_000);
  if (slow > 0) {
    const rssBefore = rssBytes();
    const crowd = await Crowd.connect(http, slow, SLOW_KINDS.join(), '/x');
    await crowd.sum('open', 'nudge');
    const open = await crowd.sum('open');
    assert.equal(open, slow, `of ${slow}, ${open} are connected: ${await crowd.lost()}`);
    await besideThem(`${slow} slow clients`, ask, { count: slow, rssBefore, rssBytes });
    const left = async () => (await crowd.sum('open', 'nudge')) <= slow / SLOW_KINDS.length;
    await until(left, 'those that are slow with what they ask to be ended', 90_000);
    await crowd.sum('open', 'close');
    await freed();
    crowd.end();
  }
  const rssBefore = rssBytes();
  const idle = await Crowd.connect(mcp, streams, 'stream', '/mcp');
  await until(async () => (await idle.sum('begun')) === streams, 'every stream to begin', 120_000);
  await besideThem(`${streams} idle streams, ${era} server`, ask, { count: streams, rssBefore, rssBytes });
  await upstream.ask('change');
  await until(async () => (await idle.sum('heard')) === streams, 'every stream to hear of a change', 60_000);
  assert.equal(await idle.sum('open', 'close'), streams);
  await freed();
  if (era === 'modern')
    await until(
      async () => (await upstream.ask('how')).streams === 0,
      'the streams of the server to end',
      30_000,
    );
  idle.end();
  sluice.child.kill('SIGTERM');
  assert.equal(await sluice.exited, 0);
  await sluice.remove();
  upstream.end();
}

await soak('legacy', CROWD, CROWD);
const room = Math.min(CROWD, Math.floor((filesMax - SPARE_FILES) / 2));
if (room < CROWD)
  console.log(
    `of ${CROWD} streams with one at the server for each, ${room} have room: ulimit -Hn is ${filesMax}`,
  );
await soak('modern', room, 0);
