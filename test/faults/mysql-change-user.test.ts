/** COM_CHANGE_USER that comes to nothing, in all the ways there are: nobody gets in, and the journal tells who was there when. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { CAPABILITY as C } from '../../protocols/mysql/capabilities.ts';
import { command, failureOf, MysqlRawClient, packet, query, received } from '../support/mysql-raw-client.ts';
import { adminConnection, FLAVOURS, type MysqlPair, startMysqlPair } from '../support/mysql-servers.ts';
import { type Sluice, startSluice } from '../support/sluice.ts';
import { until } from '../support/until.ts';

const USERS = `[ { name: agent, groups: [agents], password: agent-secret }, { name: dba, groups: [dba], password: dba-secret } ]`;
const POLICY = `
default: allow
rules: [ { name: vault-is-closed, when: { tables: [shop.vault], groups: [agents] }, then: deny } ]
`;
const GOLD = 'SELECT gold FROM shop.vault';
const NATIVE = 'mysql_native_password';

let pair: MysqlPair;
const sluices = new Map<string, Sluice>();

before(async () => {
  pair = await startMysqlPair({ shop: false });
  for (const flavour of FLAVOURS) {
    const admin = await adminConnection(pair[flavour]);
    await admin.query(`CREATE DATABASE shop; CREATE TABLE shop.vault (gold varchar(20));
      INSERT INTO shop.vault VALUES ('gold-bar-1')`);
    await admin.end();
    const upstream = pair[flavour].url('shop');
    const listener = 'timeouts: { handshake: 600ms }';
    sluices.set(`${flavour}`, await startSluice({ upstream, policy: POLICY, listener }));
    sluices.set(
      `${flavour} password`,
      await startSluice({ upstream, policy: POLICY, listener, auth: ['password'], users: USERS }),
    );
  }
});

after(async () => {
  for (const sluice of sluices.values()) await sluice.stop();
  await pair?.stop();
});

function sha1(...parts: readonly Buffer[]): Buffer {
  return createHash('sha1').update(Buffer.concat(parts)).digest();
}

/** What mysql_native_password answers to a nonce. */
function answerTo(nonce: Buffer, password: string): Buffer {
  const once = sha1(Buffer.from(password));
  const mask = sha1(nonce, sha1(once));
  return Buffer.from(once.map((byte, n) => byte ^ (mask[n] ?? 0)));
}

/** Answers what is asked on the way in, by mysql_native_password; null: it is in, else the error's number, -1 for an end. */
async function proven(client: MysqlRawClient, password: string | null): Promise<number | null> {
  for (;;) {
    const next = await client.packet();
    if (next === null) return -1;
    if (next.body[0] === 0x00) return null;
    const failure = failureOf(next.body);
    if (failure !== null) return failure.errno;
    if (next.body[0] === 0x01) continue;
    const nonce = next.body.subarray(next.body.indexOf(0) + 1, next.body.indexOf(0) + 21);
    client.send(packet(next.sequence + 1, password === null ? '' : answerTo(nonce, password)));
  }
}

async function logIn(sluice: Sluice, password: string | null): Promise<MysqlRawClient> {
  const client = await MysqlRawClient.dial(sluice.port);
  const head = Buffer.alloc(32);
  head.writeUInt32LE((client.flags | C.CONNECT_WITH_DB) >>> 0, 0);
  head.writeUInt8(45, 8);
  // The nonce comes in two parts, of 8 bytes and 12, behind the version and the connection's id.
  const at = client.greeting.indexOf(0, 1) + 5;
  const nonce = Buffer.concat([
    client.greeting.subarray(at, at + 8),
    client.greeting.subarray(at + 27, at + 39),
  ]);
  const answer = password === null ? Buffer.alloc(0) : answerTo(nonce, password);
  client.send(packet(1, head, 'agent\0', Buffer.from([answer.length]), answer, `shop\0${NATIVE}\0`));
  assert.equal(await proven(client, password), null);
  return client;
}

function changeTo(user: string, plugin = NATIVE, more: Buffer = Buffer.alloc(0)): Buffer {
  return command(0x11, `${user}\0\0shop\0`, Buffer.from([45, 0]), `${plugin}\0`, more);
}

/** Of each session in the journal, what came behind its end. */
async function assertEndsAreLast(sluice: Sluice): Promise<void> {
  const count = (wanted: string) => sluice.records().filter(({ type }) => type === wanted).length;
  await until(() => count('session-start') === count('session-end'), 'all ends to be recorded');
  const ended = new Set<unknown>();
  const begun = new Set<unknown>();
  for (const { type, session } of sluice.records()) {
    if (session === undefined) continue;
    if (type === 'session-start') begun.add(session);
    assert.ok(!ended.has(session), `${String(type)} behind the end of its session`);
    if (type === 'session-end') ended.add(session);
    else if (type !== 'login-refused') assert.ok(begun.has(session), `${String(type)} of no session`);
  }
}

for (const flavour of FLAVOURS) {
  for (const how of ['', ' password']) {
    const of = () => {
      const found = sluices.get(`${flavour}${how}`);
      assert.ok(found !== undefined);
      return found;
    };
    const isTrust = how === '';
    const agents = isTrust ? null : 'agent-secret';

    test(`promise 12: ${flavour}${how}: to a user whom nobody has, without a password, or by the wrong one: an error and the end`, async () => {
      const client = await logIn(of(), agents);
      assert.equal(await client.errno(GOLD), 1227);
      client.send(changeTo('dba'));
      assert.equal(await proven(client, isTrust ? null : 'dba-secret'), null);
      assert.deepEqual(await client.rows(GOLD), [['gold-bar-1']]);
      client.end();
      // Where everybody is trusted, everybody may come.
      const tried: readonly (readonly [string, string | null])[] = isTrust
        ? []
        : [
            ['nobody', 'x'],
            ['dba', null],
            ['dba', 'agent-secret'],
            ['dba', ''],
            ['root', 'rootpw'],
          ];
      for (const [user, password] of tried) {
        const client = await logIn(of(), agents);
        assert.deepEqual(await client.rows('SELECT 1'), [['1']]);
        client.send(changeTo(user), query(GOLD));
        const outcome = await proven(client, password);
        // The query that came ahead is no answer to what was asked.
        assert.ok(outcome === 1045 || outcome === 1835, `${user}: ${outcome}`);
        await until(() => client.closed, 'the end');
        assert.ok(!received(client).includes('gold-bar'));
        client.end();
      }
      await until(() => of().server.sessions.size === 0, 'the sessions to end');
      await assertEndsAreLast(of());
    });

    test(`promise 13: ${flavour}${how}: who never answers what is asked is ended in time; who goes is gone`, async () => {
      const silent = await logIn(of(), agents);
      silent.send(changeTo('dba', 'caching_sha2_password'));
      if (!isTrust) {
        assert.equal((await silent.packet())?.body[0], 0xfe);
        await until(() => silent.closed, 'the end', 5_000);
      }
      const gone = await logIn(of(), agents);
      gone.send(query('SELECT 1'), changeTo('dba'));
      gone.socket.end();
      await until(() => gone.closed, 'the end', 5_000);
      silent.end();
      gone.end();
      await until(() => of().server.sessions.size === 0, 'the sessions to end');
      await assertEndsAreLast(of());
    });

    // Under passwords each would be a failed login, of which there may not be many.
    if (!isTrust) continue;
    test(`${flavour}${how}: by plugins that are none, of characters that are not taken, in packets that are cut or too long`, async () => {
      const whole = changeTo('dba').subarray(4);
      const packets = [
        ...Array.from(whole.keys(), (size) => packet(0, whole.subarray(0, size + 1))),
        changeTo('dba', 'mysql_clear_password'),
        changeTo('dba', 'authentication_ldap_sasl_client'),
        changeTo('dba', '\xff\xfe'),
        changeTo('dba', NATIVE, Buffer.from([0xfe, ...Buffer.alloc(8, 0xff)])),
        changeTo('dba', NATIVE, Buffer.alloc(70_000, 0x61)),
        command(0x11, 'dba\0\0shop\0', Buffer.from([28, 0]), `${NATIVE}\0`),
        command(0x11, 'dba\0\0mysql`; DROP TABLE x\0', Buffer.from([45, 0]), `${NATIVE}\0`),
        command(0x11, Buffer.from([0xff, 0xfe, 0, 0, 0])),
        command(0x11, 'd'.repeat(5_000), Buffer.alloc(3)),
      ];
      const lanes = Array.from({ length: 6 }, async () => {
        for (let bytes = packets.pop(); bytes !== undefined; bytes = packets.pop()) {
          const client = await logIn(of(), agents);
          client.send(bytes);
          const outcome = await proven(client, 'wrong');
          // Under trust a packet that is merely short names a user all the same.
          if (outcome !== null) await until(() => client.closed, 'the end');
          else {
            assert.ok(isTrust);
            await client.rows('SELECT 1');
          }
          client.end();
        }
      });
      await Promise.all(lanes);
      await until(() => of().server.sessions.size === 0, 'the sessions to end');
      await assertEndsAreLast(of());
    });
  }
}
