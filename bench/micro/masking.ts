/**
 * What masking costs, cell by cell, and from when on a worker is the better place for it.
 * `node bench/micro/masking.ts [cells|switch]`; without an argument both. Figures are medians of rounds on an otherwise
 * idle machine; the constants in src/masking/route.ts come from here.
 */
import { labelledCells } from '../../fixtures/detectors/labelled.ts';
import {
  BatchWriter,
  ByteSink,
  type CellFormat,
  type CellType,
  type ColumnMask,
  compilePlan,
  DETECTORS,
  type DetectorName,
  type MaskerName,
  type MaskPlan,
  MaskPool,
  maskBatch,
  maskOne,
  maskPlan,
  TEXT,
} from '../../src/masking/index.ts';

const RING = { current: 'k', keys: [{ id: 'k', secret: Buffer.alloc(32, 7) }] };
const NAMES = Object.keys(DETECTORS).filter((name): name is DetectorName => name in DETECTORS);
const ROUNDS = 7;

function every(name: MaskerName, options: unknown = null): ColumnMask {
  return { how: 'mask', masker: { name, options, ring: RING }, nulls: 'keep' };
}

const redact = { name: 'redact', options: null, ring: null } as const;
const detect: ColumnMask = { how: 'detect', rules: [{ detectors: NAMES, patterns: [], masker: redact }] };
const custom: ColumnMask = {
  how: 'detect',
  rules: [{ detectors: [], patterns: ['EMP-[0-9]{6}'], masker: redact }],
};

const WORDS =
  'the quick brown fox jumps over a lazy dog while seven orders wait for their payment and nobody looks'.split(
    ' ',
  );
const prose = Array.from({ length: 500 }, (_, i) =>
  Array.from({ length: 14 }, (_w, k) => WORDS[(i * 7 + k * 13) % WORDS.length]).join(' '),
);
const numbers = Array.from(
  { length: 500 },
  (_, i) =>
    `order ${10_000 + i * 37} of 2024-0${(i % 9) + 1}-17 12:${10 + (i % 50)}:00, ${i}.99 EUR, item ${i * 7919}`,
);
const json = Array.from({ length: 500 }, (_, i) =>
  JSON.stringify({ id: i, name: 'Anna Beispiel', city: 'Zürich\n', tags: ['a', 'b'], total: i * 1.5 }),
);
const mixed = labelledCells()
  .filter((_, i) => i % 40 === 0)
  .map(({ text }) => text);
const ssns = Array.from({ length: 500 }, (_, i) => `${100 + (i % 500)}-${10 + (i % 89)}-${1000 + i}`);
const mails = Array.from({ length: 500 }, (_, i) => `person${i}@mail.example.com`);
const ints = Array.from({ length: 500 }, (_, i) => String(1_000_000 + i * 1237));

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function planOf(mask: ColumnMask, type: CellType, format: CellFormat): MaskPlan {
  return maskPlan([{ type, format, label: null, mask }], 'postgres');
}

/** Nanoseconds per cell, one after the other from one chunk. */
function costOf(
  mask: ColumnMask,
  texts: readonly string[],
  type: CellType = TEXT,
): { ns: number; bytes: number } {
  const plan = compilePlan(planOf(mask, type, 'text'));
  const cells = texts.map((text) => Buffer.from(text));
  const source = Buffer.concat(cells);
  const ends = new Int32Array(cells.length);
  cells.reduce((end, cell, i) => (ends[i] = end + cell.length), 0);
  const out = new ByteSink(source.length * 4);
  const once = (): void => {
    out.reset();
    let start = 0;
    for (let i = 0; i < ends.length; i++) {
      const end = ends[i]!;
      maskOne(plan, 0, source, start, end, end - start, out);
      start = end;
    }
  };
  const began = performance.now();
  let repeats = 0;
  for (; performance.now() - began < 150; repeats++) once();
  const each = Math.ceil(repeats / 3);
  const rounds = Array.from({ length: ROUNDS }, () => {
    // Time of the processor, so that neighbours on the machine do not count.
    const used = process.cpuUsage();
    for (let i = 0; i < each; i++) once();
    const { user, system } = process.cpuUsage(used);
    return (user + system) / 1000 / each;
  });
  return { ns: (median(rounds) * 1e6) / cells.length, bytes: source.length / cells.length };
}

const CELLS: readonly (readonly [string, ColumnMask, readonly string[], CellType?])[] = [
  ['redact, text', every('redact'), ssns],
  ['last4, text', every('last4'), ssns],
  ['last4, int4', every('last4'), ints, { kind: 'int4' }],
  ['first1, text', every('first1'), ssns],
  ['email, text', every('email'), mails],
  ['year, text date', every('year'), ssns.map(() => '2024-05-06'), { kind: 'date' }],
  ['range, int4', every('range', { width: 10 }), ints, { kind: 'int4' }],
  ['hash, text', every('hash', { key: 'k' }), ssns],
  ['token, text', every('token', { key: 'k' }), ssns],
  ['fpe, text', every('fpe', { key: 'k' }), ssns],
  ['fpe, int4', every('fpe', { key: 'k' }), ints, { kind: 'int4' }],
  ['detect all, prose', detect, prose],
  ['detect all, numbers', detect, numbers],
  ['detect all, JSON', detect, json],
  ['detect all, jsonb', detect, json, { kind: 'jsonb' }],
  ['detect all, fixture (a third hits)', detect, mixed],
  ['custom RE2, prose', custom, prose],
];

function printCells(): void {
  console.log(
    'inline, one cell after the other\n  what                                  ns/cell  bytes/cell     MB/s',
  );
  for (const [name, mask, texts, type] of CELLS) {
    const { ns, bytes } = costOf(mask, texts, type);
    console.log(
      `  ${name.padEnd(36)} ${ns.toFixed(0).padStart(8)} ${bytes.toFixed(0).padStart(11)} ${((bytes / ns) * 1000).toFixed(0).padStart(8)}`,
    );
  }
}

const SIZES = [4, 16, 64, 256, 1024].map((kib) => kib * 1024);
const KINDS: readonly (readonly [string, ColumnMask, readonly string[]])[] = [
  ['last4', every('last4'), ssns],
  ['detect all, numbers', detect, numbers],
  ['hash', every('hash', { key: 'k' }), ssns],
  ['fpe', every('fpe', { key: 'k' }), ssns],
];

function batchOf(texts: readonly string[], bytes: number): ArrayBuffer {
  const writer = new BatchWriter(1);
  for (let i = 0; writer.bytes < bytes; i++) {
    const cell = Buffer.from(texts[i % texts.length]!);
    writer.add(cell, 0, cell.length);
  }
  return writer.take();
}

/** Milliseconds of this thread, and of the clock, for a batch: in place, and through the pool with four under way. */
async function compare(
  plan: MaskPlan,
  texts: readonly string[],
  bytes: number,
  pool: MaskPool,
): Promise<{ inline: number; clock: number; own: number }> {
  const compiled = compilePlan(plan);
  const first = batchOf(texts, bytes);
  const began = performance.now();
  // A copy, since a batch is masked where it lies.
  maskBatch(compiled, first.slice(0));
  const count = Math.max(4, Math.min(400, Math.ceil(120 / (performance.now() - began))));
  const batches = (): ArrayBuffer[] => Array.from({ length: count }, () => first.slice(0));
  const inline: number[] = [];
  const clock: number[] = [];
  const own: number[] = [];
  for (let round = 0; round < 3; round++) {
    let waiting = batches();
    let from = performance.now();
    for (const batch of waiting) maskBatch(compiled, batch);
    inline.push((performance.now() - from) / count);
    waiting = batches();
    const used = performance.eventLoopUtilization();
    from = performance.now();
    const lane = async (): Promise<void> => {
      for (let batch = waiting.pop(); batch !== undefined; batch = waiting.pop())
        await pool.mask(plan, batch);
    };
    await Promise.all([lane(), lane(), lane(), lane()]);
    clock.push((performance.now() - from) / count);
    own.push(performance.eventLoopUtilization(used).active / count);
  }
  return { inline: median(inline), clock: median(clock), own: median(own) };
}

async function printSwitch(): Promise<void> {
  const pool = new MaskPool({ threads: 2, bytesMax: Number.MAX_SAFE_INTEGER, deadlineMs: 60_000 });
  console.log(
    '\nin place against two workers, per batch: milliseconds of the clock, and of the event loop\n  what                    KiB   in place   workers   event loop   better place',
  );
  for (const [name, mask, texts] of KINDS) {
    const plan = planOf(mask, TEXT, 'text');
    for (const bytes of SIZES) {
      await compare(plan, texts, bytes, pool);
      const { inline, clock, own } = await compare(plan, texts, bytes, pool);
      const better = clock < inline ? 'workers' : own < inline ? 'workers, for the loop' : 'in place';
      console.log(
        `  ${name.padEnd(20)} ${String(bytes / 1024).padStart(6)} ${inline.toFixed(3).padStart(10)} ${clock.toFixed(3).padStart(9)} ${own.toFixed(3).padStart(12)}   ${better}`,
      );
    }
  }
  await pool.close();
}

const part = process.argv[2];
if (part !== 'switch') printCells();
if (part !== 'cells') await printSwitch();
