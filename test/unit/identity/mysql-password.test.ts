import assert from 'node:assert/strict';
import { createPrivateKey, sign } from 'node:crypto';
import { test } from 'node:test';
import { ed25519Answer } from '../../../src/identity/ed25519.ts';
import {
  cachingSha2Verifier,
  fastAnswer,
  isPasswordOf,
  nativeAnswer,
  nativeVerifier,
  parseMysqlVerifier,
  provesFast,
  provesNative,
  verifierOf,
} from '../../../src/identity/mysql-password.ts';
import { sha256Crypt } from '../../../src/identity/sha256-crypt.ts';
import { readStoredPassword } from '../../../src/identity/stored-password.ts';

const NONCE = Buffer.from('abcdefghij0123456789');
const PASSWORD = 'p@ss wörd';

test('rounds of SHA-256 as `openssl passwd -5` makes them', () => {
  const digest = sha256Crypt(Buffer.from('Hello world!'), Buffer.from('saltstring'), 5000);
  assert.equal(digest, '5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5');
});

test('ed25519 signs as the RFC has it, where the password is as long as a key', () => {
  const seed = 'a password of thirty-two letters';
  const head = Buffer.from('302e020100300506032b657004220420', 'hex');
  const key = createPrivateKey({
    key: Buffer.concat([head, Buffer.from(seed)]),
    format: 'der',
    type: 'pkcs8',
  });
  for (const nonce of [Buffer.alloc(32), Buffer.alloc(32, 0xff), Buffer.from(seed).reverse()]) {
    assert.ok(sign(null, nonce, key).equals(ed25519Answer(seed, nonce)));
  }
});

test('what a MySQL server stored of a password is read: printable, in hexadecimal, with any rounds', () => {
  // CREATE USER u1 IDENTIFIED BY 'secret-Ü' on MySQL 9.7.4, from SHOW CREATE USER.
  const stored = '$A$00A$GDd\x17Hr{\x15\x1E;\\{~b\x01=SV=17swoHbrnG7h/A0JcwuqgEjm/B3eQjUssD7ohniwUfw7';
  for (const text of [stored, `0x${Buffer.from(stored).toString('hex')}`]) {
    const verifier = parseMysqlVerifier(text);
    assert.equal(verifier?.kind, 'sha2');
    assert.ok(verifier !== null && isPasswordOf(verifier, Buffer.from('secret-Ü')));
    assert.ok(!isPasswordOf(verifier, Buffer.from('secret-U')));
  }
  // SELECT PASSWORD('apppw') on MariaDB.
  assert.equal(nativeVerifier('apppw'), '*DB14CBAE92D7CB2F84BD3AA7222415B564A4054A');
  for (const wrong of [
    '',
    '*12',
    '$A$005$short',
    '$A$FFF$'.padEnd(70, 'x'),
    '0x2441',
    `*${'g'.repeat(40)}`,
  ]) {
    assert.equal(parseMysqlVerifier(wrong), null, wrong);
  }
});

test('each kind knows its password and no other', () => {
  const texts = [PASSWORD, nativeVerifier(PASSWORD), cachingSha2Verifier(PASSWORD)];
  for (const text of texts) {
    const { mysql } = readStoredPassword(text);
    assert.ok(isPasswordOf(mysql, Buffer.from(PASSWORD)), mysql.kind);
    for (const wrong of ['', 'p@ss', `${PASSWORD}x`])
      assert.ok(!isPasswordOf(mysql, Buffer.from(wrong)), mysql.kind);
  }
});

test('answers to a nonce prove the password, for that nonce alone', () => {
  const stored = verifierOf(PASSWORD);
  assert.ok(stored.kind === 'digests');
  const other = Buffer.from(NONCE).reverse();
  assert.ok(provesNative(stored.native, NONCE, nativeAnswer(PASSWORD, NONCE)));
  assert.ok(!provesNative(stored.native, other, nativeAnswer(PASSWORD, NONCE)));
  assert.ok(!provesNative(stored.native, NONCE, nativeAnswer('other', NONCE)));
  assert.ok(provesFast(stored.fast, NONCE, fastAnswer(PASSWORD, NONCE)));
  assert.ok(!provesFast(stored.fast, other, fastAnswer(PASSWORD, NONCE)));
  for (const length of [0, 1, 19, 21, 31, 33]) {
    assert.ok(!provesNative(stored.native, NONCE, Buffer.alloc(length)));
    assert.ok(!provesFast(stored.fast, NONCE, Buffer.alloc(length)));
  }
});
