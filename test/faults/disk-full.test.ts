/** Promise 8 with a disk that is really full: nothing passes, sessions live on, and it goes on when there is room. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { Client } from 'pg';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { segmentsIn } from '../../src/journal/segments.ts';
import { bind, execute, flush, parse, query, sync, terminate } from '../support/frontend.ts';
import { type SluiceProcess, startSluiceProcess } from '../support/sluice-process.ts';
import { until } from '../support/until.ts';
import { commandsOf, errorAmong, tagsOf, WireClient } from '../support/wire-client.ts';

let postgres: PostgresServer;
let direct: Client;

before(async () => {
  postgres = await startPostgres();
  direct = new Client({ connectionString: postgres.url() });
  await direct.connect();
  await direct.query('CREATE TABLE public.t (id int PRIMARY KEY)');
});

after(async () => {
  await direct?.end();
  await postgres?.stop();
});

/** A way to leave the journal no room, and to give it back. */
interface Disk {
  readonly name: string;
  readonly start: (
    context: TestContext,
    listener?: string,
  ) => Promise<{ readonly sluice: SluiceProcess; fill(): void; free(): void }>;
}

/** The kernel's own limit on the size of files: works for everybody, and fails with EFBIG. */
const fileSizeLimit: Disk = {
  name: 'a file size limit',
  async start(context, listener) {
    const sluice = await startSluiceProcess({
      upstream: postgres.url(),
      ...(listener === undefined ? {} : { listener }),
    });
    context.after(() => sluice.remove());
    const limit = (bytes: string) =>
      execFileSync('prlimit', ['--pid', String(sluice.child.pid), `--fsize=${bytes}:unlimited`]);
    return {
      sluice,
      fill: () => limit(String(statSync(segmentsIn(sluice.journalDirectory).at(-1)?.path ?? '').size + 40)),
      free: () => limit('unlimited'),
    };
  },
};

/** A disk of its own, which only root can make: ENOSPC. */
const smallDisk: Disk = {
  name: 'a full disk',
  async start(context, listener) {
    const journalDirectory = `/tmp/sluice-disk-${process.pid}-${performance.now()}`;
    mkdirSync(journalDirectory);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', journalDirectory]);
    context.after(() => {
      execFileSync('umount', ['--lazy', journalDirectory]);
      rmSync(journalDirectory, { recursive: true });
    });
    const sluice = await startSluiceProcess({
      upstream: postgres.url(),
      journalDirectory,
      ...(listener === undefined ? {} : { listener }),
    });
    context.after(() => sluice.remove());
    const filler = join(journalDirectory, 'filler');
    return {
      sluice,
      fill: () => fillUp(filler),
      free: () => rmSync(filler),
    };
  },
};

function fillUp(path: string): void {
  const file = openSync(path, 'a');
  try {
    for (const size of [4096, 1]) {
      const bytes = Buffer.alloc(size);
      try {
        for (;;) writeSync(file, bytes);
      } catch {
        // Full.
      }
    }
  } finally {
    closeSync(file);
  }
}

async function countOf(id: number): Promise<number> {
  const { rows } = await direct.query<{ n: number }>(
    'SELECT count(*)::int AS n FROM public.t WHERE id >= $1',
    [id],
  );
  return rows[0]?.n ?? -1;
}

/** Inserts until one is refused; gives the id that was. */
async function insertUntilRefused(
  client: WireClient,
  from: number,
): Promise<{ readonly id: number; readonly error: Readonly<Record<string, string>> }> {
  for (let id = from; id < from + 5000; id++) {
    const answer = await client.ask(query(`INSERT INTO public.t VALUES (${id})`));
    const error = errorAmong(answer);
    if (error === null) continue;
    assert.equal(tagsOf(answer), 'EZ');
    return { id, error };
  }
  throw new Error('the disk was never full');
}

const disks = process.getuid?.() === 0 ? [fileSizeLimit, smallDisk] : [fileSizeLimit];
let nextId = 0;

for (const disk of disks) {
  for (const listener of [undefined, 'durability: synced']) {
    test(`promise 8: with ${disk.name} nothing passes, and it goes on afterwards (${listener ?? 'durability: written'})`, async (context) => {
      nextId += 10_000;
      const from = nextId;
      const { sluice, fill, free } = await disk.start(context, listener);
      const client = await WireClient.connect(sluice.port);
      const other = await WireClient.connect(sluice.port);
      await other.ask(parse('s', 'INSERT INTO public.t VALUES ($1::text::int)'), sync());
      assert.deepEqual(commandsOf(await client.ask(query(`INSERT INTO public.t VALUES (${from})`))), [
        'INSERT 0 1',
      ]);
      fill();

      const { id, error } = await insertUntilRefused(client, from + 1);
      assert.equal(error['C'], '58030');
      assert.match(error['M'] ?? '', /journal cannot be written/);
      assert.equal(await countOf(id), 0, 'nothing went upstream');
      // Prepared before, and bound now: refused as well, up to Sync, and the session lives.
      const bound = await other.ask(bind('', 's', [String(id)]), execute(), sync());
      assert.equal(tagsOf(bound), 'EZ');
      assert.equal(errorAmong(bound)?.['C'], '58030');
      assert.equal(await countOf(id), 0);
      // Nobody new is let in meanwhile.
      const late = await WireClient.dial(sluice.port);
      await assert.rejects(WireClient.connect(sluice.port), /58030/);
      late.end();

      free();
      await until(
        async () => errorAmong(await client.ask(query(`INSERT INTO public.t VALUES (${id})`))) === null,
        'recovery',
      );
      assert.equal(errorAmong(await other.ask(bind('', 's', [String(id + 1)]), execute(), sync())), null);
      client.send(terminate());
      other.send(terminate());
      sluice.child.kill('SIGTERM');
      assert.equal(await sluice.exited, 0);
      assert.deepEqual(sluice.verify().problems, []);
      assertRecorded(sluice, await idsSince(from));
      const outages = sluice.records().filter(({ type }) => type === 'outage');
      assert.equal(outages.length, 1);
      assert.ok(Number(outages[0]?.['recordsRefused']) > 0);
    });
  }
}

test('promise 8: a portal that was bound before does not run while the journal cannot be written', async (context) => {
  nextId += 10_000;
  const from = nextId;
  const { sluice, fill, free } = await fileSizeLimit.start(context);
  const client = await WireClient.connect(sluice.port);
  const probe = await WireClient.connect(sluice.port);
  await client.ask(query('BEGIN'));
  client.send(parse('', `INSERT INTO public.t VALUES (${from + 9_000})`), bind('p', ''), flush());
  await client.until('2');
  fill();
  await insertUntilRefused(probe, from);
  const answer = await client.ask(execute('p'), sync());
  assert.equal(errorAmong(answer)?.['C'], '58030');
  await client.ask(query('COMMIT'));
  free();
  await until(async () => errorAmong(await client.ask(query('SELECT 1'))) === null, 'recovery');
  await client.ask(query('COMMIT'));
  assert.equal(await countOf(from + 9_000), 0);
});

async function idsSince(from: number): Promise<readonly number[]> {
  const { rows } = await direct.query<{ id: number }>('SELECT id FROM public.t WHERE id >= $1', [from]);
  return rows.map(({ id }) => id);
}

function assertRecorded(sluice: SluiceProcess, ids: readonly number[]): void {
  const recorded = new Set<number>();
  for (const { type, text, parameters } of sluice.records()) {
    if (type !== 'statement') continue;
    recorded.add(
      Number(/\((\d+)\)/.exec(String(text))?.[1] ?? (Array.isArray(parameters) ? parameters[0] : Number.NaN)),
    );
  }
  assert.ok(ids.length > 1);
  for (const id of ids) assert.ok(recorded.has(id), `${id} is in the database and not in the journal`);
}
