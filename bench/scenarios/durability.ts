import { interleave, type Scenario } from '../scenario.ts';
import { measureQueries, warmUp } from './queries.ts';

const CLIENTS = [1, 16, 64] as const;

/** `durability: synced` waits for the disk before a statement leaves; sessions share one fdatasync. */
export const durability: Scenario = {
  name: 'durability',
  summary: 'what `durability: synced` costs, against the default',
  async run(bench) {
    const targets = await bench.targets('sluice', 'sluice-synced');
    const { rounds, seconds } = bench.options;
    for (const clients of CLIENTS) {
      await warmUp(bench, targets, { protocol: 'prepared', clients });
      await interleave(rounds, targets, async (target) => {
        const options = { protocol: 'prepared', clients, seconds } as const;
        await measureQueries(bench, 'durability', `prepared ×${clients}`, target, options);
      });
    }
  },
};
