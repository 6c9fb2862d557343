/** The masking worker, with cells that make it fail as code can: to be run in place of it. */
import { BatchReader } from '../../src/masking/index.ts';
import type { MaskTask } from '../../src/masking/mask-pool.ts';
import { maskCells as mask } from '../../workers/mask-cells.ts';

export function maskCells(task: MaskTask): unknown {
  Atomics.store(task.begun, 0, 1);
  switch (faultIn(task.batch)) {
    case 'throw':
      throw new Error('a fault');
    case 'hang':
      for (;;);
    case 'die':
      return process.exit(3);
    case 'eat memory': {
      const eaten: number[][] = [];
      for (;;) eaten.push(new Array<number>(1_000_000).fill(eaten.length + 0.5));
    }
    case 'give back junk':
      return 'no batch';
    default:
      return mask(task);
  }
}

const FAULTS = ['throw', 'hang', 'die', 'eat memory', 'give back junk'] as const;

/** The first cell that is the name of a fault. */
function faultIn(batch: ArrayBuffer): (typeof FAULTS)[number] | null {
  const reader = new BatchReader(batch);
  while (reader.next()) {
    if (reader.end - reader.start > 'give back junk'.length) continue;
    const cell = reader.bytes.latin1Slice(reader.start, reader.end);
    const fault = FAULTS.find((name) => name === cell);
    if (fault !== undefined) return fault;
  }
  return null;
}
