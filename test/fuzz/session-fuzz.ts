/** Feeds sessions without a network with bytes that are nearly right, from both sides, in chunks of any size. */
import type { ProxyError } from '../../src/core/errors.ts';
import type { SoloDomain } from '../golden/solo-session.ts';
import { startup } from '../support/frontend.ts';
import { generator, mutatedStream } from './mutations.ts';

const STARTUP = startup({ user: 'agent', database: 'shop' });
/** AuthenticationOk, BackendKeyData and ReadyForQuery. */
const READY = Buffer.from(
  '520000000800000000 4b0000000c0000000100000002 5a0000000549'.replaceAll(' ', ''),
  'hex',
);

/** One session by seed. Gives how it ended; throws when it has thrown, or ended by an error of our own making. */
export function fuzzSession(domain: SoloDomain, seed: number): string {
  const random = generator(seed);
  let end: ProxyError | null | 'open' = 'open';
  let sent = 0;
  const session = domain.session({
    toClient() {},
    toServer: (bytes) => {
      sent += bytes.length;
    },
    connect() {},
    closed(error) {
      end = error;
    },
  });
  const feed = (bytes: Buffer, take: (bytes: Buffer, start: number, end: number) => void) => {
    for (let at = 0; at < bytes.length; ) {
      const size = 1 + Math.floor(random() ** 3 * bytes.length);
      const chunk = Buffer.from(bytes.subarray(at, at + size));
      take(chunk, 0, chunk.length);
      at += size;
    }
  };
  const fromClient = (bytes: Buffer, start: number, to: number) => session.fromDownstream(bytes, start, to);
  const fromServer = (bytes: Buffer, start: number, to: number) => session.fromUpstream(bytes, start, to);
  feed(STARTUP, fromClient);
  session.upstreamConnected();
  feed(READY, fromServer);
  for (let turn = 0; turn < 3; turn++) {
    feed(mutatedStream(random), random() < 0.75 ? fromClient : fromServer);
    session.tick();
  }
  session.downstreamEnded();
  session.downstreamLost();
  const ended: ProxyError | null | 'open' = end;
  if (ended === 'open') throw new Error(`seed ${seed}: the session outlives its client`);
  const code = ended === null ? 'left' : codeOf(ended);
  if (code === 'invariant') throw new Error(`seed ${seed}: ${String(causeOf(ended))} after ${sent} bytes`);
  return code;
}

function codeOf(error: ProxyError): string {
  return error.code;
}

function causeOf(error: ProxyError | null): unknown {
  return error?.cause instanceof Error ? error.cause.stack : error?.cause;
}
