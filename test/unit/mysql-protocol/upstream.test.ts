import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CAPABILITY as C, STATUS } from '../../../protocols/mysql/capabilities.ts';
import { readLogin } from '../../../protocols/mysql/decode.ts';
import {
  authSwitchRequest,
  errPacket,
  greetingPacket,
  okPacket,
  packetOf,
} from '../../../protocols/mysql/encode.ts';
import { PayloadWriter } from '../../../protocols/mysql/payload-writer.ts';
import { UpstreamHandshake } from '../../../protocols/mysql/upstream.ts';
import type { UpstreamReady } from '../../../protocols/mysql/upstream-login.ts';
import type { UpstreamAccount, UpstreamPort } from '../../../src/core/session.ts';
import { UpstreamPassword } from '../../../src/identity/upstream-password.ts';
import { asProxyError } from '../../support/mysql-relay.ts';

const PASSWORD = 'unguessable';
const NONCE = Buffer.from('01234567890123456789');
const SERVER =
  C.LONG_PASSWORD |
  C.LONG_FLAG |
  C.CONNECT_WITH_DB |
  C.PROTOCOL_41 |
  C.TRANSACTIONS |
  C.SECURE_CONNECTION |
  C.MULTI_STATEMENTS |
  C.MULTI_RESULTS |
  C.PS_MULTI_RESULTS |
  C.PLUGIN_AUTH |
  C.PLUGIN_AUTH_LENENC_CLIENT_DATA |
  C.SESSION_TRACK |
  C.DEPRECATE_EOF;

function greeting(more: Partial<Parameters<typeof greetingPacket>[0]> = {}): Buffer {
  return greetingPacket({
    version: '8.4.7',
    connectionId: 99,
    nonce: NONCE,
    capabilities: SERVER,
    collation: 255,
    status: STATUS.AUTOCOMMIT,
    plugin: 'caching_sha2_password',
    ...more,
  });
}

/** Session state: a schema, and variables in one entry each. */
function state(variables: Readonly<Record<string, string>>): Buffer {
  const entries = Object.entries(variables).map(([name, value]) => {
    const data = new PayloadWriter().lengthText(name).lengthText(value).packet(0).subarray(4);
    return new PayloadWriter().u8(0).lengthBytes(data).packet(0).subarray(4);
  });
  return Buffer.concat(entries);
}

function prepared(
  variables: Readonly<Record<string, string>> = { sql_mode: 'ANSI', character_set_client: 'utf8mb4' },
): Buffer {
  return okPacket(
    {
      affected: 0,
      insertId: 0,
      status: STATUS.AUTOCOMMIT | STATUS.SESSION_STATE_CHANGED,
      warnings: 0,
      info: Buffer.alloc(0),
      sessionState: state(variables),
      endsResult: false,
    },
    C.SESSION_TRACK,
    1,
  );
}

const ok = (sequence: number) => packetOf(Buffer.from([0, 0, 0, 2, 0, 0, 0]), sequence);

interface Solo {
  readonly handshake: UpstreamHandshake;
  readonly sent: Buffer[];
  readonly tls: { begun: boolean };
}

function solo(
  tls: UpstreamAccount['tls'] = 'disable',
  client: number = C.DEPRECATE_EOF,
  options: readonly (readonly [string, string])[] = [],
): Solo {
  const sent: Buffer[] = [];
  const begun = { begun: false };
  const port: UpstreamPort = {
    turn: 1,
    connect() {},
    startTls: () => {
      begun.begun = true;
    },
    send: (bytes, start, end) => sent.push(Buffer.from(bytes.subarray(start, end))),
    stage() {},
    pause() {},
    resume() {},
    cancel() {},
    end() {},
  };
  const account: UpstreamAccount = {
    user: 'app',
    database: '',
    tls,
    options: new Map(options),
    credential: new UpstreamPassword('app', PASSWORD),
  };
  return {
    handshake: new UpstreamHandshake(port, account, {
      capabilities: client,
      collation: 45,
      database: null,
      isPatient: false,
    }),
    sent,
    tls: begun,
  };
}

function give(handshake: UpstreamHandshake, bytes: Buffer, size = bytes.length): UpstreamReady | null {
  let ready: UpstreamReady | null = null;
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = Buffer.from(bytes.subarray(at, at + size));
    ready = handshake.receive(chunk, 0, chunk.length) ?? ready;
    chunk.fill(0xee);
  }
  return ready;
}

function failure(steps: readonly Buffer[], at: Solo): { readonly code: string; readonly detail: string } {
  try {
    for (const bytes of steps) give(at.handshake, bytes);
  } catch (thrown) {
    const error = asProxyError(thrown);
    return { code: error.code, detail: error.detail ?? String(error.cause) };
  }
  return { code: '', detail: '' };
}

test('a login comes out the same at every chunk size', () => {
  const script = [greeting(), packetOf(Buffer.from([1, 3]), 2), ok(3), prepared()];
  for (let size = 1; size <= 120; size++) {
    const { handshake, sent } = solo();
    const ready = script.map((bytes) => give(handshake, bytes, size)).at(-1);
    assert.equal(ready?.connectionId, 99);
    assert.equal(ready?.session.variables.get('sql_mode'), 'ANSI');
    assert.equal(handshake.reader.unread, 0);
    assert.equal(sent.length, 2);
  }
});

test('bytes behind the last OK stay in the reader', () => {
  const { handshake } = solo();
  for (const bytes of [greeting(), packetOf(Buffer.from([1, 3]), 2), ok(3)]) give(handshake, bytes);
  assert.notEqual(give(handshake, Buffer.concat([prepared(), Buffer.from('more')])), null);
  assert.equal(handshake.reader.unread, 4);
});

test('the server is told what the client agreed to, and asked for session tracking in any case', () => {
  for (const client of [
    0,
    C.DEPRECATE_EOF,
    C.FOUND_ROWS | C.INTERACTIVE | C.IGNORE_SPACE,
    C.MULTI_STATEMENTS,
    C.CONNECT_ATTRS | C.SESSION_TRACK,
  ]) {
    const { handshake, sent } = solo('disable', client);
    give(handshake, greeting());
    const login = sent[0] ?? Buffer.alloc(0);
    const packet = readLogin(login, 4, login.length);
    assert.equal(packet.packet, 'login');
    const flags = packet.packet === 'login' ? packet.request.capabilities : 0;
    const mirrored = C.DEPRECATE_EOF | C.FOUND_ROWS | C.INTERACTIVE | C.IGNORE_SPACE | C.MULTI_STATEMENTS;
    assert.equal(flags & mirrored, client & mirrored);
    assert.notEqual(flags & C.SESSION_TRACK, 0);
    assert.equal(
      flags &
        (C.COMPRESS | C.LOCAL_FILES | C.QUERY_ATTRIBUTES | C.CONNECT_ATTRS | C.OPTIONAL_RESULTSET_METADATA),
      0,
    );
  }
});

test('promise 11: no password in the clear without TLS, whatever the server asks for', () => {
  const asks: readonly (readonly [readonly Buffer[], RegExp])[] = [
    [[greeting(), packetOf(authSwitchRequest('mysql_clear_password', Buffer.alloc(0)), 2)], /clear text/],
    [[greeting(), packetOf(Buffer.from([1, 4]), 2)], /get-server-public-key/],
    [[greeting(), packetOf(Buffer.from([0xfe]), 2)], /before MySQL 4.1/],
    [[greeting(), packetOf(authSwitchRequest('dialog', NONCE), 2)], /the plugin dialog/],
    [[greeting(), packetOf(Buffer.from('\x01-----BEGIN PUBLIC KEY-----'), 2)], /data of caching/],
  ];
  for (const [steps, detail] of asks) {
    const at = solo();
    assert.match(failure(steps, at).detail, detail);
    assert.ok(!Buffer.concat(at.sent).includes(PASSWORD));
  }
  const wrongKey = solo('disable', 0, [['get-server-public-key', 'true']]);
  const steps = [greeting(), packetOf(Buffer.from([1, 4]), 2), packetOf(Buffer.from('\x01no key'), 4)];
  assert.match(failure(steps, wrongKey).detail, /RSA key that is none/);
  assert.ok(!Buffer.concat(wrongKey.sent).includes(PASSWORD));
});

test('TLS is begun before anything is said, demanded where it has to be, and nothing may come with the greeting', () => {
  const withTls = greeting({ capabilities: SERVER | C.SSL });
  const at = solo('require');
  give(at.handshake, withTls);
  assert.ok(at.tls.begun);
  assert.equal(at.sent.length, 1);
  assert.equal(readLogin(at.sent[0] ?? Buffer.alloc(0), 4, 36).packet, 'ssl-request');
  assert.equal(failure([ok(2)], at).code, 'upstream-malformed');
  assert.equal(failure([Buffer.concat([withTls, ok(2)])], solo('prefer')).code, 'upstream-malformed');
  assert.match(failure([greeting()], solo('require')).detail, /does not offer TLS/);
  const secured = solo('prefer');
  give(secured.handshake, withTls);
  secured.handshake.secured();
  give(secured.handshake, packetOf(Buffer.from([1, 4]), 3));
  assert.ok(secured.sent.at(-1)?.includes(`${PASSWORD}\0`));
});

test('a server that lacks what the client was promised, or does not report its settings, is not served', () => {
  assert.equal(
    failure([greeting({ capabilities: SERVER & ~C.DEPRECATE_EOF })], solo()).code,
    'upstream-refused',
  );
  assert.equal(
    failure([greeting({ capabilities: SERVER & ~C.SESSION_TRACK })], solo()).code,
    'upstream-refused',
  );
  assert.equal(failure([greeting({ version: 'x' })], solo()).code, 'upstream-malformed');
  for (const variables of [{}, { sql_mode: '' }, { sql_mode: '', character_set_client: 'gbk' }]) {
    assert.equal(failure([greeting(), ok(2), prepared(variables)], solo()).code, 'upstream-refused');
  }
});

test('what the server answers in place of a greeting or of OK is not told to the client', () => {
  const refusal = (sequence: number) =>
    errPacket({ errno: 1045, sqlstate: '28000', message: "Access denied for 'app'@'10.0.0.7'" }, sequence);
  for (const steps of [[refusal(0)], [greeting(), refusal(2)], [greeting(), ok(2), refusal(1)]]) {
    assert.deepEqual(failure(steps, solo()), { code: 'upstream-refused', detail: 'error 1045' });
  }
  const full = errPacket({ errno: 1040, sqlstate: '08004', message: 'Too many connections' }, 0);
  assert.equal(failure([full], solo()).detail, 'too many connections there');
});

test('promise 13: whatever a server sends at any step, the session ends in order', () => {
  const script = [
    greeting(),
    packetOf(authSwitchRequest('mysql_native_password', NONCE), 2),
    ok(4),
    prepared(),
  ];
  for (let step = 0; step < script.length; step++) {
    const valid = script[step] ?? Buffer.alloc(0);
    for (let at = 0; at < valid.length; at++) {
      for (const byte of [0, 1, 0xfb, 0xfc, 0xfe, 0xff]) {
        const changed = Buffer.from(valid);
        changed[at] = byte;
        const { code, detail } = failure([...script.slice(0, step), changed], solo());
        assert.notEqual(code, 'invariant', `step ${step}, byte ${at}: ${detail}`);
      }
      const short = packetOf(valid.subarray(4, at), valid[3] ?? 0);
      if (at >= 4) assert.notEqual(failure([...script.slice(0, step), short], solo()).code, 'invariant');
    }
  }
});
