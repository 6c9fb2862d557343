/** MCP servers that are programs: what goes over their pipes, and how they end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Method } from '../../protocols/mcp/methods.ts';
import type { Era } from '../../protocols/mcp/revisions.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { isObject, parseJson } from '../../src/core/json.ts';
import { LegError, type MessageToServer, type ServerStream } from '../../src/transport/mcp/legs.ts';
import { StdioLeg } from '../../src/transport/mcp/stdio-leg.ts';
import { until } from '../support/until.ts';

/** A program of Node's that has `say(message)` and calls `on(message)` for each line. */
function program(on: string): readonly [string, ...string[]] {
  const text = `
    const say = (message) => process.stdout.write(JSON.stringify(message) + '\\n');
    const answer = (id, result) => say({ jsonrpc: '2.0', id, result });
    const raw = [];
    const on = (message, line) => { ${on} };
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => on(JSON.parse(line), line));
  `;
  return [process.execPath, '-e', text];
}

interface Started {
  readonly leg: StdioLeg;
  readonly log: string[];
}

async function withLeg(
  on: string,
  run: (started: Started) => Promise<void>,
  { era = 'legacy', bytesMax = 100_000, environment = {} }: LegChoices = {},
): Promise<void> {
  const log: string[] = [];
  const leg = new StdioLeg(
    {
      command: program(on),
      environment: { PATH: process.env['PATH'] ?? '', ...environment },
      directory: process.cwd(),
      messageBytesMax: bytesMax,
      secrets: ['hush-hush-1'],
      log: (line) => log.push(line),
    },
    era,
  );
  try {
    await run({ leg, log });
  } finally {
    await leg.end();
  }
}

interface LegChoices {
  readonly era?: Era;
  readonly bytesMax?: number;
  readonly environment?: Readonly<Record<string, string>>;
}

function request(
  id: number | string,
  method: Method = 'tools/call',
  params = '{}',
  signal = new AbortController().signal,
): MessageToServer {
  const written = JSON.stringify(id);
  return {
    kind: 'request',
    bytes: Buffer.from(`{"jsonrpc":"2.0","id":${written},"method":"${method}","params":${params}}`),
    revision: '2025-06-18',
    method,
    id: { key: typeof id === 'number' ? `n${id}` : `s${id}`, written },
    subject: null,
    signal,
  };
}

async function all(stream: ServerStream): Promise<readonly JsonObject[]> {
  const messages: JsonObject[] = [];
  for await (const { message } of stream.events) {
    const read = parseJson(message?.toString() ?? 'null');
    if (isObject(read)) messages.push(read);
  }
  return messages;
}

test('an answer comes on the stream of its request, with its progress, whatever the order', async () => {
  const on = `
    if (message.id === 1) raw.push(message);
    if (message.id !== 2) return;
    say({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 'p1', progress: 1 } });
    answer(2, { second: true });
    answer(1, { first: true });
  `;
  await withLeg(on, async ({ leg }) => {
    const first = leg.send(request(1, 'tools/call', '{"_meta":{"progressToken":"p1"}}'));
    const second = leg.send(request(2));
    assert.equal((await second).shape, 'one');
    assert.equal((await first).shape, 'many');
    assert.deepEqual(
      (await all(await second)).map(({ id }) => id),
      [2],
    );
    assert.deepEqual(
      (await all(await first)).map(({ id, method }) => id ?? method),
      ['notifications/progress', 1],
    );
  });
});

test('what belongs to no request comes with the youngest one, or to whoever listens', async () => {
  const on = `
    if (message.method === 'ping') { answer(message.id, {}); setTimeout(() => say({ jsonrpc: '2.0', id: 's1', method: 'roots/list' }), 20); }
    if (message.method === 'tools/call') { say({ jsonrpc: '2.0', id: 's2', method: 'elicitation/create', params: {} }); answer(message.id, {}); }
  `;
  await withLeg(on, async ({ leg }) => {
    await all(await leg.send(request(1, 'ping')));
    const listening = await leg.listen(null, new AbortController().signal);
    const events = listening?.events[Symbol.asyncIterator]();
    const heard = await events?.next();
    assert.match(String(heard?.done === false ? heard.value.message : ''), /roots\/list/);
    const call = await all(await leg.send(request(2)));
    assert.deepEqual(
      call.map(({ id }) => id),
      ['s2', 2],
    );
  });
});

test('a message of several lines goes over the pipe as one', async () => {
  await withLeg('answer(message.id, { line })', async ({ leg }) => {
    const message = request(1, 'ping', '{\n  "a": 1\r\n}');
    const [answer] = await all(await leg.send(message));
    assert.deepEqual(answer?.['result'], { line: message.bytes.toString().replaceAll(/[\r\n]/g, ' ') });
  });
});

test('ids and tokens that two clients chose alike are kept apart', async () => {
  const on = `
    raw.push(message);
    if (raw.length < 2) return;
    if (raw[0].id === raw[1].id) process.exit(3);
    for (const { id, params } of raw.reverse()) {
      say({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: params._meta.progressToken, progress: params.n } });
      answer(id, { n: params.n });
    }
  `;
  const params = (n: number) => `{"n":${n},"_meta":{"progressToken":7}}`;
  await withLeg(
    on,
    async ({ leg }) => {
      const sent = [1, 2].map((n) => leg.send(request(7, 'tools/call', params(n))));
      for (const [n, stream] of (await Promise.all(sent)).entries()) {
        const [progress, answer] = await all(stream);
        assert.deepEqual(progress?.['params'], { progressToken: 7, progress: n + 1 });
        assert.deepEqual(answer, { jsonrpc: '2.0', id: 7, result: { n: n + 1 } });
      }
    },
    { era: 'modern' },
  );
});

test('whoever does not want the answer any more is told of by notifications/cancelled', async () => {
  const on = `
    raw.push(message.params);
    if (message.method === 'ping') answer(message.id, { raw });
  `;
  await withLeg(on, async ({ leg }) => {
    const controller = new AbortController();
    const stream = leg.send(request(5, 'tools/call', '{}', controller.signal));
    controller.abort();
    assert.deepEqual(await all(await stream), []);
    const [answer] = await all(await leg.send(request(6, 'ping')));
    assert.match(JSON.stringify(answer), /"requestId":5/);
  });
});

test('promise 9: an answer that is too long fails alone, and a slow reader stops the program', async () => {
  const on = `
    if (message.id === 1) { answer(1, { text: 'x'.repeat(200_000) }); answer(2, {}); }
    if (message.id !== 3) return;
    let said = 0;
    const more = () => {
      while (said < 400) {
        said++;
        if (!process.stdout.write(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 3, progress: said, message: 'x'.repeat(50_000) } }) + '\\n')) {
          process.stderr.write('said ' + said + '\\n');
          return process.stdout.once('drain', more);
        }
      }
      answer(3, {});
    };
    more();
  `;
  await withLeg(on, async ({ leg, log }) => {
    const long = leg.send(request(1));
    const short = leg.send(request(2));
    await assert.rejects(
      async () => all(await long),
      new LegError('not-mcp', 'the answer is longer than it may be'),
    );
    assert.equal((await all(await short)).length, 1);
    const slow = await leg.send(request(3, 'tools/call', '{"_meta":{"progressToken":3}}'));
    await until(() => log.some((line) => line.startsWith('said')), 'a full pipe');
    const events = slow.events[Symbol.asyncIterator]();
    await events.next();
    // A mebibyte here, what a pipe holds, and what its own writer does: far from the 20 MB that it has to say.
    const said = Number(/\d+/.exec(log.findLast((line) => line.startsWith('said')) ?? '')?.[0]);
    assert.ok(said < 60, `${said} of 400 messages were taken`);
    let count = 1;
    for (let next = await events.next(); next.done !== true; next = await events.next()) count++;
    assert.equal(count, 401);
  });
});

test('a program that ends fails what waits for it; one that is not there says so', async () => {
  await withLeg('process.exit(4)', async ({ leg }) => {
    const named = JSON.stringify(process.execPath);
    const error = new LegError('ended', `the program ${named} has ended with exit code 4`);
    await assert.rejects(async () => all(await leg.send(request(1))), error);
    assert.deepEqual(await leg.over, error);
    await assert.rejects(leg.send(request(2)), error);
  });
  const order = { environment: {}, directory: '/', messageBytesMax: 1_000, secrets: [], log: () => {} };
  const missing = new StdioLeg({ ...order, command: ['/nowhere/at/all'] }, 'legacy');
  const { fault, message } = await missing.over;
  assert.equal(fault, 'unreachable');
  assert.match(message, /^the program "\/nowhere\/at\/all" cannot be started: there is no such command/);
});

test('promise 11: what it writes to standard error is kept within bounds, without secrets', async () => {
  const on = `
    process.stderr.write('logging in with hush-hush-1 at postgres://agent:pa55@db/shop, password=open-sesame\\n');
    process.stderr.write('y'.repeat(100_000) + '\\n');
    process.stderr.write('line\\n'.repeat(5_000), () => answer(message.id, {}));
  `;
  await withLeg(on, async ({ leg, log }) => {
    await all(await leg.send(request(1)));
    await leg.end();
    assert.equal(log[0], 'logging in with [hidden] at postgres://agent:[hidden]@db/shop, password=[hidden]');
    assert.equal(log[1]?.length, 2_001);
    assert.equal(log.length, 201);
    assert.match(log.at(-1) ?? '', /more lines, which are not kept/);
  });
});

test('a program that does not end is made to, with what it has started', async () => {
  const on = `
    process.on('SIGTERM', () => {});
    const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    setInterval(() => {}, 1000);
    answer(message.id, { pids: [process.pid, child.pid] });
  `;
  await withLeg(on, async ({ leg }) => {
    const [answer] = await all(await leg.send(request(1)));
    const pids = [...JSON.stringify(answer).matchAll(/\d{2,}/g)].map(([pid]) => Number(pid));
    assert.equal(pids.length, 2);
    await leg.end();
    const isAlive = (pid: number) => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    };
    await until(() => !pids.some(isAlive), 'both to be gone');
  });
});
