/**
 * Mixed load for some minutes: queries, denials, cuts, cancels, prepared statements, clients that vanish. Memory and
 * open files have to stay flat, and the journal has to verify. Not part of `npm test`:
 *
 *     node test/soak/mixed-load.ts --minutes 10 --clients 16
 */
import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { createShop } from '../../src/demo/shop.ts';
import { bind, cancelRequest, execute, parse, query, sync, terminate } from '../support/frontend.ts';
import { type SluiceProcess, startSluiceProcess } from '../support/sluice-process.ts';
import { errorAmong, WireClient } from '../support/wire-client.ts';

const MIB = 1024 * 1024;
const SAMPLE_MS = 5_000;
/** How much memory and how many files may grow between the second fifth of the run and its last. */
const GROWTH_BYTES_MAX = 24 * MIB;
const GROWTH_FILES_MAX = 8;

const POLICY = `
default: allow
rules:
  - { name: no-destruction, when: { effects: [destroy] }, then: deny }
  - { name: few, when: { tables: [shop.orders] }, then: { limit: { rows: 50 } } }
`;

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '5' }, clients: { type: 'string', default: '12' } },
});
const durationMs = Number(values.minutes) * 60_000;
const counts = new Map<string, number>();

function count(what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

/** A small generator of its own (xorshift), so that a run can be told by its seed. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761 + 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

type Step = (client: WireClient, n: number) => Promise<string | undefined>;

const codeOf = async (client: WireClient, ...messages: readonly Buffer[]) =>
  errorAmong(await client.ask(...messages))?.['C'];

const STEPS: readonly (readonly [name: string, expected: string | undefined, step: Step])[] = [
  [
    'select',
    undefined,
    (client, n) => codeOf(client, query(`SELECT name FROM shop.customers WHERE id = ${n}`)),
  ],
  ['new text', undefined, (client, n) => codeOf(client, query(`SELECT ${n} AS "column ${n}"`))],
  [
    'extended',
    undefined,
    (client, n) =>
      codeOf(
        client,
        parse('', 'SELECT name FROM shop.customers WHERE id = $1'),
        bind('', '', [String(n)]),
        execute(),
        sync(),
      ),
  ],
  ['denied', '42501', (client) => codeOf(client, query('DROP TABLE shop.orders'))],
  ['cut', '54000', (client) => codeOf(client, query('SELECT * FROM shop.orders'))],
  [
    'large',
    undefined,
    (client) => codeOf(client, query("SELECT repeat('x', 1000) FROM generate_series(1, 3000)")),
  ],
  ['syntax', '42601', (client) => codeOf(client, query('SELEC 1'))],
  ['cancelled', '57014', cancelled],
];

async function cancelled(client: WireClient): Promise<string | undefined> {
  const key = client.greeting.find(({ tag }) => tag === 'K')?.body;
  if (key === undefined) throw new Error('no cancel key');
  client.send(query('SELECT pg_sleep(3)'));
  const answer = client.until('Z');
  const canceller = await WireClient.dial(port);
  canceller.send(cancelRequest(key.readInt32BE(0), key.subarray(4)));
  await canceller.toEnd();
  canceller.end();
  return errorAmong(await answer)?.['C'];
}

let port = 0;

/** One client's life after another until the time is over. */
async function load(seed: number, until: number): Promise<void> {
  const random = randomFrom(seed);
  while (performance.now() < until) {
    const client = await WireClient.connect(port);
    for (let left = random(60); left >= 0 && performance.now() < until; left--) {
      const [name, expected, step] = STEPS[random(STEPS.length)] ?? [];
      if (name === undefined || step === undefined) continue;
      const code = await step(client, random(1_000_000));
      // A cancel request may come before the statement has begun.
      if (name !== 'cancelled') assert.equal(code, expected, name);
      count(name);
    }
    leave(client, random(3));
  }
}

function leave(client: WireClient, how: number): void {
  count(`left ${how}`);
  if (how === 0) client.send(query('SELECT pg_sleep(5)'));
  if (how < 2) client.socket.resetAndDestroy();
  else {
    client.send(terminate());
    client.socket.end();
  }
}

interface Sample {
  readonly rssBytes: number;
  readonly files: number;
}

async function sample(sluice: SluiceProcess, until: number): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  while (performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    const one = { rssBytes: sluice.rssBytes(), files: sluice.openFiles() };
    samples.push(one);
    process.stdout.write(
      `${Math.round(one.rssBytes / MIB)} MiB, ${one.files} files, ${[...counts.values()].reduce((a, b) => a + b, 0)} steps\n`,
    );
  }
  return samples;
}

/** The middle of a figure over a part of the run. */
function median(samples: readonly Sample[], from: number, to: number, figure: keyof Sample): number {
  const part = samples.slice(Math.floor(samples.length * from), Math.max(1, Math.ceil(samples.length * to)));
  return part.map((one) => one[figure]).sort((a, b) => a - b)[Math.floor(part.length / 2)] ?? 0;
}

async function main(postgres: PostgresServer): Promise<void> {
  await createShop(postgres.url);
  const sluice = await startSluiceProcess({
    upstream: postgres.url('shop'),
    policy: POLICY,
  });
  port = sluice.port;
  const until = performance.now() + durationMs;
  const loads = Array.from({ length: Number(values.clients) }, (_, n) => load(n + 1, until));
  const [samples] = await Promise.all([sample(sluice, until), ...loads]);
  sluice.child.kill('SIGTERM');
  assert.equal(await sluice.exited, 0);
  const report = sluice.verify();
  assert.deepEqual(report.problems, []);
  await sluice.remove();
  process.stdout.write(
    `${JSON.stringify(Object.fromEntries(counts))}\n${report.records} records in ${report.segments} segments verify\n`,
  );
  for (const [figure, max] of [
    ['rssBytes', GROWTH_BYTES_MAX],
    ['files', GROWTH_FILES_MAX],
  ] as const) {
    const grown = median(samples, 0.8, 1, figure) - median(samples, 0.2, 0.4, figure);
    assert.ok(grown <= max, `${figure} grew by ${grown}`);
    process.stdout.write(`${figure} grew by ${grown}\n`);
  }
}

const postgres = await startPostgres();
try {
  await main(postgres);
} finally {
  await postgres.stop();
}
