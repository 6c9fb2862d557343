/** The password of Sluice's own account at a server. It answers requests; it is never handed out. */
import { createHash, publicEncrypt } from 'node:crypto';
import type { UpstreamCredential, UpstreamSasl } from '../core/session.ts';
import { ed25519Answer } from './ed25519.ts';
import { fastAnswer, nativeAnswer } from './mysql-password.ts';
import { RSA_PADDING } from './password-key.ts';
import { MECHANISM, ScramClient, saltedPassword } from './scram.ts';

/** Salts change when a password does, so one entry is the rule. */
const SALTED_KEPT = 4;

export class UpstreamPassword implements UpstreamCredential {
  readonly #user: string;
  readonly #password: string | null;
  /** PBKDF2 takes milliseconds, and a role's salt stays the same: its result is kept. */
  readonly #salted = new Map<string, Buffer>();

  constructor(user: string, password: string | null) {
    this.#user = user;
    this.#password = password;
  }

  cleartext(secured: boolean): string | null {
    return secured ? this.#password : null;
  }

  md5(salt: Buffer): string | null {
    if (this.#password === null) return null;
    const inner = md5Hex(Buffer.from(this.#password + this.#user));
    return `md5${md5Hex(Buffer.concat([Buffer.from(inner), salt]))}`;
  }

  sasl(mechanisms: readonly string[]): UpstreamSasl | null {
    const password = this.#password;
    if (password === null || !mechanisms.includes(MECHANISM)) return null;
    const client = new ScramClient((salt, iterations) => this.#saltedOnce(password, salt, iterations));
    return {
      mechanism: MECHANISM,
      first: client.first,
      step: (message) => client.step(message),
      verify: (message) => client.verify(message),
    };
  }

  mysqlNative(nonce: Buffer): Buffer {
    return nativeAnswer(this.#password ?? '', nonce);
  }

  cachingSha2(nonce: Buffer): Buffer {
    return fastAnswer(this.#password ?? '', nonce);
  }

  ed25519(nonce: Buffer): Buffer {
    return ed25519Answer(this.#password ?? '', nonce);
  }

  encrypted(publicPem: string, nonce: Buffer): Buffer | null {
    if (this.#password === null) return null;
    const hidden = Buffer.from(`${this.#password}\0`);
    for (let n = 0; n < hidden.length; n++) hidden[n] = (hidden[n] ?? 0) ^ (nonce[n % nonce.length] ?? 0);
    try {
      return publicEncrypt({ key: publicPem, ...RSA_PADDING }, hidden);
    } catch {
      return null;
    }
  }

  #saltedOnce(password: string, salt: Buffer, iterations: number): Buffer {
    const key = `${iterations}:${salt.toString('base64')}`;
    const known = this.#salted.get(key);
    if (known !== undefined) return known;
    const salted = saltedPassword(password, salt, iterations);
    if (this.#salted.size >= SALTED_KEPT) this.#salted.clear();
    this.#salted.set(key, salted);
    return salted;
  }
}

function md5Hex(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex');
}
