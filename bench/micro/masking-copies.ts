/**
 * Ways to copy a few bytes from one buffer to another, in nanoseconds: what src/bytes/byte-sink.ts chooses by.
 * `node bench/micro/masking-copies.ts`; the best of rounds of processor time.
 */
const SIZES = [4, 8, 16, 24, 32, 48, 64, 128, 256, 1024, 65_536];
const ROUNDS = 5;
const SPAN = 1 << 19;

const source = Buffer.allocUnsafeSlow(SPAN * 2).fill('a');
const target = Buffer.allocUnsafeSlow(SPAN * 2);

type Copy = (at: number, start: number, end: number) => void;

const WAYS: Readonly<Record<string, Copy>> = {
  loop(at, start, end) {
    for (let i = start; i < end; i++) target[at++] = source[i] ?? 0;
  },
  copy(at, start, end) {
    source.copy(target, at, start, end);
  },
  'set(subarray)'(at, start, end) {
    target.set(source.subarray(start, end), at);
  },
};

function costOf(way: Copy, size: number): number {
  const count = Math.min(200_000, Math.floor((1 << 24) / size));
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const { user } = process.cpuUsage();
    for (let i = 0; i < count; i++) {
      const at = (i * 64) % SPAN;
      way(at, at, at + size);
    }
    best = Math.min(best, ((process.cpuUsage().user - user) * 1000) / count);
  }
  return best;
}

const names = Object.keys(WAYS);
console.log(`${'bytes'.padStart(8)}${names.map((name) => name.padStart(16)).join('')}`);
for (const size of SIZES) {
  const costs = Object.values(WAYS).map((way) => costOf(way, size).toFixed(0).padStart(16));
  console.log(`${String(size).padStart(8)}${costs.join('')}`);
}
