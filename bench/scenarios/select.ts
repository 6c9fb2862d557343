import { PROTOCOLS } from '../pgbench.ts';
import { interleave, type Scenario } from '../scenario.ts';
import { measureQueries, warmUp } from './queries.ts';

const CLIENTS = [1, 16, 64] as const;

/** pgbench's select-only script. In the simple protocol each statement carries a new literal. */
export const select: Scenario = {
  name: 'select',
  summary: 'pgbench -S: simple, extended and prepared; 1, 16 and 64 clients',
  async run(bench) {
    const targets = await bench.targets('direct', 'pgbouncer', 'haproxy', 'sluice-open', 'sluice');
    const { rounds, seconds } = bench.options;
    for (const protocol of PROTOCOLS) {
      for (const clients of CLIENTS) {
        const cell = `${protocol} ×${clients}`;
        await warmUp(bench, targets, { protocol, clients });
        await interleave(rounds, targets, async (target) => {
          await measureQueries(bench, 'select', cell, target, { protocol, clients, seconds });
        });
      }
    }
  },
};
