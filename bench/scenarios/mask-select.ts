import { PROTOCOLS } from '../pgbench.ts';
import { interleave, type Scenario } from '../scenario.ts';
import { measureQueries, warmUp } from './queries.ts';

const CLIENTS = 16;

/**
 * pgbench's select-only script where columns are masked, one of them of the table that it reads; it does not select
 * that one. With detectors every result is looked at, which no goal is set for.
 */
export const maskSelect: Scenario = {
  name: 'mask-select',
  summary: `pgbench -S with masks configured: simple, extended and prepared; ${CLIENTS} clients`,
  async run(bench) {
    const targets = await bench.targets(
      'direct',
      'pgbouncer',
      'sluice',
      'sluice-columns',
      'sluice-detectors',
    );
    const { rounds, seconds } = bench.options;
    for (const protocol of PROTOCOLS) {
      await warmUp(bench, targets, { protocol, clients: CLIENTS });
      await interleave(rounds, targets, async (target) => {
        await measureQueries(bench, 'mask-select', `${protocol} ×${CLIENTS}`, target, {
          protocol,
          clients: CLIENTS,
          seconds,
        });
      });
    }
  },
};
