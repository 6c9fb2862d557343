/**
 * The hash chain. A record is one line of JSON; its last member, `prev`, is the SHA-256 of the line before, so
 * that changing or removing any line shows in the next. Segments continue the chain of those before them.
 */
import { hash } from 'node:crypto';

/** What the very first record of a journal has as `prev`. */
export const GENESIS = '0'.repeat(64);

/** The hash of one line, without its newline, as 64 hexadecimal digits. */
export function hashLine(line: string | Buffer): string {
  return hash('sha256', line, 'hex');
}

/** What a seal, a checkpoint or a removal signs: the place in the chain, and the hash of all that came before. */
export function sealedText(
  kind: 'seal' | 'checkpoint' | 'removal',
  segment: number,
  n: number,
  digest: string,
): Buffer {
  return Buffer.from(`sluice journal ${kind}\nsegment ${segment}\nrecord ${n}\nsha256 ${digest}\n`);
}
