/** A checkpoint: a signed note of how far the journal went, kept elsewhere, so that a cut tail shows. */
import { isObject, type JsonObject, parseJson } from '../core/json.ts';
import { sealedText } from './chain.ts';
import { PublicKey, type SigningKey } from './keys.ts';
import { readTail, segmentsIn } from './segments.ts';

export interface Checkpoint {
  readonly at: string;
  readonly segment: number;
  /** The number and hash of the last record that was there. */
  readonly n: number;
  readonly digest: string;
  readonly publicKey: PublicKey;
  readonly signature: string;
}

/** Signs the end of a journal as it is on disk; null where it has no record yet. */
export function takeCheckpoint(directory: string, key: SigningKey, at: Date): Checkpoint | null {
  for (const { path, number } of [...segmentsIn(directory)].reverse()) {
    const { digest, record } = readTail(path);
    const n = record?.['n'];
    if (digest === null || typeof n !== 'number') continue;
    const signature = key.sign(sealedText('checkpoint', number, n, digest));
    return { at: at.toISOString(), segment: number, n, digest, publicKey: key.publicKey, signature };
  }
  return null;
}

export function formatCheckpoint(checkpoint: Checkpoint): string {
  const { at, segment, n, digest, publicKey, signature } = checkpoint;
  return `${JSON.stringify({ type: 'sluice-journal-checkpoint', at, segment, n, digest, publicKey: publicKey.spki, signature }, null, 2)}\n`;
}

/** Reads a checkpoint and checks its signature; throws an Error that says what is wrong with it. */
export function parseCheckpoint(text: string): Checkpoint {
  const value = jsonObject(text);
  const [at, digest, spki, signature] = ['at', 'digest', 'publicKey', 'signature'].map(
    (field) => value[field],
  );
  const { segment, n } = value;
  if (
    value['type'] !== 'sluice-journal-checkpoint' ||
    typeof at !== 'string' ||
    typeof digest !== 'string' ||
    typeof spki !== 'string' ||
    typeof signature !== 'string' ||
    typeof segment !== 'number' ||
    typeof n !== 'number'
  ) {
    throw new Error('this is no checkpoint of a Sluice journal');
  }
  const publicKey = PublicKey.fromSpki(spki);
  if (!publicKey.verifies(sealedText('checkpoint', segment, n, digest), signature)) {
    throw new Error('the signature of the checkpoint is wrong: it has been changed');
  }
  return { at, segment, n, digest, publicKey, signature };
}

function jsonObject(text: string): JsonObject {
  let value: ReturnType<typeof parseJson>;
  try {
    value = parseJson(text);
  } catch {
    throw new Error('the checkpoint is not JSON');
  }
  if (!isObject(value)) throw new Error('the checkpoint is not a JSON object');
  return value;
}
