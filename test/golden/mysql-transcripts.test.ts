/** Recorded sessions of MySQL and MariaDB, replayed with both sides cut into chunks of every size: the same bytes. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { mysqlSoloDomain } from './mysql-solo.ts';
import { type MysqlTranscript, replayMysql } from './mysql-transcript.ts';

const FOLDER = new URL('../../fixtures/mysql/transcripts/', import.meta.url);
const SIZES = [
  ...Array.from({ length: 40 }, (_, n) => n + 1),
  ...[64, 100, 128, 255, 256, 500, 1000, 4096, 16_384, 1 << 20],
];

for (const file of readdirSync(FOLDER)) {
  test(`promise 10: the recorded session ${file} gives the same bytes in chunks of every size`, () => {
    const transcript: MysqlTranscript = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'));
    const domain = mysqlSoloDomain(transcript.server);
    try {
      for (const size of SIZES) {
        for (const [n, { toServer, toClient }] of replayMysql(domain, transcript, size).entries()) {
          const round = transcript.rounds[n];
          const sent = (round?.exchange ?? []).map((part) => Buffer.from(part.toServer, 'base64'));
          const where = `chunks of ${size}, round ${n}`;
          assert.equal(toServer.toString('latin1'), Buffer.concat(sent).toString('latin1'), where);
          const told = Buffer.from(round?.toClient ?? '', 'base64');
          assert.equal(toClient.toString('latin1'), told.toString('latin1'), where);
        }
      }
    } finally {
      domain.close();
    }
  });
}
