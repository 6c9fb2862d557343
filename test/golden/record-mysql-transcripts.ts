/** Records the golden transcripts against real servers: `n test/golden/record-mysql-transcripts.ts`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { createConnection } from 'mysql2/promise';
import { type MysqlEdition, obtainMysql } from '../../src/demo/mysql-programs.ts';
import { type MysqlServer, startMysql } from '../../src/demo/mysql-server.ts';
import { adminConnection } from '../support/mysql-servers.ts';
import { GOLDEN_SCHEMA, MYSQL_SCRIPTS, type MysqlScript } from './mysql-scripts.ts';
import { type MysqlSoloDomain, mysqlSoloDomain } from './mysql-solo.ts';
import { loginOf, type MysqlRound, type MysqlTranscript } from './mysql-transcript.ts';

const EDITIONS: readonly MysqlEdition[] = ['mariadb', 'mariadb-11.8', 'mysql'];
const QUIET_MS = 150;

async function record(
  domain: MysqlSoloDomain,
  { port }: MysqlServer,
  server: string,
  script: MysqlScript,
): Promise<MysqlTranscript> {
  const rounds: MysqlRound[] = [];
  let exchange: { toServer: Buffer; server: Buffer }[] = [];
  let told: Buffer[] = [];
  let heardAt = Date.now();
  let socket: Socket | null = null;
  const heard = (bytes: Buffer) => {
    heardAt = Date.now();
    const last = exchange.at(-1) ?? { toServer: Buffer.alloc(0), server: Buffer.alloc(0) };
    if (exchange.length === 0) exchange.push(last);
    last.server = Buffer.concat([last.server, bytes]);
    session.fromUpstream(bytes, 0, bytes.length);
  };
  const session = domain.session({
    toClient: (bytes) => void told.push(bytes),
    toServer(bytes) {
      socket?.write(bytes);
      const last = exchange.at(-1);
      if (last === undefined || last.server.length > 0)
        exchange.push({ toServer: bytes, server: Buffer.alloc(0) });
      else last.toServer = Buffer.concat([last.toServer, bytes]);
    },
    connect() {
      socket = connect(port, '127.0.0.1');
      socket.on('data', heard);
    },
    closed(error) {
      if (error !== null) throw error;
    },
  });
  session.downstreamConnected();
  for (const client of [loginOf(script.flags), ...script.rounds.map((round) => Buffer.concat(round))]) {
    heardAt = Date.now();
    session.fromDownstream(client, 0, client.length);
    while (Date.now() - heardAt < QUIET_MS) await new Promise((resolve) => setTimeout(resolve, 10));
    rounds.push({
      client: client.toString('base64'),
      exchange: exchange.map(({ toServer, server }) => ({
        toServer: toServer.toString('base64'),
        server: server.toString('base64'),
      })),
      toClient: Buffer.concat(told).toString('base64'),
    });
    exchange = [];
    told = [];
  }
  if (socket !== null) Object(socket).destroy();
  return { name: script.name, server, rounds };
}

async function recordAll(edition: MysqlEdition): Promise<void> {
  const programs = await obtainMysql(edition, (what) => console.log(`${what} …`));
  const { flavour, version } = programs;
  const server = await startMysql({ flavour, programs });
  const admin = await adminConnection(server);
  await admin.query(
    "CREATE DATABASE shop; CREATE DATABASE other; GRANT ALL ON shop.* TO app@'%'; GRANT ALL ON other.* TO app@'%'; USE shop",
  );
  for (const statement of GOLDEN_SCHEMA) await admin.query(statement);
  await admin.end();
  // MySQL knows the password by then, so that the next login needs no key, whose use is never the same twice.
  await (await createConnection(server.appUrl('shop'))).end();
  const greeted = flavour === 'mariadb' && version.startsWith('10.') ? `5.5.5-${version}` : version;
  const domain = mysqlSoloDomain(greeted);
  const folder = new URL('../../fixtures/mysql/transcripts/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  for (const script of MYSQL_SCRIPTS) {
    const transcript = await record(domain, server, greeted, script);
    const [release = ''] = /^\d+\.\d+/.exec(version) ?? [];
    const name = `${flavour}-${release}-${script.name}.json`;
    writeFileSync(new URL(name, folder), `${JSON.stringify(transcript, null, 1)}\n`);
    console.log(`${name}: ${transcript.rounds.length} rounds`);
  }
  domain.close();
  await server.stop();
}

for (const edition of EDITIONS) await recordAll(edition);
