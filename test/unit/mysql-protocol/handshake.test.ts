import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientAuthentication } from '../../../protocols/mysql/auth.ts';
import { CAPABILITY as C } from '../../../protocols/mysql/capabilities.ts';
import { readAuthSwitch, readChangeUser, readErr, readGreeting } from '../../../protocols/mysql/decode.ts';
import { loginPacket, packetOf, sslRequestPacket } from '../../../protocols/mysql/encode.ts';
import { Handshake, type HandshakeSettings, type Login } from '../../../protocols/mysql/handshake.ts';
import {
  cachingSha2Verifier,
  fastAnswer,
  nativeAnswer,
  nativeVerifier,
} from '../../../src/identity/mysql-password.ts';
import { PasswordKey } from '../../../src/identity/password-key.ts';
import { readStoredPassword } from '../../../src/identity/stored-password.ts';
import { UpstreamPassword } from '../../../src/identity/upstream-password.ts';
import { type AuthMethod, ListenerIdentity, type User } from '../../../src/identity/users.ts';
import { asProxyError, handshakeEngine } from '../../support/mysql-relay.ts';

const PASSWORD = 'p@ss wörd';
const CACHING = 'caching_sha2_password';
const NATIVE = 'mysql_native_password';
const CAPABILITIES =
  C.PROTOCOL_41 | C.SECURE_CONNECTION | C.PLUGIN_AUTH | C.PLUGIN_AUTH_LENENC_CLIENT_DATA | C.CONNECT_WITH_DB;
const KEY = await PasswordKey.make();

function user(name: string, stored: string): [string, User] {
  return [name, { name, groups: ['agents'], ...readStoredPassword(stored) }];
}
const USERS = new Map([
  user('plain', PASSWORD),
  user('native', nativeVerifier(PASSWORD)),
  user('sha2', cachingSha2Verifier(PASSWORD)),
]);
const SETTINGS: HandshakeSettings = {
  tls: 'off',
  databases: ['shop', 'alias'],
  flavour: 'mysql',
  multiStatements: false,
  serverVersion: () => null,
};

interface Solo {
  readonly handshake: Handshake;
  readonly sent: Buffer[];
  readonly tls: Buffer[];
  readonly nonce: Buffer;
}

function solo(
  settings: Partial<HandshakeSettings> = {},
  identity = new ListenerIdentity(USERS, ['password'], KEY),
): Solo {
  const sent: Buffer[] = [];
  const tls: Buffer[] = [];
  const engine = handshakeEngine(identity, {
    send: (bytes) => sent.push(bytes),
    startTls: (received) => tls.push(received),
  });
  const handshake = new Handshake(engine, { ...SETTINGS, ...settings });
  handshake.begin();
  const greeting = sent[0] ?? Buffer.alloc(0);
  return { handshake, sent, tls, nonce: readGreeting(greeting, 4, greeting.length).nonce };
}

/** Gives bytes in chunks of a size; the result is what the last of them brought. */
function give(handshake: Handshake, bytes: Buffer, size = bytes.length): Login | null {
  let login: Login | null = null;
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = Buffer.from(bytes.subarray(at, at + size));
    const result = handshake.receive(chunk, 0, chunk.length);
    chunk.fill(0xee);
    if (result.result === 'login') login = result.login;
  }
  return login;
}

function login(
  name: string,
  answer: Buffer,
  plugin = CACHING,
  more: { database?: string; collation?: number; capabilities?: number } = {},
) {
  return loginPacket(
    {
      capabilities: more.capabilities ?? CAPABILITIES,
      collation: more.collation ?? 45,
      user: name,
      answer,
      database: more.database ?? '',
      plugin,
    },
    1,
  );
}

/** The whole exchange as a client of the plugin has it, in chunks of a size. */
function logIn(name: string, password: string, size: number, secured = false): Login | null {
  const { handshake, sent, nonce } = solo({ tls: secured ? 'offered' : 'off' });
  if (secured) handshake.downstreamSecured();
  handshake.secured = secured;
  let result = give(handshake, login(name, fastAnswer(password, nonce)), size);
  if (result !== null) return result;
  assert.deepEqual([...(sent.at(-1) ?? Buffer.alloc(0)).subarray(4)], [1, 4]);
  if (secured) return give(handshake, packetOf(Buffer.from(`${password}\0`), 3), size);
  result = give(handshake, packetOf(Buffer.from([2]), 3), size);
  assert.equal(result, null);
  const pem = (sent.at(-1) ?? Buffer.alloc(0)).toString('latin1', 5);
  const encrypted = new UpstreamPassword('', password).encrypted(pem, nonce) ?? Buffer.alloc(0);
  return give(handshake, packetOf(encrypted, 5), size);
}

test('caching_sha2_password, fast and in full, over TLS and under RSA, at every chunk size', () => {
  for (let size = 1; size <= 120; size += size < 8 ? 1 : 23) {
    for (const [name, secured] of [
      ['plain', false],
      ['native', false],
      ['sha2', true],
      ['sha2', false],
    ] as const) {
      const proven = logIn(name, PASSWORD, size, secured);
      assert.equal(proven?.identity.principal.name, name, `${name} in chunks of ${size}`);
    }
  }
});

test('an answer by another plugin than the greeted one is asked for again, with a fresh nonce', () => {
  const { handshake, sent, nonce } = solo();
  assert.equal(give(handshake, login('native', nativeAnswer(PASSWORD, nonce), NATIVE)), null);
  const request = sent.at(-1) ?? Buffer.alloc(0);
  assert.equal(request[4], 0xfe);
  assert.equal(request.toString('latin1', 5, 5 + NATIVE.length), NATIVE);
  const fresh = request.subarray(5 + NATIVE.length + 1, -1);
  assert.equal(fresh.length, 20);
  assert.ok(!fresh.equals(nonce));
  assert.equal(give(handshake, packetOf(nativeAnswer(PASSWORD, fresh), 3))?.sequence, 4);
});

test('COM_CHANGE_USER: the answer that came with it is not looked at, one to a fresh nonce is', () => {
  const body = Buffer.concat([
    Buffer.from('native\0\x14'),
    Buffer.alloc(20, 1),
    Buffer.from(`shop\0\x2d\0${NATIVE}\0`),
  ]);
  const change = readChangeUser(body, 0, body.length, CAPABILITIES);
  assert.deepEqual(
    [change.user, change.database, change.collation, change.plugin],
    ['native', 'shop', 45, NATIVE],
  );
  for (const [password, outcome] of [
    [PASSWORD, 'proven'],
    ['wrong', 'failed'],
  ] as const) {
    const authentication = new ClientAuthentication({
      user: change.user,
      identity: new ListenerIdentity(USERS, ['password'], KEY),
      greeted: null,
      secured: false,
      switches: true,
    });
    const asked = authentication.begin(change.plugin ?? NATIVE, change.answer);
    assert.equal(asked.step, 'continue');
    const payload = asked.step === 'continue' ? asked.payload : Buffer.alloc(0);
    const nonce = readAuthSwitch(payload, 1, payload.length).nonce;
    assert.equal(authentication.step(nativeAnswer(password, nonce)).step, outcome);
    assert.equal(authentication.step(nativeAnswer(PASSWORD, nonce)).step, 'failed', 'there is no second try');
  }
});

test('a wrong password and a user that does not exist take the same steps, and end alike', () => {
  const only = new ListenerIdentity(
    new Map([user('sha2', cachingSha2Verifier(PASSWORD))]),
    ['password'],
    KEY,
  );
  const steps = (name: string) => {
    const { handshake, sent, nonce } = solo({}, only);
    handshake.secured = true;
    give(handshake, login(name, fastAnswer('wrong', nonce)));
    assert.throws(
      () => give(handshake, packetOf(Buffer.from('wrong\0'), 3)),
      /password authentication failed/,
    );
    return sent.slice(1).map((bytes) => bytes.toString('hex'));
  };
  assert.deepEqual(steps('sha2'), steps('nobody'));
});

test('promise 11: the password does not stand in any error, and is not taken in the clear without TLS', () => {
  const { handshake, nonce } = solo();
  give(handshake, login('sha2', fastAnswer(PASSWORD, nonce)));
  const error = (() => {
    try {
      give(handshake, packetOf(Buffer.from(`${PASSWORD}\0`), 3));
    } catch (thrown) {
      return asProxyError(thrown);
    }
    return null;
  })();
  assert.equal(error?.code, 'login-refused');
  assert.doesNotMatch(handshake.failure(error).toString('utf8'), /p@ss/);
});

test('trust takes any answer, and none; a user with a verifier of MySQL’s still proves it', () => {
  const identity = (methods: readonly AuthMethod[]) => new ListenerIdentity(USERS, methods, KEY);
  for (const answer of [Buffer.alloc(0), Buffer.alloc(32, 7)]) {
    const { handshake, sent } = solo({}, identity(['trust']));
    assert.equal(give(handshake, login('anybody', answer))?.identity.principal.name, 'anybody');
    assert.equal(sent.length, answer.length > 0 ? 2 : 1);
  }
  const both = solo({}, identity(['trust', 'password']));
  assert.throws(() => give(both.handshake, login('native', Buffer.alloc(0))), /authentication failed/);
  assert.equal(identity(['trust', 'password']).login('native').plan, 'sasl');
});

test('only what is followed is agreed to, and several statements only where the listener allows them', () => {
  const all = 0xffffffff & ~C.SSL & ~C.CONNECT_ATTRS & ~C.ZSTD_COMPRESSION_ALGORITHM;
  for (const multiStatements of [false, true]) {
    const { handshake, nonce, sent } = solo({ multiStatements });
    const greeting = sent[0] ?? Buffer.alloc(0);
    const { capabilities } = readGreeting(greeting, 4, greeting.length);
    const agreed =
      give(handshake, login('plain', fastAnswer(PASSWORD, nonce), CACHING, { capabilities: all }))
        ?.capabilities ?? 0;
    for (const flags of [capabilities, agreed]) {
      const never =
        C.COMPRESS |
        C.LOCAL_FILES |
        C.NO_SCHEMA |
        C.OPTIONAL_RESULTSET_METADATA |
        C.ZSTD_COMPRESSION_ALGORITHM |
        C.QUERY_ATTRIBUTES |
        C.MULTI_FACTOR_AUTHENTICATION |
        C.SSL;
      assert.equal(flags & never, 0);
      assert.equal((flags & C.MULTI_STATEMENTS) !== 0, multiStatements);
      for (const flag of [
        C.DEPRECATE_EOF,
        C.SESSION_TRACK,
        C.PLUGIN_AUTH,
        C.MULTI_RESULTS,
        C.PS_MULTI_RESULTS,
      ])
        assert.notEqual(flags & flag, 0);
    }
  }
});

test('a collation of utf8mb4 is kept, the one that means nothing chosen is replaced, and a choice of another refused', () => {
  const at = (collation: number) => {
    const { handshake, nonce } = solo();
    return give(handshake, login('plain', fastAnswer(PASSWORD, nonce), CACHING, { collation }))?.collation;
  };
  assert.deepEqual([45, 46, 224, 255, 33, 83, 8, 63].map(at), [45, 46, 224, 255, 45, 45, 45, 45]);
  for (const collation of [28, 13, 1, 5, 35, 54, 60, 250])
    assert.throws(() => at(collation), /does not serve/);
});

test('an alias of the database is the database; another name is the session’s to judge', () => {
  const at = (database: string) => {
    const { handshake, nonce } = solo();
    return give(handshake, login('plain', fastAnswer(PASSWORD, nonce), CACHING, { database }))?.database;
  };
  assert.deepEqual(['alias', 'shop', 'mysql', ''].map(at), ['shop', 'shop', 'mysql', null]);
});

test('TLS: what comes with the request goes to TLS if it is TLS, and ends the session if it is not', () => {
  const request = sslRequestPacket(CAPABILITIES | C.SSL, 45, 1);
  const hello = Buffer.from([0x16, 3, 1, 0, 0]);
  const one = solo({ tls: 'offered' });
  give(one.handshake, Buffer.concat([request, hello]));
  assert.deepEqual([...(one.tls[0] ?? [])], [...hello]);
  assert.throws(() => give(one.handshake, hello), /not allowed at this point/);
  for (const settings of [{ tls: 'offered' }, { tls: 'off' }] as const) {
    const other = solo(settings);
    const behind = settings.tls === 'off' ? Buffer.alloc(0) : login('plain', Buffer.alloc(0));
    assert.throws(() => give(other.handshake, Buffer.concat([request, behind])), /not allowed at this point/);
    assert.equal(other.tls.length, 0);
  }
  const split = solo({ tls: 'offered' });
  give(split.handshake, request, 1);
  assert.equal(split.tls.length, 1);
  const demanded = solo({ tls: 'required' });
  assert.throws(() => give(demanded.handshake, login('plain', Buffer.alloc(0))), /not allowed here/);
});

test('promise 13: whatever a login is cut to or overwritten with, the answer is an ERR packet or a wait', () => {
  const { nonce } = solo();
  const valid = login('plain', fastAnswer(PASSWORD, nonce), CACHING, {
    capabilities: CAPABILITIES | C.CONNECT_ATTRS,
  });
  const attempt = (payload: Buffer, sequence = 1) => {
    const { handshake } = solo();
    try {
      give(handshake, packetOf(payload, sequence));
    } catch (thrown) {
      const error = asProxyError(thrown);
      assert.notEqual(error.code, 'invariant', String(error.cause));
      const packet = handshake.failure(error);
      assert.equal(packet[4], 0xff);
      assert.ok(readErr(packet, 5, packet.length).errno > 1000);
    }
  };
  for (let size = 0; size < valid.length - 4; size++) attempt(valid.subarray(4, 4 + size));
  for (let at = 4; at < valid.length; at++) {
    for (const byte of [0, 0xfb, 0xfc, 0xfd, 0xfe, 0xff]) {
      const changed = Buffer.from(valid);
      changed[at] = byte;
      attempt(changed.subarray(4));
    }
  }
  attempt(valid.subarray(4), 0);
  attempt(valid.subarray(4), 2);
  attempt(Buffer.alloc(100 * 1024, 0x41));
  const huge = solo();
  assert.throws(
    () => give(huge.handshake, Buffer.from([0xff, 0xff, 0xff, 1, 0])),
    /a packet of 16777215 bytes/,
  );
});
