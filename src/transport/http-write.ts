/** Answers are written no faster than clients read them (promise 9). */
import type { ServerResponse } from 'node:http';

/** Of a body that goes into one string with its head. */
const SMALL_BYTES_MAX = 16 * 1024;

/**
 * The whole of an answer and its end; `bytes` count as held until the client has taken them. Rejects when the client is
 * gone. A small body is handed over as ISO-8859-1, in which every byte is a character of the same number: Node writes a
 * head and a body that are both such strings in one call with one buffer, and anything else as a list of buffers.
 */
export async function ended(response: ServerResponse, bytes: Buffer): Promise<void> {
  if (response.destroyed) throw new Error('the client is gone');
  if (bytes.length <= SMALL_BYTES_MAX) response.end(bytes.latin1Slice(), 'latin1');
  else response.end(bytes);
  if (response.writableFinished || response.writableLength === 0) return;
  await new Promise<void>((resolve, reject) => {
    response.once('finish', resolve);
    response.once('close', () => {
      if (!response.writableFinished) reject(new Error('the client is gone'));
    });
  });
}

/** Rejects when the client is gone. */
export async function written(response: ServerResponse, bytes: Buffer): Promise<void> {
  if (response.destroyed) throw new Error('the client is gone');
  if (response.write(bytes)) return;
  await new Promise<void>((resolve, reject) => {
    const drained = () => {
      response.off('close', closed);
      resolve();
    };
    const closed = () => {
      response.off('drain', drained);
      reject(new Error('the client is gone'));
    };
    response.once('drain', drained);
    response.once('close', closed);
  });
}

/** Resolves once what was written has been handed to the kernel, or the client is gone: breaking off takes nothing of it back. */
export async function flushed(response: ServerResponse): Promise<void> {
  const { socket } = response;
  if (socket === null || socket.destroyed) return;
  await new Promise<void>((resolve) => {
    response.once('close', resolve);
    // What is gathered for this turn goes first.
    setImmediate(() => socket.write('', () => resolve()));
  });
}
