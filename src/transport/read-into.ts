/**
 * Makes an accepted socket read into one buffer of ours. Node offers this for sockets that connect (`onread`), and
 * has the same code for those that are accepted, but no public way to it: the handle is taken out of the accepted
 * socket and given to a new one. adr/0005 says what it saves and what happens where it does not work.
 */
import net from 'node:net';

/**
 * Gives a socket that passes each chunk to `receive` in `bytes[0, size)`; what it returns says whether to go on
 * reading. Where the handle cannot be had, chunks come from the stream, each in a buffer of its own.
 */
export function readInto(
  accepted: net.Socket,
  bufferBytes: number,
  receive: (bytes: Buffer, size: number) => boolean,
): net.Socket {
  const handle: unknown = Reflect.get(accepted, '_handle');
  if (typeof handle !== 'object' || handle === null || !Reflect.set(accepted, '_handle', null)) {
    accepted.on('data', (chunk: Buffer) => {
      if (!receive(chunk, chunk.length)) accepted.pause();
    });
    accepted.resume();
    return accepted;
  }
  const buffer = Buffer.allocUnsafeSlow(bufferBytes);
  const onread: net.OnReadOpts = { buffer, callback: (size) => receive(buffer, size) };
  // Through Reflect, since the types know this option for other handles only.
  const socket: net.Socket = Reflect.construct(net.Socket, [{ handle, allowHalfOpen: true, onread }]);
  socket.setNoDelay(true);
  socket.read(0);
  return socket;
}
