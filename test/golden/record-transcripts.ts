/** Records the golden transcripts against a real server: `n test/golden/record-transcripts.ts`. */
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { Client } from 'pg';
import { startPostgres } from '../../src/demo/postgres-server.ts';
import { GOLDEN_SCHEMA, SCRIPTS, type Script } from './scripts.ts';
import { type SoloDomain, soloDomain } from './solo-session.ts';
import { type Round, STARTUP, type Transcript, WithoutFlush } from './transcript.ts';

const QUIET_MS = 150;

async function record(domain: SoloDomain, port: number, script: Script): Promise<Transcript> {
  const rounds: Round[] = [];
  const filter = new WithoutFlush();
  let exchange: { toServer: Buffer; server: Buffer }[] = [];
  let told: Buffer[] = [];
  let heardAt = Date.now();
  const socket: Socket = connect(port, '127.0.0.1');
  const session = domain.session({
    toClient: (bytes) => void told.push(bytes),
    toServer(bytes) {
      socket.write(bytes);
      const last = exchange.at(-1);
      const kept = filter.take(bytes);
      if (kept.length === 0) return;
      if (last === undefined || last.server.length > 0)
        exchange.push({ toServer: kept, server: Buffer.alloc(0) });
      else last.toServer = Buffer.concat([last.toServer, kept]);
    },
    connect: () => {},
    closed(error) {
      if (error !== null) throw error;
    },
  });
  socket.on('data', (bytes: Buffer) => {
    heardAt = Date.now();
    const last = exchange.at(-1);
    if (last === undefined) throw new Error('an answer to nothing');
    last.server = Buffer.concat([last.server, bytes]);
    session.fromUpstream(bytes, 0, bytes.length);
  });
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  for (const [n, client] of [STARTUP, ...script.rounds.map((round) => Buffer.concat(round))].entries()) {
    exchange = [];
    told = [];
    heardAt = Date.now();
    session.fromDownstream(client, 0, client.length);
    if (n === 0) session.upstreamConnected();
    while (Date.now() - heardAt < QUIET_MS) await new Promise((resolve) => setTimeout(resolve, 10));
    rounds.push({
      client: client.toString('base64'),
      exchange: exchange.map(({ toServer, server }) => ({
        toServer: toServer.toString('base64'),
        server: server.toString('base64'),
      })),
      toClient: Buffer.concat(told).toString('base64'),
    });
  }
  socket.destroy();
  return { name: script.name, server: '18', rounds };
}

const postgres = await startPostgres();
const admin = new Client({ connectionString: postgres.url() });
await admin.connect();
await admin.query('CREATE DATABASE shop');
await admin.end();
const shop = new Client({ connectionString: postgres.url('shop') });
await shop.connect();
await shop.query(GOLDEN_SCHEMA);
const domain = await soloDomain(GOLDEN_SCHEMA);
for (const script of SCRIPTS) {
  const transcript = await record(domain, postgres.port, script);
  writeFileSync(
    new URL(`../../fixtures/postgres/transcripts/${script.name}.json`, import.meta.url),
    `${JSON.stringify(transcript, null, 1)}\n`,
  );
  console.log(`${script.name}: ${transcript.rounds.length} rounds`);
}
await shop.end();
domain.close();
await postgres.stop();
