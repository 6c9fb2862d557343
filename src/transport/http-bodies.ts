/** Bodies read whole under a limit, and content codings taken off (RFC 9110, 8.4). */
import { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import type { Coding } from '../../protocols/http/index.ts';
import type { HeldMemory } from '../limits/held-memory.ts';
import { UpstreamBody } from './http-upstream-body.ts';

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

/** A client's body, or a server's. */
export type Body = Readable | UpstreamBody;

/** The bytes without their codings, no faster than their reader. A broken packing is an error of node:zlib's. */
export function decoded(body: Body, codings: readonly Coding[]): Body {
  if (codings.length === 0) return body;
  let stream = body instanceof UpstreamBody ? Readable.from(body) : body;
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
  body: Body,
  codings: readonly Coding[],
  bytesMax: number,
  held: HeldBody,
): Promise<Buffer> {
  if (codings.length === 0 && body instanceof IncomingMessage) return collected(body, bytesMax, held);
  const whole = codings.length === 0 && body instanceof UpstreamBody ? body.takeWhole() : null;
  if (whole !== null) {
    // A small answer has come with its head: nothing has to be waited for.
    if (whole.length > bytesMax) throw new BodyError('too-large');
    held.take(whole.length);
    return whole;
  }
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

/**
 * A client's body as it is. By its events: a loop over the stream would cost ten turns of the microtask queue and twice as
 * many listeners for each request, and most bodies are one chunk.
 */
function collected(body: IncomingMessage, bytesMax: number, held: HeldBody): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const fail = (error: Error) => {
      body.destroy();
      reject(error);
    };
    // Of one that is destroyed already no event comes.
    if (body.destroyed) fail(new Error('the request broke off'));
    body.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      try {
        if (bytes > bytesMax) throw new BodyError('too-large');
        held.take(chunk.length);
      } catch (error) {
        fail(error instanceof Error ? error : new Error(String(error)));
        return;
      }
      chunks.push(chunk);
    });
    body.on('end', () => resolve(onlyOf(chunks) ?? Buffer.concat(chunks, bytes)));
    body.on('error', reject);
    body.on('close', () => reject(new Error('the request broke off')));
  });
}

function onlyOf(chunks: readonly Buffer[]): Buffer | null {
  return chunks.length === 1 ? (chunks[0] ?? null) : null;
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
