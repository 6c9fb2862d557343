/**
 * Passwords as the MySQL protocol checks them: what its two plugins store, and whether an answer to a nonce proves
 * the password behind it. Every comparison takes the same time wherever the bytes differ.
 */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type ScramVerifier, saltedPassword, scramKnows } from './scram.ts';
import { sha256Crypt } from './sha256-crypt.ts';

export const NATIVE_BYTES = 20;
export const FAST_BYTES = 32;
const NONCE_BYTES = 20;
const SALT_BYTES = 20;
const DIGEST_CHARACTERS = 43;
/** caching_sha2_password_digest_rounds, in thousands: the default up to MySQL 9.4. */
const THOUSANDS = 5;
/** What a stored verifier may ask for: a login holds the event loop for as long as this takes. */
const THOUSANDS_MAX = 100;
const SALT_ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

export type MysqlVerifier =
  /** SHA1(SHA1(password)) and SHA256(SHA256(password)), made of the password itself. */
  | { readonly kind: 'digests'; readonly native: Buffer; readonly fast: Buffer }
  /** `*` and 40 digits: what mysql_native_password stores. */
  | { readonly kind: 'native'; readonly native: Buffer }
  /** `$A$005$…`: what caching_sha2_password stores. It can only be checked against the password. */
  | { readonly kind: 'sha2'; readonly salt: Buffer; readonly rounds: number; readonly digest: string }
  /** A SCRAM verifier can only be checked against the password, too. */
  | { readonly kind: 'scram'; readonly scram: ScramVerifier };

export function verifierOf(password: string): Extract<MysqlVerifier, { readonly kind: 'digests' }> {
  const bytes = Buffer.from(password);
  return { kind: 'digests', native: sha1(sha1(bytes)), fast: sha256(sha256(bytes)) };
}

/** Null where the text is no verifier of MySQL's. `0x2441…` is one of caching_sha2_password in hexadecimal, as SHOW CREATE USER prints it. */
export function parseMysqlVerifier(text: string): MysqlVerifier | null {
  const native = /^\*([0-9A-Fa-f]{40})$/.exec(text)?.[1];
  if (native !== undefined) return { kind: 'native', native: Buffer.from(native, 'hex') };
  const hex = /^0x((?:[0-9A-Fa-f]{2})+)$/.exec(text)?.[1];
  const bytes = Buffer.from(hex ?? Buffer.from(text).toString('hex'), 'hex').toString('latin1');
  const match = /^\$A\$([0-9A-Fa-f]{3})\$([\s\S]{20})([./0-9A-Za-z]{43})$/.exec(bytes);
  if (match === null) return null;
  const thousands = Number.parseInt(match[1] ?? '', 16);
  if (thousands < 1 || thousands > THOUSANDS_MAX) return null;
  return {
    kind: 'sha2',
    salt: Buffer.from(match[2] ?? '', 'latin1'),
    rounds: thousands * 1000,
    digest: match[3] ?? '',
  };
}

/** What caching_sha2_password stores. Its salt is printable, so that it can stand in a file. */
export function cachingSha2Verifier(password: string, salt = printableSalt()): string {
  const digest = sha256Crypt(Buffer.from(password), salt, THOUSANDS * 1000);
  return `$A$${THOUSANDS.toString(16).toUpperCase().padStart(3, '0')}$${salt.toString('latin1')}${digest}`;
}

/** What mysql_native_password stores. */
export function nativeVerifier(password: string): string {
  return `*${sha1(sha1(Buffer.from(password)))
    .toString('hex')
    .toUpperCase()}`;
}

/** Whether `answer` is SHA1(password) XOR SHA1(nonce, stored). */
export function provesNative(stored: Buffer, nonce: Buffer, answer: Buffer): boolean {
  if (answer.length !== NATIVE_BYTES) return false;
  return timingSafeEqual(sha1(xor(answer, sha1(Buffer.concat([nonce, stored])))), stored);
}

/** Whether `answer` is SHA256(password) XOR SHA256(SHA256(stored), nonce), `stored` being SHA256(SHA256(password)). */
export function provesFast(stored: Buffer, nonce: Buffer, answer: Buffer): boolean {
  if (answer.length !== FAST_BYTES) return false;
  return timingSafeEqual(sha256(xor(answer, sha256(Buffer.concat([stored, nonce])))), stored);
}

/** What `provesFast` takes as stored. */
export function fastDigest(password: Buffer): Buffer {
  return sha256(sha256(password));
}

/** Whether the password is the one of which the verifier was made. */
export function isPasswordOf(verifier: MysqlVerifier, password: Buffer): boolean {
  switch (verifier.kind) {
    case 'digests':
      return timingSafeEqual(fastDigest(password), verifier.fast);
    case 'native':
      return timingSafeEqual(sha1(sha1(password)), verifier.native);
    case 'sha2': {
      const digest = sha256Crypt(password, verifier.salt, verifier.rounds);
      return timingSafeEqual(Buffer.from(digest), Buffer.from(verifier.digest));
    }
    case 'scram': {
      const { salt, iterations } = verifier.scram;
      return scramKnows(verifier.scram, saltedPassword(password.toString('utf8'), salt, iterations));
    }
  }
}

/** A verifier of the same kind and cost that belongs to no password; `derive` gives 32 bytes, always the same ones. */
export function mockOf(like: MysqlVerifier, derive: (what: string) => Buffer): MysqlVerifier {
  switch (like.kind) {
    case 'digests':
      return { kind: 'digests', native: derive('native').subarray(0, NATIVE_BYTES), fast: derive('fast') };
    case 'native':
      return { kind: 'native', native: derive('native').subarray(0, NATIVE_BYTES) };
    case 'sha2':
      return {
        ...like,
        salt: derive('salt').subarray(0, SALT_BYTES),
        digest: '.'.repeat(DIGEST_CHARACTERS),
      };
    case 'scram':
      return {
        kind: 'scram',
        scram: {
          iterations: like.scram.iterations,
          salt: derive('salt').subarray(0, like.scram.salt.length),
          storedKey: derive('stored'),
          serverKey: derive('server'),
        },
      };
  }
}

/** A client's answers: the same sums from the other side. Empty where there is no password. */
export function nativeAnswer(password: string, nonce: Buffer): Buffer {
  if (password === '') return Buffer.alloc(0);
  const once = sha1(Buffer.from(password));
  return xor(once, sha1(Buffer.concat([nonce, sha1(once)])));
}

export function fastAnswer(password: string, nonce: Buffer): Buffer {
  if (password === '') return Buffer.alloc(0);
  const once = sha256(Buffer.from(password));
  return xor(once, sha256(Buffer.concat([sha256(once), nonce])));
}

/** Without NUL, which ends a nonce for clients, and without `$`, which the servers leave out as well. */
export function freshNonce(): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  for (let n = 0; n < nonce.length; n++) {
    const letter = (nonce[n] ?? 0) & 0x7f;
    nonce[n] = letter === 0 || letter === 0x24 ? letter + 1 : letter;
  }
  return nonce;
}

function printableSalt(): Buffer {
  return Buffer.from(
    Array.from(randomBytes(SALT_BYTES), (byte) => SALT_ALPHABET[byte & 63]).join(''),
    'latin1',
  );
}

function sha1(bytes: Buffer): Buffer {
  return hash('sha1', bytes, 'buffer');
}

function sha256(bytes: Buffer): Buffer {
  return hash('sha256', bytes, 'buffer');
}

function xor(left: Buffer, right: Buffer): Buffer {
  const result = Buffer.allocUnsafe(left.length);
  for (let n = 0; n < left.length; n++) result[n] = (left[n] ?? 0) ^ (right[n] ?? 0);
  return result;
}
