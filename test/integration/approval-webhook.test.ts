/** The webhook that tells people of requests: signed, retried, bounded, and never waited for. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { type ApprovalView, Webhook } from '../../src/approvals/index.ts';
import { isObject, parseJson } from '../../src/core/json.ts';
import { until } from '../support/until.ts';

const SECRET = 'a secret of the webhook';

interface Received {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

let server: Server;
let url: string;
const received: Received[] = [];
/** What the next requests are answered with; null: not at all. */
const answers: (number | null)[] = [];

before(async () => {
  server = createServer((request, response) => {
    void text(request).then((body) => {
      received.push({ headers: request.headers, body });
      const status = answers.shift() ?? 200;
      if (answers.length > 0 || status !== 0) response.writeHead(status).end('thanks');
      else request.socket.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  url = `http://127.0.0.1:${address.port}/hook?token=of-the-url`;
});

after(() => {
  server.closeAllConnections();
  server.close();
});

const VIEW: ApprovalView = {
  id: 'k7m2-pq9x',
  state: 'pending',
  kind: 'statement',
  principal: 'agent <!channel>',
  rule: 'second-person',
  by: ['dba'],
  approvers: 1,
  session: 'abc',
  reason: 'because & so',
  createdAt: '2026-03-01T09:30:00.000Z',
  expiresAt: '2026-03-01T09:45:00.000Z',
  settledAt: null,
  windowMs: null,
  uses: 0,
  votes: [],
  request: null,
  shown: { text: 'UPDATE t SET a = ```1``` WHERE b < 2' },
};

function hook(logged: string[] = [], to = url): Webhook {
  return new Webhook({
    url: to,
    secret: SECRET,
    retryMs: 5,
    log: (message, details) => logged.push(`${message} ${JSON.stringify(details)}`),
  });
}

test('signed with the time; what is in a request is text and never a mark', async () => {
  received.length = 0;
  const webhook = hook();
  webhook.send(VIEW, 'https://sluice.example/approvals/k7m2-pq9x');
  await until(() => webhook.counts.sent === 1, 'the delivery');
  const { headers, body } = received[0] ?? { headers: {}, body: '' };
  const signature = createHmac('sha256', SECRET)
    .update(`${headers['sluice-timestamp']}.${body}`)
    .digest('hex');
  assert.equal(headers['sluice-signature'], `v1=${signature}`);
  assert.ok(Math.abs(Number(headers['sluice-timestamp']) - Date.now() / 1000) < 60);
  const told = parseJson(body);
  assert.ok(isObject(told) && typeof told['text'] === 'string');
  assert.match(told['text'], /agent &lt;!channel&gt;/);
  assert.match(told['text'], /<https:\/\/sluice\.example\/approvals\/k7m2-pq9x\|Decide>/);
  assert.match(told['text'], /because &amp; so/);
  assert.equal(told['text'].split('```').length, 3);
  assert.ok(isObject(told['approval']) && told['approval']['id'] === VIEW.id);
  webhook.close();
});

test('what it does not take is tried again, and told in the log without its URL', async () => {
  received.length = 0;
  answers.push(500, 503, 0);
  const logged: string[] = [];
  const webhook = hook(logged);
  webhook.send(VIEW, null);
  await until(() => webhook.counts.sent === 1, 'the delivery');
  assert.equal(received.length, 4);
  assert.deepEqual(webhook.counts, { sent: 1, retried: 3, failed: 0 });
  assert.match(logged[0] ?? '', /tried again .*"tries":1,"failure":"it answered 500"/);
  assert.doesNotMatch(logged.join(), /of-the-url|a secret/);
  // Each try is signed with its own time.
  assert.equal(new Set(received.map(({ body }) => body)).size, 1);
  webhook.close();
});

test('one that is never there is given up, told and counted', async () => {
  const logged: string[] = [];
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
  const address = closed.address();
  assert.ok(typeof address === 'object' && address !== null);
  await new Promise((resolve) => closed.close(resolve));
  const webhook = hook(logged, `http://127.0.0.1:${address.port}/`);
  webhook.send(VIEW, null);
  await until(() => webhook.counts.failed === 1, 'the end of trying');
  assert.equal(webhook.counts.retried, 7);
  assert.match(logged.at(-1) ?? '', /was not told to the webhook .*ECONNREFUSED/);
  webhook.close();
});
