/**
 * SCRAM-SHA-256 (RFC 5802, RFC 7677) as Postgres uses it: verifiers, the server's side of an exchange and the
 * client's. Channel binding is not offered. The user name inside the exchange is ignored, as the server does:
 * the start-up packet has it.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';

export const MECHANISM = 'SCRAM-SHA-256';
/** PostgreSQL's own default (scram_iterations). */
export const ITERATIONS = 4096;
const SALT_BYTES = 16;
const NONCE_BYTES = 18;
const KEY_BYTES = 32;
/** A server may ask for many rounds; more than this would hold the event loop. */
const ITERATIONS_MAX = 200_000;

export interface ScramVerifier {
  readonly iterations: number;
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** Makes a verifier: what may be stored in place of a password. */
export function makeVerifier(
  password: string,
  salt: Buffer = randomBytes(SALT_BYTES),
  iterations = ITERATIONS,
): ScramVerifier {
  const salted = saltedPassword(password, salt, iterations);
  const clientKey = hmac(salted, 'Client Key');
  return { iterations, salt, storedKey: sha256(clientKey), serverKey: hmac(salted, 'Server Key') };
}

/** As pg_authid stores it: `SCRAM-SHA-256$4096:salt$StoredKey:ServerKey`. */
export function formatVerifier(verifier: ScramVerifier): string {
  const { iterations, salt, storedKey, serverKey } = verifier;
  const [s, k, v] = [salt, storedKey, serverKey].map((bytes) => bytes.toString('base64'));
  return `${MECHANISM}$${iterations}:${s}$${k}:${v}`;
}

/** Null where the text is no verifier. */
export function parseVerifier(text: string): ScramVerifier | null {
  const match = /^SCRAM-SHA-256\$(\d{1,9}):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)$/.exec(
    text,
  );
  if (match === null) return null;
  const iterations = Number(match[1]);
  const [salt, storedKey, serverKey] = match.slice(2).map((part) => Buffer.from(part, 'base64'));
  if (salt === undefined || storedKey?.length !== KEY_BYTES || serverKey?.length !== KEY_BYTES) return null;
  return iterations > 0 && salt.length > 0 ? { iterations, salt, storedKey, serverKey } : null;
}

/** Whether a salted password, as `saltedPassword` gives it for the verifier's salt, is the one behind the verifier. */
export function scramKnows(verifier: ScramVerifier, salted: Buffer): boolean {
  return timingSafeEqual(sha256(hmac(salted, 'Client Key')), verifier.storedKey);
}

export type ScramStep =
  | { readonly step: 'continue'; readonly data: Buffer }
  /** `by`: which verifier it was, 0 being the first. */
  | { readonly step: 'proven'; readonly data: Buffer; readonly by: number }
  | { readonly step: 'failed' };

const FAILED: ScramStep = { step: 'failed' };

/** The server's side of one exchange. */
export class ScramServer {
  readonly #verifiers: readonly [ScramVerifier, ...ScramVerifier[]];
  readonly #nonce: string;
  #clientFirstBare = '';
  #serverFirst = '';
  #header = '';
  #round = 0;

  /** `others`: of the same salt and rounds; a proof of any of them will do. */
  constructor(
    verifier: ScramVerifier,
    nonce = randomBytes(NONCE_BYTES).toString('base64'),
    others: readonly ScramVerifier[] = [],
  ) {
    this.#verifiers = [verifier, ...others];
    this.#nonce = nonce;
  }

  step(message: Buffer): ScramStep {
    this.#round++;
    const text = message.toString('utf8');
    if (this.#round === 1) return this.#first(text);
    return this.#round === 2 ? this.#final(text) : FAILED;
  }

  #first(text: string): ScramStep {
    // gs2-cbind-flag "n" or "y"; "p=" would ask for a channel binding that was not offered, and "a=" to be somebody
    // else than who one proves to be.
    const match = /^([ny],,)((?:m=[^,]*,)?n=[^,]*,r=([\x21-\x2b\x2d-\x7e]+)(?:,.*)?)$/s.exec(text);
    if (match === null || match[2]?.startsWith('m=')) return FAILED;
    this.#header = match[1] ?? '';
    this.#clientFirstBare = match[2] ?? '';
    const { salt, iterations } = this.#verifiers[0];
    this.#serverFirst = `r=${match[3]}${this.#nonce},s=${salt.toString('base64')},i=${iterations}`;
    return { step: 'continue', data: Buffer.from(this.#serverFirst) };
  }

  #final(text: string): ScramStep {
    const match = /^(c=([A-Za-z0-9+/=]+),r=([^,]+)(?:,.*)?),p=([A-Za-z0-9+/=]+)$/s.exec(text);
    const nonce = /^r=([^,]+)/.exec(this.#serverFirst)?.[1];
    if (match === null || match[3] !== nonce) return FAILED;
    if (Buffer.from(match[2] ?? '', 'base64').toString('utf8') !== this.#header) return FAILED;
    const authMessage = `${this.#clientFirstBare},${this.#serverFirst},${match[1]}`;
    const proof = Buffer.from(match[4] ?? '', 'base64');
    if (proof.length !== KEY_BYTES) return FAILED;
    let proven: ScramStep = FAILED;
    // Every one is tried, whichever was right.
    for (const [by, { storedKey, serverKey }] of this.#verifiers.entries()) {
      const clientKey = xor(proof, hmac(storedKey, authMessage));
      if (!timingSafeEqual(sha256(clientKey), storedKey)) continue;
      const data = Buffer.from(`v=${hmac(serverKey, authMessage).toString('base64')}`);
      if (proven.step === 'failed') proven = { step: 'proven', data, by };
    }
    return proven;
  }
}

/** The client's side of one exchange. `salted` gives PBKDF2's result, so that it can be kept from one login to the next. */
export class ScramClient {
  readonly #salted: (salt: Buffer, iterations: number) => Buffer;
  readonly #nonce: string;
  readonly #firstBare: string;
  #serverSignature: Buffer | null = null;

  constructor(
    salted: (salt: Buffer, iterations: number) => Buffer,
    nonce = randomBytes(NONCE_BYTES).toString('base64'),
  ) {
    this.#salted = salted;
    this.#nonce = nonce;
    this.#firstBare = `n=,r=${nonce}`;
  }

  get first(): Buffer {
    return Buffer.from(`n,,${this.#firstBare}`);
  }

  /** The answer to the server's first message; null where it does not hold. */
  step(message: Buffer): Buffer | null {
    const serverFirst = message.toString('utf8');
    const match = /^r=([^,]+),s=([A-Za-z0-9+/=]+),i=(\d{1,9})(?:,.*)?$/s.exec(serverFirst);
    if (match === null || !match[1]?.startsWith(this.#nonce) || match[1].length === this.#nonce.length)
      return null;
    const iterations = Number(match[3]);
    if (iterations < 1 || iterations > ITERATIONS_MAX) return null;
    const salted = this.#salted(Buffer.from(match[2] ?? '', 'base64'), iterations);
    const clientKey = hmac(salted, 'Client Key');
    const withoutProof = `c=biws,r=${match[1]}`;
    const authMessage = `${this.#firstBare},${serverFirst},${withoutProof}`;
    const proof = xor(clientKey, hmac(sha256(clientKey), authMessage));
    this.#serverSignature = hmac(hmac(salted, 'Server Key'), authMessage);
    return Buffer.from(`${withoutProof},p=${proof.toString('base64')}`);
  }

  /** Whether the server's final message proves that it knows the verifier. */
  verify(message: Buffer): boolean {
    const signature = /^v=([A-Za-z0-9+/=]+)/.exec(message.toString('utf8'))?.[1];
    if (signature === undefined || this.#serverSignature === null) return false;
    const given = Buffer.from(signature, 'base64');
    return given.length === this.#serverSignature.length && timingSafeEqual(given, this.#serverSignature);
  }
}

export function saltedPassword(password: string, salt: Buffer, iterations: number): Buffer {
  return pbkdf2Sync(prepared(password), salt, iterations, KEY_BYTES, 'sha256');
}

const SPACES = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g;
const NOTHING = /\u00ad|\u034f|\u1806|[\u180b-\u180d]|\u200c|\u200d|\u2060|[\ufe00-\ufe0f]|\ufeff/g;
/** Controls, private use, what is no character, and signs of plain text and of direction (RFC 3454, appendix C). */
const PROHIBITED =
  /[\p{Cc}\p{Co}\p{Cs}\p{Noncharacter_Code_Point}\u06dd\u070f\u180e\u2028\u2029\u2061-\u2063\u206a-\u206f\ufff9-\ufffd\u2ff0-\u2ffb\u200e\u200f\u202a-\u202e\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}]|\u0340|\u0341/u;

/**
 * SASLprep (RFC 4013) as the server does it: other spaces, invisible characters, compatibility forms. A password
 * that it does not allow is taken as it is (pg_saslprep). Its rules on mixed directions are left out.
 */
function prepared(password: string): string {
  if (Buffer.byteLength(password) === password.length) return password;
  const mapped = password.replaceAll(SPACES, ' ').replaceAll(NOTHING, '').normalize('NFKC');
  return mapped === '' || PROHIBITED.test(mapped) ? password : mapped;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function xor(left: Buffer, right: Buffer): Buffer {
  return Buffer.from(left.map((byte, n) => byte ^ (right[n] ?? 0)));
}
