/** The RSA key under which a MySQL client without TLS sends its password. Made anew by each process, and never stored. */
import { constants, generateKeyPair, type KeyObject, privateDecrypt } from 'node:crypto';
import { promisify } from 'node:util';
import type { MysqlPasswordKey } from '../core/login.ts';

const KEY_BITS = 2048;
const KEY_BYTES = KEY_BITS / 8;
export const RSA_PADDING = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' } as const;

export class PasswordKey implements MysqlPasswordKey {
  readonly publicPem: string;
  readonly #privateKey: KeyObject;

  private constructor(publicPem: string, privateKey: KeyObject) {
    this.publicPem = publicPem;
    this.#privateKey = privateKey;
  }

  /** Takes up to a second, on a thread of its own. */
  static async make(): Promise<PasswordKey> {
    const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: KEY_BITS });
    return new PasswordKey(publicKey.export({ type: 'spki', format: 'pem' }).toString(), privateKey);
  }

  decrypt(bytes: Buffer): Buffer | null {
    if (bytes.length < KEY_BYTES / 2 || bytes.length > KEY_BYTES) return null;
    // It is one large number: some libraries leave out the zeros in front, of which there is one every 256 times.
    const whole = Buffer.concat([Buffer.alloc(KEY_BYTES - bytes.length), bytes]);
    try {
      return privateDecrypt({ key: this.#privateKey, ...RSA_PADDING }, whole);
    } catch {
      return null;
    }
  }
}
