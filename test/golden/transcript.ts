/** Recordings of what a session and its server said to each other, and their replay in other chunks. */
import type { PostgresSession } from '../../protocols/postgres/index.ts';
import { startup } from '../support/frontend.ts';
import type { SoloDomain } from './solo-session.ts';

/** Bytes in base64. `server` came once `toServer` in all, without Flush, had been sent. */
export interface Round {
  readonly client: string;
  readonly exchange: readonly { readonly toServer: string; readonly server: string }[];
  readonly toClient: string;
}

export interface Transcript {
  readonly name: string;
  readonly server: string;
  readonly rounds: readonly Round[];
}

export const STARTUP = startup({ user: 'agent', database: 'shop' });

/** Frames without Flush: where those come depends on how the input was cut, and nothing depends on them. */
export class WithoutFlush {
  #rest: Buffer = Buffer.alloc(0);
  /** The start-up packet has no type. */
  #begun = false;

  take(bytes: Buffer): Buffer {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const kept: Buffer[] = [];
    for (;;) {
      const header = this.#begun ? 1 : 0;
      if (this.#rest.length < header + 4) break;
      const size = header + this.#rest.readInt32BE(header);
      if (this.#rest.length < size) break;
      if (!this.#begun || this.#rest[0] !== 0x48) kept.push(this.#rest.subarray(0, size));
      this.#begun = true;
      this.#rest = this.#rest.subarray(size);
    }
    return Buffer.concat(kept);
  }
}

/** Replays a transcript with both sides cut into chunks of `size` bytes; gives what each round sent to each side. */
export function replay(
  domain: SoloDomain,
  transcript: Transcript,
  size: number,
): readonly { toServer: Buffer; toClient: Buffer }[] {
  const filter = new WithoutFlush();
  let sent: Buffer[] = [];
  let told: Buffer[] = [];
  let session: PostgresSession | null = null;
  const sink = {
    toClient: (bytes: Buffer) => void told.push(bytes),
    toServer: (bytes: Buffer) => void sent.push(filter.take(bytes)),
    connect: () => queueMicrotask(() => {}),
    closed(error: Error | null) {
      if (error !== null) throw error;
    },
  };
  session = domain.session(sink);
  return transcript.rounds.map((round, n) => {
    sent = [];
    told = [];
    const client = Buffer.from(round.client, 'base64');
    const waiting = [...round.exchange];
    let due = 0;
    const answer = () => {
      for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
        const wanted = Buffer.from(next.toServer, 'base64').length;
        if (sent.reduce((sum, piece) => sum + piece.length, 0) < due + wanted) return;
        due += wanted;
        waiting.shift();
        const server = Buffer.from(next.server, 'base64');
        for (let at = 0; at < server.length; at += size) {
          const chunk = Buffer.from(server.subarray(at, at + size));
          session.fromUpstream(chunk, 0, chunk.length);
        }
      }
    };
    for (let at = 0; at < client.length; at += size) {
      const chunk = Buffer.from(client.subarray(at, at + size));
      session.fromDownstream(chunk, 0, chunk.length);
      if (n === 0 && at + size >= client.length) session.upstreamConnected();
      answer();
    }
    if (waiting.length > 0) throw new Error(`round ${n}: ${waiting.length} answers are never asked for`);
    return { toServer: Buffer.concat(sent), toClient: Buffer.concat(told) };
  });
}
