/** Bodies read whole under a limit, and content codings taken off (RFC 9110, 8.4). */
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import type { Coding } from '../../protocols/http/index.ts';
import type { HeldMemory } from '../limits/held-memory.ts';

/** `too-large`: longer than it may be. `no-memory`: others hold too much. `broken`: it is not packed as it says. */
export type BodyFault = 'too-large' | 'no-memory' | 'broken';

export class BodyError extends Error {
  override readonly name = 'BodyError';
  readonly fault: BodyFault;

  constructor(fault: BodyFault) {
    super(fault);
    this.fault = fault;
  }
}

/** The bytes without their codings, as a stream that is no faster than its reader. A broken packing is a BodyError. */
export function decoded(body: Readable, codings: readonly Coding[]): Readable {
  let stream = body;
  for (const coding of [...codings].reverse()) {
    const unpacker = decoderOf(coding);
    const from = stream;
    from.on('error', (error) => unpacker.destroy(error));
    unpacker.on('close', () => from.destroy());
    stream = from.pipe(unpacker);
  }
  return stream;
}

function decoderOf(coding: Coding) {
  switch (coding) {
    case 'gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    case 'br':
      return createBrotliDecompress();
    case 'zstd':
      return createZstdDecompress();
  }
}

/** Memory taken for a body; given back once. */
export class HeldBody {
  readonly #memory: HeldMemory;
  #bytes = 0;

  constructor(memory: HeldMemory) {
    this.#memory = memory;
  }

  take(bytes: number): void {
    if (!this.#memory.hold(bytes)) throw new BodyError('no-memory');
    this.#bytes += bytes;
  }

  release(): void {
    this.#memory.release(this.#bytes);
    this.#bytes = 0;
  }
}

/** Reads to the end; throws BodyError, or what the stream fails with. What is read is counted as held. */
export async function readWhole(
  body: Readable,
  codings: readonly Coding[],
  bytesMax: number,
  held: HeldBody,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const stream = decoded(body, codings);
  try {
    for await (const chunk of stream) {
      const piece = bytesOf(chunk);
      bytes += piece.length;
      if (bytes > bytesMax) throw new BodyError('too-large');
      held.take(piece.length);
      chunks.push(piece);
    }
  } catch (error) {
    throw isPacking(error) ? new BodyError('broken') : error;
  }
  return Buffer.concat(chunks, bytes);
}

export function bytesOf(chunk: unknown): Buffer {
  if (Buffer.isBuffer(chunk)) return chunk;
  if (chunk instanceof Uint8Array) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  throw new TypeError('a body gives bytes');
}

/** Whether an error is one of node:zlib's. */
export function isPacking(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    /^(?:Z_|ERR__?ERROR|ERR_BROTLI|ERR_ZSTD|ZSTD_)/.test(String(error.code))
  );
}
