/**
 * A session credential: a secret that Sluice made for a principal, good for a while, used as the password. The secret
 * is told once. What is stored of it checks answers of clients that never send it: as it has 256 random bits, nobody
 * finds it from that.
 */
import { createHmac, hash, randomBytes } from 'node:crypto';
import { isObject, type Json } from '../core/json.ts';
import type { Identity } from '../core/principal.ts';
import { type MysqlVerifier, verifierOf } from './mysql-password.ts';
import { formatVerifier, makeVerifier, parseVerifier, type ScramVerifier } from './scram.ts';

export const SECRET_PREFIX = 'slc_';
const SECRET_BYTES = 32;
const ID_BYTES = 10;
const ID_ALPHABET = '23456789abcdefghjkmnpqrstuvwxyz';
const SALT_BYTES = 16;

/** As the store keeps it; see `Credential` there. Times are milliseconds since the epoch by the store's clock. */
export interface StoredCredential {
  readonly id: string;
  readonly hash: string;
  readonly principal: string;
  readonly groups: readonly string[];
  readonly bound: Json;
  readonly verifiers: Json;
  readonly mintedBy: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface CredentialOrder {
  readonly principal: string;
  readonly groups: readonly string[];
  /** Null: it serves on every listener. */
  readonly listener: string | null;
  /** The principal is one of identity.users, and the credential is worth nothing once it is not. */
  readonly isConfigured: boolean;
  readonly mintedBy: string;
  readonly nowMs: number;
  readonly ttlMs: number;
  /** What SCRAM is to be done with: the same for all that one name may log in with. */
  readonly salt: ScramSalt;
}

export interface ScramSalt {
  readonly salt: Buffer;
  readonly iterations: number;
}

export function mintCredential(order: CredentialOrder): {
  readonly secret: string;
  readonly credential: StoredCredential;
} {
  const secret = SECRET_PREFIX + randomBytes(SECRET_BYTES).toString('base64url');
  const { salt, iterations } = order.salt;
  const mysql = verifierOf(secret);
  const credential = {
    id: `c-${Array.from(randomBytes(ID_BYTES), (byte) => ID_ALPHABET[byte % ID_ALPHABET.length]).join('')}`,
    hash: secretHash(Buffer.from(secret)),
    principal: order.principal,
    groups: order.groups,
    bound: { listener: order.listener, configured: order.isConfigured },
    verifiers: {
      scram: formatVerifier(makeVerifier(secret, salt, iterations)),
      native: mysql.native.toString('hex'),
      fast: mysql.fast.toString('hex'),
    },
    mintedBy: order.mintedBy,
    createdAt: order.nowMs,
    expiresAt: order.nowMs + order.ttlMs,
  };
  return { secret, credential };
}

/** What the store finds a credential by. */
export function secretHash(secret: Buffer): string {
  return hash('sha256', secret, 'hex');
}

export function isSecret(password: Buffer): boolean {
  return password.subarray(0, SECRET_PREFIX.length).toString('latin1') === SECRET_PREFIX;
}

/** The salt for a name that has none from a stored verifier: the same on all instances that share a store. */
export function saltFor(storeSalt: string, name: string, iterations: number): ScramSalt {
  const salt = createHmac('sha256', Buffer.from(storeSalt, 'hex')).update(name).digest();
  return { salt: salt.subarray(0, SALT_BYTES), iterations };
}

/** One thing that a name may log in with. */
export interface Candidate {
  readonly identity: Identity;
  readonly scram: ScramVerifier | null;
  readonly mysql: MysqlVerifier | null;
}

/**
 * What a stored credential is worth on a listener; null: nothing. `groups` are those that its principal has now: null
 * where the configuration has no such user.
 */
export function candidateOf(
  stored: StoredCredential,
  listener: string,
  groups: readonly string[] | null,
): Candidate | null {
  const { bound, verifiers } = stored;
  if (!isObject(bound) || !isObject(verifiers)) return null;
  if (bound['listener'] !== null && bound['listener'] !== listener) return null;
  if (bound['configured'] === true && groups === null) return null;
  const scram = typeof verifiers['scram'] === 'string' ? parseVerifier(verifiers['scram']) : null;
  const [native, fast] = [digestAt(verifiers['native'], 20), digestAt(verifiers['fast'], 32)];
  const kept = groups === null ? stored.groups : stored.groups.filter((group) => groups.includes(group));
  return {
    identity: {
      principal: { name: stored.principal, groups: kept },
      proof: {
        via: 'session',
        expiresAtMs: stored.expiresAt,
        credential: stored.id,
        issuer: null,
        subject: null,
        ...(stored.mintedBy === '' ? {} : { mintedBy: stored.mintedBy }),
      },
    },
    scram,
    mysql: native === null || fast === null ? null : { kind: 'digests', native, fast },
  };
}

function digestAt(value: Json | undefined, bytes: number): Buffer | null {
  if (typeof value !== 'string') return null;
  const digest = Buffer.from(value, 'hex');
  return digest.length === bytes ? digest : null;
}

export function sameSalt(left: ScramSalt, right: ScramSalt): boolean {
  return left.iterations === right.iterations && left.salt.equals(right.salt);
}
