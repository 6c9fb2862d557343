/** Sluice's own question for the search path, where it goes wrong. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { GOLDEN_SCHEMA } from '../../golden/scripts.ts';
import { type SoloDomain, soloDomain } from '../../golden/solo-session.ts';
import { bind, execute, flush, frame, parse, query, startup, sync } from '../../support/frontend.ts';

const ready = (status: string) => frame('Z', Buffer.from(status));
const cell = (text: string) => {
  const size = Buffer.alloc(4);
  size.writeInt32BE(text.length);
  return Buffer.concat([size, Buffer.from(text)]);
};
const ROW = frame('D', Buffer.from([0, 3]), cell('["public"]'), cell('on'), cell('UTF8'));
const PROBED = Buffer.concat([
  frame('3'),
  frame('1'),
  frame('2'),
  ROW,
  frame('C', Buffer.from('SELECT 1\0')),
  frame('3'),
  frame('3'),
  ready('I'),
]);
const CANCELLED = frame('E', Buffer.from('SERROR\0VERROR\0C57014\0Mcanceling statement\0\0'));

let domain: SoloDomain;
before(async () => {
  domain = await soloDomain(GOLDEN_SCHEMA);
});
after(() => domain?.close());

/** A session that is ready, its own question answered; what it sends is gathered until it is taken. */
function readySession() {
  let toClient = Buffer.alloc(0);
  let toServer = Buffer.alloc(0);
  const session = domain.session({
    toClient: (bytes) => {
      toClient = Buffer.concat([toClient, bytes]);
    },
    toServer: (bytes) => {
      toServer = Buffer.concat([toServer, bytes]);
    },
    connect() {},
    closed(error) {
      throw error ?? new Error('the session has ended');
    },
  });
  const client = (...messages: Buffer[]) => {
    const bytes = Buffer.concat(messages);
    session.fromDownstream(bytes, 0, bytes.length);
  };
  const server = (...messages: Buffer[]) => {
    const bytes = Buffer.concat(messages);
    session.fromUpstream(bytes, 0, bytes.length);
  };
  client(startup({ user: 'agent', database: 'shop' }));
  session.upstreamConnected();
  server(frame('R', Buffer.alloc(4)), frame('K', Buffer.alloc(8)), ready('I'));
  server(PROBED);
  const take = () => {
    const taken = { toClient, toServer };
    toClient = Buffer.alloc(0);
    toServer = Buffer.alloc(0);
    return taken;
  };
  take();
  return { client, server, take };
}

test('a cancel that hits the question amid a pipeline fails that pipeline, and the session goes on', () => {
  const { client, server, take } = readySession();
  client(parse('', 'SET search_path = other'), bind('', ''), execute(), flush());
  take();
  server(frame('1'), frame('2'), frame('C', Buffer.from('SET\0')));
  assert.ok(take().toServer.includes('current_schemas'));
  server(CANCELLED);
  assert.deepEqual(take().toClient, CANCELLED);
  client(sync());
  assert.ok(take().toServer.includes(sync()));
  server(ready('I'));
  assert.deepEqual(take().toClient, ready('I'));
  server(PROBED);
  client(parse('', 'SELECT 1'), sync());
  assert.ok(take().toServer.includes('SELECT 1'));
});

test('a cancel that hits the question between statements does not make it be asked without end', () => {
  const { client, server, take } = readySession();
  client(query('SET search_path = other'));
  take();
  server(frame('C', Buffer.from('SET\0')), ready('I'));
  assert.ok(take().toServer.includes('current_schemas'));
  server(frame('3'), frame('1'), CANCELLED, ready('I'));
  assert.ok(!take().toServer.includes('current_schemas'));
  client(query('SELECT 1'));
  assert.ok(take().toServer.includes('SELECT 1'));
  server(frame('C', Buffer.from('SELECT 1\0')), ready('I'));
  // The statement that the question left behind under its name goes before it is asked anew.
  const asked = take().toServer;
  assert.ok(asked.includes('current_schemas'));
  assert.deepEqual(asked.subarray(0, 1), Buffer.from('C'));
});
