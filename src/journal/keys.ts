/** The Ed25519 key (RFC 8032) with which an instance signs its segments. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export class SigningKey {
  readonly #key: KeyObject;
  readonly publicKey: PublicKey;

  private constructor(key: KeyObject) {
    this.#key = key;
    this.publicKey = new PublicKey(createPublicKey(key));
  }

  /** Reads the key at `path` (PEM, PKCS #8), or makes one there that only its owner can read. */
  static loadOrCreate(path: string): SigningKey {
    if (!existsSync(path)) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      const { privateKey } = generateKeyPairSync('ed25519');
      writeFileSync(path, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600, flag: 'wx' });
    }
    return new SigningKey(readKey(path));
  }

  /** The signature, in base64. */
  sign(text: Buffer): string {
    return sign(null, text, this.#key).toString('base64');
  }
}

function readKey(path: string): KeyObject {
  const pem = readFileSync(path);
  let key: KeyObject | null = null;
  try {
    key = createPrivateKey(pem);
  } catch {
    // Not even a key: said below, without what the library says of its decoders.
  }
  if (key?.asymmetricKeyType !== 'ed25519') {
    throw new Error(`${path} is no signing key: expected an Ed25519 private key in PEM (PKCS #8)`);
  }
  return key;
}

export class PublicKey {
  readonly #key: KeyObject;
  /** The key itself (SubjectPublicKeyInfo, base64), as segments carry it. */
  readonly spki: string;
  /** The first 16 hexadecimal digits of its SHA-256, to compare by eye. */
  readonly id: string;

  constructor(key: KeyObject) {
    this.#key = key;
    const der = key.export({ format: 'der', type: 'spki' });
    this.spki = der.toString('base64');
    this.id = createHash('sha256').update(der).digest('hex').slice(0, 16);
  }

  /** Throws when the text is no public key, or one of another kind. */
  static fromSpki(spki: string): PublicKey {
    const key = createPublicKey({ key: Buffer.from(spki, 'base64'), format: 'der', type: 'spki' });
    if (key.asymmetricKeyType !== 'ed25519') throw new Error('this is no Ed25519 key');
    return new PublicKey(key);
  }

  /** Base64 has several spellings of the same bytes; only the one that `sign` gives counts. */
  verifies(text: Buffer, signature: string): boolean {
    const bytes = Buffer.from(signature, 'base64');
    return bytes.toString('base64') === signature && verify(null, text, this.#key, bytes);
  }
}
