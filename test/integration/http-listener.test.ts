/** An HTTP listener from end to end: who comes, what is decided, what is recorded, and how it ends. */
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { test } from 'node:test';
import { ProxyError } from '../../src/core/errors.ts';
import { requestIn, voteOn } from '../support/approvals.ts';
import { exchange, ok, type RawUpstream, startRawUpstream } from '../support/http-upstream.ts';
import { type Sluice, type SluiceOptions, startSluice } from '../support/sluice.ts';
import { until } from '../support/until.ts';

interface Stand {
  readonly upstream: RawUpstream;
  readonly sluice: Sluice;
  ask(request?: string, user?: string, password?: string): Promise<string>;
}

async function withStand(
  options: Omit<SluiceOptions, 'upstream'>,
  run: (stand: Stand) => Promise<void>,
): Promise<void> {
  const upstream = await startRawUpstream();
  const sluice = await startSluice({ upstream: `http://127.0.0.1:${upstream.port}`, ...options });
  const ask = (request = 'GET /x', user = 'agent', password = '') => {
    const [line = '', body = ''] = request.split('\n');
    const login = Buffer.from(`${user}:${password}`).toString('base64');
    const length = body === '' ? '' : `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
    return exchange(
      sluice.port,
      `${line} HTTP/1.1\r\nHost: api\r\nAuthorization: Basic ${login}\r\n${length}Connection: close\r\n\r\n${body}`,
    );
  };
  try {
    await run({ upstream, sluice, ask });
  } finally {
    await sluice.stop();
    await upstream.close();
  }
}

const USERS =
  '[ { name: agent, groups: [agents], password: "s3cret:x" }, { name: dba, groups: [dba], password: other } ]';

test('promise 11: who comes proves it, and neither side’s secret reaches the other', async () => {
  const listener = 'credentials: { bearer: upstream-token }';
  await withStand({ auth: ['password'], users: USERS, listener }, async ({ upstream, sluice, ask }) => {
    assert.match(await ask('GET /x', 'agent', 's3cret:x'), /^HTTP\/1\.1 200[\s\S]*hello$/);
    const { head } = upstream.got[0] ?? { head: '' };
    assert.match(head, /\r\nauthorization: Bearer upstream-token$/);
    assert.doesNotMatch(head, /Basic/);
    for (const [user, password] of [
      ['agent', 'wrong'],
      ['agent', ''],
      ['nobody', 's3cret:x'],
      ['', ''],
    ])
      assert.match(
        await ask('GET /x', user, password),
        /^HTTP\/1\.1 401 [\s\S]*www-authenticate: Basic realm="shop"[\s\S]*login-failed/,
      );
    for (const authorization of [
      '',
      'Authorization: Bearer eyJhbGciOiJub25lIn0.e30.\r\n',
      'Authorization: Basic ???\r\n',
      'Authorization: Digest x\r\n',
      'Authorization: Basic\r\n',
    ])
      assert.match(
        await exchange(sluice.port, `GET /x HTTP/1.1\r\nHost: a\r\n${authorization}\r\n`, /\n$/),
        /^HTTP\/1\.1 401/,
      );
    assert.equal(upstream.got.length, 1);
    const texts = JSON.stringify(sluice.records()) + sluice.log();
    assert.doesNotMatch(texts, /upstream-token|s3cret/);
    // A rule cannot be asked for by what is not forwarded, nor can a client bring the upstream's field itself.
    await exchange(
      sluice.port,
      `GET /x HTTP/1.1\r\nHost: a\r\nAuthorization: Basic ${Buffer.from('dba:other').toString('base64')}\r\nX-Api-Key: mine\r\nProxy-Authorization: Basic x\r\nConnection: close\r\n\r\n`,
    );
    assert.doesNotMatch(upstream.got[1]?.head ?? '', /x-api-key|proxy-auth/i);
  });
});

test('promise 8: requests and denials are in the journal before anything is forwarded', async () => {
  const policy = `default: deny
rules:
  - { name: read, when: { methods: [GET], paths: ["/orders/*"], groups: [agents] }, then: allow }
  - { name: transfers, when: { methods: [POST], paths: ["/transfer"], body: { /currency: [EUR], /amount: { under: 100 } } }, then: allow }
`;
  await withStand({ policy }, async ({ upstream, sluice, ask }) => {
    upstream.answer = (got) => {
      if (got.head.startsWith('GET /orders/7'))
        seen.push(sluice.records().some(({ text }) => String(text).startsWith('GET /orders/7?a=b')));
      return ok({}, 'hello');
    };
    const seen: boolean[] = [];
    assert.match(await ask('GET /orders/7?a=b'), /^HTTP\/1\.1 200/);
    assert.deepEqual(seen, [true]);
    assert.match(await ask('GET /orders/7/x'), /^HTTP\/1\.1 403 [\s\S]*no rule allows GET \/orders\/7\/x/);
    assert.match(await ask('GET /Orders/7'), /^HTTP\/1\.1 403/);
    assert.match(await ask('GET /orders/7', 'dba'), /^HTTP\/1\.1 403/);
    assert.match(await ask('POST /transfer\n{"currency":"EUR","amount":99}'), /^HTTP\/1\.1 200/);
    assert.match(await ask('POST /transfer\n{"currency":"EUR","amount":100}'), /^HTTP\/1\.1 403/);
    assert.match(await ask('POST /transfer\n{"currency":"EUR","amount":"9"}'), /^HTTP\/1\.1 403/);
    assert.match(await ask('POST /transfer\n{"Currency":"EUR","amount":9}'), /^HTTP\/1\.1 403/);
    assert.equal(upstream.got.length, 2);
    await until(
      () => sluice.records().filter(({ type }) => type === 'session-end').length === 8,
      'the ends of sessions',
    );
    const records = sluice.records();
    const statement = records.find(({ type }) => type === 'statement');
    assert.equal(statement?.['via'], 'http');
    assert.equal(statement?.['rule'], 'read');
    assert.deepEqual(statement?.['kinds'], ['GET']);
    assert.equal(records.filter(({ type }) => type === 'denied').length, 6);
    assert.match(JSON.stringify(records), /"tag":"200"[^}]*"bytes":5/);
  });
});

test('a rule speaks of SQL or of requests, and what it only asks of people and times holds for both', async () => {
  const policy = `default: allow
rules:
  - { name: sql-only, when: { effects: [read, write] }, then: deny }
  - { name: nobody, when: { users: [dba] }, then: deny }
`;
  await withStand({ policy }, async ({ ask }) => {
    assert.match(await ask(), /^HTTP\/1\.1 200/);
    assert.match(await ask('GET /x', 'dba'), /^HTTP\/1\.1 403 [\s\S]*nobody/);
  });
});

test('promise 7: what needs approval is told with its id, and runs once after it, as it was shown', async () => {
  const policy = `default: allow
rules:
  - { name: refunds, when: { paths: [/refund] }, then: { approve: { by: [dba] } } }
  - { name: waits, when: { paths: [/wait] }, then: { approve: { by: [dba], wait: 30s } } }
`;
  await withStand({ policy }, async ({ upstream, sluice, ask }) => {
    const refund = 'POST /refund\n{"order":7}';
    const first = await ask(refund);
    assert.match(first, /^HTTP\/1\.1 403 [\s\S]*retry-after: 30[\s\S]*approval-needed/);
    const id = /"ids":\["([a-z0-9-]+)"\]/.exec(first)?.[1] ?? '';
    assert.match(await ask(refund), new RegExp(`"ids":\\["${id}"\\]`));
    await voteOn(sluice, id, 'approve');
    assert.match(await ask('POST /refund\n{"order":8}'), /approval-needed/);
    assert.match(await ask(refund, 'dba'), /approval-needed/);
    assert.equal(upstream.got.length, 0);
    assert.match(await ask(refund), /^HTTP\/1\.1 200/);
    assert.match(await ask(refund), /approval-needed/);
    assert.equal(upstream.got.length, 1);
    assert.equal(upstream.got[0]?.body.toString(), '{"order":7}');

    const waiting = ask('GET /wait');
    const open = await requestIn(sluice, 'pending', ({ rule }) => rule === 'waits');
    await voteOn(sluice, open.id, 'approve');
    assert.match(await waiting, /^HTTP\/1\.1 200/);
  });
});

test('promise 5: answers are cut at their limit, budgets and rates count them', async () => {
  const policy = `default: allow
rules:
  - { name: small, when: { paths: ["/s/*"] }, then: { limit: { bytes: 100 } } }
  - { name: few, when: { paths: [/events] }, then: { limit: { rows: 2 } } }
  - { name: often, when: { paths: [/often] }, then: { rate: { statements: 2, every: 1h } } }
`;
  await withStand({ policy }, async ({ upstream, sluice, ask }) => {
    upstream.answer = ({ head }) => {
      if (head.startsWith('GET /s/known')) return ok({}, 'x'.repeat(101));
      if (head.startsWith('GET /s/within')) return ok({}, 'x'.repeat(100));
      if (head.startsWith('GET /s/'))
        return Buffer.from(
          `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${`32\r\n${'y'.repeat(50)}\r\n`.repeat(3)}0\r\n\r\n`,
        );
      return ok({ 'Content-Type': 'text/event-stream' }, 'data: 1\n\ndata: 2\n\ndata: 3\n\n');
    };
    assert.match(await ask('GET /s/known'), /^HTTP\/1\.1 429 [\s\S]*small/);
    assert.match(await ask('GET /s/within'), /^HTTP\/1\.1 200/);
    const cut = await ask('GET /s/chunked');
    assert.doesNotMatch(cut, /\r\n0\r\n\r\n$/);
    assert.ok(cut.split('y').length - 1 <= 100);
    const events = await ask('GET /events');
    assert.match(
      events,
      /data: 1\n\n[\s\S]*data: 2\n\n[\s\S]*event: error\ndata: \{"code":"limit","rule":"few"/,
    );
    assert.doesNotMatch(events, /data: 3/);
    await ask('GET /often');
    await ask('GET /often');
    assert.match(await ask('GET /often'), /^HTTP\/1\.1 429 [\s\S]*often/);
    await until(() => /"truncatedBy":"few"/.test(JSON.stringify(sluice.records())), 'the record of the cut');
  });
});

test('an answer over its limit pauses until people have decided, and goes on or is cut', async () => {
  const policy = `default: allow
rules: [ { name: big, when: { methods: [GET] }, then: { limit: { bytes: 60, over: approve, by: [dba] } } } ]
`;
  await withStand({ policy }, async ({ upstream, sluice, ask }) => {
    const chunks = `32\r\n${'y'.repeat(50)}\r\n`.repeat(3);
    upstream.answer = () =>
      Buffer.from(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`);
    for (const verdict of ['approve', 'deny'] as const) {
      const answer = ask(`GET /${verdict}`);
      const open = await requestIn(sluice, 'pending', ({ rule }) => rule === 'big');
      assert.equal(open.kind, 'result');
      await voteOn(sluice, open.id, verdict);
      const text = await answer;
      const count = text.split('y').length - 1;
      if (verdict === 'approve') assert.equal(count, 150);
      else assert.ok(count <= 60, text);
    }
  });
});

test('an upstream that cannot be reached, breaks off or is silent is told as such', async () => {
  await withStand({ listener: 'timeouts: { upstream: 300ms }' }, async ({ upstream, ask }) => {
    upstream.answer = () => (socket) => socket.destroy();
    assert.match(await ask(), /^HTTP\/1\.1 502 [\s\S]*upstream-lost/);
    upstream.answer = () =>
      Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello');
    assert.match(await ask(), /^HTTP\/1\.1 502/);
    upstream.answer = () => Buffer.from('NONSENSE\r\n\r\n');
    assert.match(await ask(), /^HTTP\/1\.1 502 [\s\S]*upstream-malformed/);
    upstream.answer = () =>
      Buffer.from('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n');
    assert.match(await ask(), /^HTTP\/1\.1 502/);
    upstream.answer = () => () => {};
    assert.match(await ask(), /^HTTP\/1\.1 504 [\s\S]*upstream-timeout/);
    upstream.answer = () => Buffer.from('HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n');
    assert.match(await ask(), /^HTTP\/1\.1 204 No Content\r\nX-A: b\r\n/);
    await upstream.close();
    assert.match(await ask(), /^HTTP\/1\.1 502 [\s\S]*upstream-unreachable/);
  });
});

test('sessions are shown, ended by an administrator, and let finish when Sluice stops', async () => {
  await withStand({ drain: '10s' }, async ({ upstream, sluice, ask }) => {
    const releases: (() => void)[] = [];
    upstream.answer = () => (socket) => {
      releases.push(() => socket.write(ok({}, 'late')));
    };
    const slow = ask('GET /slow');
    await until(() => upstream.got.length === 1, 'the first request');
    const [brief] = [...sluice.server.sessions.briefs()];
    assert.equal(brief?.principal.name, 'agent');
    assert.equal(brief?.phase, 'busy');
    assert.equal(brief?.statements, 1);
    const cut = ask('GET /cut', 'dba');
    await until(() => upstream.got.length === 2, 'the second request');
    const other = [...sluice.server.sessions.briefs()].find(({ principal }) => principal.name === 'dba');
    sluice.server.sessions.terminate(other?.id ?? '', new ProxyError('terminated'));
    assert.equal(await cut, '');
    const stopped = sluice.server.stop();
    assert.equal(await exchange(sluice.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'), '');
    releases[0]?.();
    assert.match(await slow, /^HTTP\/1\.1 200[\s\S]*late$/);
    await stopped;
  });
});

test('promise 12: another login on a connection is another session; pipelined requests are answered in order', async () => {
  await withStand({}, async ({ upstream, sluice }) => {
    upstream.answer = ({ head }) => ok({}, head.split(' ')[1] ?? '');
    const login = (user: string) => `Authorization: Basic ${Buffer.from(`${user}:`).toString('base64')}\r\n`;
    const answer = await exchange(
      sluice.port,
      `GET /1 HTTP/1.1\r\nHost: a\r\n${login('agent')}\r\nGET /2 HTTP/1.1\r\nHost: a\r\n${login('agent')}\r\nGET /3 HTTP/1.1\r\nHost: a\r\n${login('agent')}Connection: close\r\n\r\n`,
    );
    assert.match(answer, /\/1HTTP[\s\S]*\/2HTTP[\s\S]*\/3$/);
    // Whoever sends many ahead of their answers is cut.
    upstream.answer = () => () => {};
    const many = 'GET /n HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(200);
    assert.equal(await exchange(sluice.port, many), '');
    assert.ok(upstream.got.length < 40);
    upstream.answer = ({ head }) => ok({}, head.split(' ')[1] ?? '');
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    for (const user of ['agent', 'dba', 'agent']) {
      await new Promise<void>((resolve, reject) => {
        const request = http.get(
          { port: sluice.port, host: '127.0.0.1', agent, auth: `${user}:`, path: `/${user}` },
          (response) => {
            response.resume().on('end', resolve);
          },
        );
        request.on('error', reject);
      });
    }
    agent.destroy();
    await until(
      () => sluice.records().filter(({ type }) => type === 'session-end').length === 5,
      'the ends of sessions',
    );
    const starts = sluice.records().filter(({ type }) => type === 'session-start');
    assert.deepEqual(
      starts.map(({ principal }) => principal),
      ['agent', 'anonymous', 'agent', 'dba', 'agent'],
    );
  });
});

test('promise 9: a slow reader slows its own upstream, and a request body streams', async () => {
  await withStand({}, async ({ upstream, sluice }) => {
    const total = 64 * 1024 * 1024;
    let sent = 0;
    upstream.answer = () => (socket) => {
      socket.write(
        `HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: ${total}\r\n\r\n`,
      );
      const chunk = Buffer.alloc(64 * 1024);
      const more = () => {
        while (sent < total) {
          sent += chunk.length;
          if (!socket.write(chunk)) {
            socket.once('drain', more);
            return;
          }
        }
      };
      more();
    };
    const slow = net.connect(sluice.port, '127.0.0.1');
    slow.pause();
    slow.write('GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    let before = -1;
    await until(() => {
      const still = sent > 0 && sent === before;
      before = sent;
      return still;
    }, 'the upstream to be slowed');
    assert.ok(sent < total / 2, `${sent} bytes were taken ahead of a client that reads nothing`);
    let read = 0;
    slow.on('data', (chunk) => {
      read += chunk.length;
    });
    slow.resume();
    await new Promise((resolve) => slow.on('close', resolve));
    assert.ok(read > total);
  });
});
