/**
 * The rounds of SHA-256 that caching_sha2_password stores a password by: Ulrich Drepper's SHA-crypt
 * (https://www.akkadia.org/drepper/SHA-crypt.txt), with a salt of 20 bytes where that has 16.
 */
import { hash } from 'node:crypto';

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const DIGEST_BYTES = 32;
/** Which bytes of the last digest make each group of four characters (step 22). */
const GROUPS = [
  [0, 10, 20],
  [21, 1, 11],
  [12, 22, 2],
  [3, 13, 23],
  [24, 4, 14],
  [15, 25, 5],
  [6, 16, 26],
  [27, 7, 17],
  [18, 28, 8],
  [9, 19, 29],
] as const;

/** The digest in 43 characters. */
export function sha256Crypt(password: Buffer, salt: Buffer, rounds: number): string {
  const { length } = password;
  const b = sha256([password, salt, password]);
  const parts = [password, salt, repeated(b, length)];
  for (let bits = length; bits > 0; bits >>= 1) parts.push((bits & 1) === 1 ? b : password);
  let digest = sha256(parts);
  const p = repeated(sha256(Array.from({ length }, () => password)), length);
  const s = repeated(sha256(Array.from({ length: 16 + (digest[0] ?? 0) }, () => salt)), salt.length);
  for (let round = 0; round < rounds; round++) {
    const odd = (round & 1) === 1;
    const pieces = [odd ? p : digest];
    if (round % 3 !== 0) pieces.push(s);
    if (round % 7 !== 0) pieces.push(p);
    pieces.push(odd ? digest : p);
    digest = sha256(pieces);
  }
  return encoded(digest);
}

function sha256(parts: readonly Buffer[]): Buffer {
  return hash('sha256', Buffer.concat(parts), 'buffer');
}

function repeated(bytes: Buffer, length: number): Buffer {
  const result = Buffer.alloc(length);
  for (let at = 0; at < length; at += DIGEST_BYTES)
    bytes.copy(result, at, 0, Math.min(DIGEST_BYTES, length - at));
  return result;
}

function encoded(digest: Buffer): string {
  const at = (n: number) => digest[n] ?? 0;
  let text = '';
  const write = (word: number, characters: number) => {
    for (let n = 0; n < characters; n++) text += ALPHABET[(word >>> (6 * n)) & 63] ?? '';
  };
  for (const [a, b, c] of GROUPS) write((at(a) << 16) | (at(b) << 8) | at(c), 4);
  write((at(31) << 8) | at(30), 3);
  return text;
}
