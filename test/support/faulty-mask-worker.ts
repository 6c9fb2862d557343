/** The masking worker, with cells that make it fail as code can: to be run in place of it. */
import { BatchReader } from '../../src/masking/index.ts';
import type { MaskTask } from '../../src/masking/mask-pool.ts';
import { maskCells as mask } from '../../workers/mask-cells.ts';

export function maskCells(task: MaskTask): unknown {
  const reader = new BatchReader(task.batch);
  const first = reader.next() ? reader.bytes.toString('utf8', reader.start, reader.end) : '';
  Atomics.store(task.begun, 0, 1);
  switch (first) {
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
