/** Recordings of what a MySQL session and its server said to each other, and their replay in other chunks. */
import { CAPABILITY as C } from '../../protocols/mysql/capabilities.ts';
import { loginPacket } from '../../protocols/mysql/encode.ts';
import type { MysqlSoloDomain } from './mysql-solo.ts';

/** Bytes in base64. `server` came once `toServer` in all had been sent; the greeting comes when Sluice connects. */
export interface MysqlRound {
  readonly client: string;
  readonly exchange: readonly { readonly toServer: string; readonly server: string }[];
  readonly toClient: string;
}

export interface MysqlTranscript {
  readonly name: string;
  /** As the server's greeting has it. */
  readonly server: string;
  readonly rounds: readonly MysqlRound[];
}

/** What clients begin with; Sluice's greeting, to which it is the answer, belongs to the first round as well. */
export function loginOf(flags: number): Buffer {
  const capabilities =
    C.PROTOCOL_41 |
    C.SECURE_CONNECTION |
    C.PLUGIN_AUTH |
    C.TRANSACTIONS |
    C.MULTI_RESULTS |
    C.PS_MULTI_RESULTS;
  return loginPacket(
    {
      capabilities: capabilities | C.CONNECT_WITH_DB | flags,
      collation: 45,
      user: 'agent',
      answer: Buffer.alloc(0),
      database: 'shop',
      plugin: 'mysql_native_password',
    },
    1,
  );
}

/** Replays a transcript with both sides cut into chunks of `size` bytes; gives what each round sent to each side. */
export function replayMysql(
  domain: MysqlSoloDomain,
  transcript: MysqlTranscript,
  size: number,
): readonly { readonly toServer: Buffer; readonly toClient: Buffer }[] {
  let sent: Buffer[] = [];
  let told: Buffer[] = [];
  let connected = false;
  const session = domain.session({
    toClient: (bytes) => void told.push(bytes),
    toServer: (bytes) => void sent.push(bytes),
    connect() {
      connected = true;
    },
    closed(error) {
      if (error !== null) throw error;
    },
  });
  session.downstreamConnected();
  return transcript.rounds.map((round, n) => {
    const client = Buffer.from(round.client, 'base64');
    const waiting = [...round.exchange];
    let due = 0;
    const answer = () => {
      for (let next = waiting[0]; next !== undefined && connected; next = waiting[0]) {
        due += Buffer.from(next.toServer, 'base64').length;
        if (sent.reduce((sum, piece) => sum + piece.length, 0) < due) {
          due -= Buffer.from(next.toServer, 'base64').length;
          return;
        }
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
      answer();
    }
    if (waiting.length > 0) throw new Error(`round ${n}: ${waiting.length} answers are never asked for`);
    const seen = { toServer: Buffer.concat(sent), toClient: Buffer.concat(told) };
    sent = [];
    told = [];
    return seen;
  });
}
