/**
 * Writes to a plain TCP socket with one system call and nothing around it. A write through Node's streams costs
 * three times as much as the call itself (a request object, a tick, two callbacks), and a proxy does little else
 * than write. What the kernel does not take goes the stream's way, which waits for room. adr/0005 tells the rest.
 */
import { writeSync } from 'node:fs';
import type net from 'node:net';

/** What a socket's handle shows of itself. */
interface Handle {
  /** The file descriptor; below zero where there is none, and once the handle is closing. */
  readonly fd: number;
}

function isHandle(value: unknown): value is Handle {
  return typeof value === 'object' && value !== null && 'fd' in value && typeof value.fd === 'number';
}

export class DirectWriter {
  readonly #handle: Handle | null;

  constructor(socket: net.Socket) {
    const handle: unknown = Reflect.get(socket, '_handle');
    this.#handle = isHandle(handle) ? handle : null;
  }

  /**
   * Writes as much as the kernel takes at once, and gives the number of bytes: 0 when it takes nothing now or
   * cannot be asked. Only for a socket that has nothing queued, since it would overtake that.
   */
  write(bytes: Buffer, start: number, end: number): number {
    // Asked anew each time: once the handle closes it says -1, before the number can be another connection's.
    const fd = this.#handle === null ? -1 : this.#handle.fd;
    if (fd < 0) return 0;
    try {
      return writeSync(fd, bytes, start, end - start);
    } catch {
      // EAGAIN, or an error that the stream's own write will meet and report.
      return 0;
    }
  }
}
