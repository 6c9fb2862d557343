import { hkdfSync } from 'node:crypto';

/** Secrets shorter than this can be found by trying; the configuration refuses them. */
export const KEY_BYTES_MIN = 16;

/** One secret and the short name that outputs made with it carry. */
export interface MaskKey {
  /** Letters and digits, at most 16. */
  readonly id: string;
  readonly secret: Uint8Array;
}

/** The keys of one purpose. New values are made with `current`; the others still open older tokens. Plain data: it may be posted to a worker. */
export interface KeyRing {
  readonly current: string;
  readonly keys: readonly MaskKey[];
}

/** What is wrong with a ring, for the configuration's check; null when nothing is. */
export function keyRingProblem(ring: KeyRing): string | null {
  const seen = new Set<string>();
  for (const key of ring.keys) {
    if (!/^[A-Za-z0-9]{1,16}$/.test(key.id))
      return `the key id "${key.id}" has to be 1 to 16 letters and digits`;
    if (seen.has(key.id)) return `the key id "${key.id}" is used twice`;
    if (key.secret.length < KEY_BYTES_MIN)
      return `the key "${key.id}" is shorter than ${KEY_BYTES_MIN} bytes`;
    seen.add(key.id);
  }
  return seen.has(ring.current) ? null : `the current key "${ring.current}" is not among the keys`;
}

export function currentKey(ring: KeyRing): MaskKey {
  const key = ring.keys.find(({ id }) => id === ring.current);
  if (key === undefined) throw new Error('a key ring without its current key');
  return key;
}

/** A key for one purpose (RFC 5869), so that the same secret behind `hash` and `token` never serves both. */
export function derivedKey(key: MaskKey, purpose: string, sizeBytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', key.secret, 'sluice mask', purpose, sizeBytes));
}
