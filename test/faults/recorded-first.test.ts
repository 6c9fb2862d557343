/** Promise 8 seen from the server's side: whatever arrives there is in the journal's file already. */
import assert from 'node:assert/strict';
import { closeSync, openSync, readSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { segmentsIn } from '../../src/journal/segments.ts';
import { bind, execute, parse, query, sync } from '../support/frontend.ts';
import { startRelay } from '../support/relay.ts';
import { startSluice } from '../support/sluice.ts';
import { WireClient } from '../support/wire-client.ts';

const MARKER = /mark-(\d+)-/g;
const CLIENTS = 4;
const STATEMENTS = 250;
let postgres: PostgresServer;

before(async () => {
  postgres = await startPostgres();
});

after(async () => {
  await postgres?.stop();
});

/** Follows a file that grows, and the markers in it. */
class Follower {
  readonly seen = new Set<string>();
  #file = -1;
  #rest = '';

  follow(path: string): void {
    this.#file = openSync(path, 'r');
  }

  readOn(): void {
    const chunk = Buffer.alloc(64 * 1024);
    for (let size = readSync(this.#file, chunk); size > 0; size = readSync(this.#file, chunk)) {
      this.#rest += chunk.toString('latin1', 0, size);
    }
    for (const [, mark = ''] of this.#rest.matchAll(MARKER)) this.seen.add(mark);
    this.#rest = this.#rest.slice(-100);
  }

  close(): void {
    closeSync(this.#file);
  }
}

for (const durability of ['written', 'synced']) {
  test(`promise 8: at the moment bytes arrive upstream their record is in the file (${durability})`, async (context) => {
    const journal = new Follower();
    const early: string[] = [];
    let arrived = 0;
    const relay = await startRelay(postgres.port, 0, (bytes) => {
      const marks = [...bytes.toString('latin1').matchAll(MARKER)].map(([, mark = '']) => mark);
      if (marks.length === 0) return;
      journal.readOn();
      arrived += marks.length;
      early.push(...marks.filter((mark) => !journal.seen.has(mark)));
    });
    const sluice = await startSluice({
      upstream: `postgres://postgres@127.0.0.1:${relay.port}/postgres?sslmode=disable`,
      listener: `durability: ${durability}`,
    });
    context.after(async () => {
      await sluice.stop();
      journal.close();
      relay.close();
    });
    journal.follow(segmentsIn(sluice.journalDirectory).at(-1)?.path ?? '');
    let next = 0;
    // Statements are sent without waiting, a few in each turn of the event loop, while earlier ones wait for the disk.
    await Promise.all(
      Array.from({ length: CLIENTS }, async (_, n) => {
        const client = await WireClient.connect(sluice.port);
        await client.ask(query('SELECT 1'));
        for (let k = 0; k < STATEMENTS; k++) {
          const text = `SELECT 'mark-${++next}-'`;
          if ((k + n) % 3 === 0) client.send(parse('', text), bind('', ''), execute(), sync());
          else client.send(query(text));
          await new Promise((resolve) => setImmediate(resolve));
        }
        await client.until('Z', STATEMENTS);
        client.end();
      }),
    );
    assert.deepEqual(early, []);
    assert.equal(arrived, CLIENTS * STATEMENTS);
  });
}
