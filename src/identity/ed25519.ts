/**
 * The answer of MariaDB's client_ed25519: a signature of the nonce (RFC 8032), with the password, of whatever length,
 * in the place of the 32 random bytes that a key has. No library signs with such a key, so the curve is here.
 * It takes about 5 ms, once for each session.
 */
import { createHash } from 'node:crypto';

const P = (1n << 255n) - 19n;
/** The order of the base point. */
const L = (1n << 252n) + 27742317777372353535851937790883648493n;
const D = mod(-121665n * inverse(121666n), P);
const BASE_Y = mod(4n * inverse(5n), P);
const BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202n;
const SCALAR_BITS = 255n;

/** Extended coordinates: x = X/Z, y = Y/Z, T = XY/Z. */
interface Point {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
  readonly t: bigint;
}

const BASE: Point = { x: BASE_X, y: BASE_Y, z: 1n, t: mod(BASE_X * BASE_Y, P) };
const ZERO: Point = { x: 0n, y: 1n, z: 1n, t: 0n };

export function ed25519Answer(password: string, nonce: Buffer): Buffer {
  const expanded = sha512(Buffer.from(password));
  const secret = Buffer.from(expanded.subarray(0, 32));
  secret[0] = (secret[0] ?? 0) & 248;
  secret[31] = ((secret[31] ?? 0) & 127) | 64;
  const a = littleEndian(secret);
  const publicKey = encoded(multiple(a));
  const r = littleEndian(sha512(expanded.subarray(32), nonce)) % L;
  const point = encoded(multiple(r));
  const k = littleEndian(sha512(point, publicKey, nonce)) % L;
  return Buffer.concat([point, bytesOf(mod(r + k * a, L))]);
}

/** The base point, `scalar` times. The same additions are made for every bit, whatever it is. */
function multiple(scalar: bigint): Point {
  let low = ZERO;
  let high = BASE;
  for (let bit = SCALAR_BITS; bit >= 0n; bit--) {
    const sum = added(low, high);
    if (((scalar >> bit) & 1n) === 1n) {
      low = sum;
      high = added(high, high);
    } else {
      high = sum;
      low = added(low, low);
    }
  }
  return low;
}

/** RFC 8032, section 5.1.4; it holds for equal points, too. */
function added(left: Point, right: Point): Point {
  const a = mod((left.y - left.x) * (right.y - right.x), P);
  const b = mod((left.y + left.x) * (right.y + right.x), P);
  const c = mod(2n * left.t * right.t * D, P);
  const d = mod(2n * left.z * right.z, P);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return { x: mod(e * f, P), y: mod(g * h, P), t: mod(e * h, P), z: mod(f * g, P) };
}

function encoded({ x, y, z }: Point): Buffer {
  const over = inverse(z);
  const bytes = bytesOf(mod(y * over, P));
  bytes[31] = (bytes[31] ?? 0) | Number((mod(x * over, P) & 1n) << 7n);
  return bytes;
}

function mod(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

/** By Fermat: value^(P - 2). */
function inverse(value: bigint): bigint {
  let result = 1n;
  let power = mod(value, P);
  for (let exponent = P - 2n; exponent > 0n; exponent >>= 1n) {
    if ((exponent & 1n) === 1n) result = (result * power) % P;
    power = (power * power) % P;
  }
  return result;
}

function littleEndian(bytes: Buffer): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}

function bytesOf(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse();
}

function sha512(...parts: readonly Buffer[]): Buffer {
  const digest = createHash('sha512');
  for (const part of parts) digest.update(part);
  return digest.digest();
}
