/**
 * Tokens of a server that hold a masked value, such as cursors of encoded JSON: a client gets them sealed, and the server
 * has its own back. Equal tokens have equal seals, and all instances that share a secret open each other's.
 */
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';

const PREFIX = 'sealed-by-sluice.';
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export class TokenSeals {
  readonly #key: Buffer;
  readonly #nonceKey: Buffer;

  constructor(secret: string) {
    this.#key = createHmac('sha256', secret).update('mcp token seal').digest();
    this.#nonceKey = createHmac('sha256', secret).update('mcp token nonce').digest();
  }

  /** Whether bytes may have a seal in them. */
  static mayBeIn(bytes: Buffer): boolean {
    return bytes.includes(PREFIX);
  }

  seal(token: string): string {
    const nonce = createHmac('sha256', this.#nonceKey).update(token).digest().subarray(0, NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, nonce);
    const sealed = Buffer.concat([nonce, cipher.update(token), cipher.final(), cipher.getAuthTag()]);
    return `${PREFIX}${sealed.toString('base64url')}`;
  }

  /** Null: it is none of these. */
  open(given: string): string | null {
    if (!given.startsWith(PREFIX)) return null;
    const sealed = Buffer.from(given.slice(PREFIX.length), 'base64url');
    if (sealed.length < NONCE_BYTES + TAG_BYTES) return null;
    const decipher = createDecipheriv(CIPHER, this.#key, sealed.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    try {
      const token = [decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()];
      return Buffer.concat(token).toString('utf8');
    } catch {
      return null;
    }
  }
}
