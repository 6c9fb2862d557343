import { measureSelects, warmUpSelects } from '../mysql/queries.ts';
import { SYSBENCH_PROTOCOLS } from '../mysql/sysbench.ts';
import { interleave, type Scenario } from '../scenario.ts';

const THREADS = [1, 16, 64] as const;

/** There is no pooler to compare with that speaks MySQL: haproxy passes bytes on and looks at none of them. */
export const mysqlSelect: Scenario = {
  name: 'mysql-select',
  summary: 'sysbench oltp_point_select: text and prepared; 1, 16 and 64 threads',
  async run(bench) {
    const targets = await bench.mysql.targets('direct', 'haproxy', 'sluice');
    const { rounds, seconds } = bench.options;
    for (const protocol of SYSBENCH_PROTOCOLS) {
      for (const threads of THREADS) {
        await warmUpSelects(bench, targets, { protocol, threads });
        await interleave(rounds, targets, async (target) => {
          await measureSelects(bench, 'mysql-select', `${protocol} ×${threads}`, target, {
            protocol,
            threads,
            seconds,
          });
        });
      }
    }
  },
};
