/** Answers are written no faster than clients read them (promise 9). */
import type { ServerResponse } from 'node:http';

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
