/** What is promised of MCP, and what a run measured of it. */
import type { GoalValues } from '../goal.ts';
import type { Measurements } from '../measurement.ts';
import { pairedDifferences } from '../statistics.ts';

const HAPROXY_SHARE = 0.9;
const MASKING_MS = 2;
const US_PER_MS = 1000;

export function mcpGoals(run: Measurements): readonly GoalValues[] {
  return run.cells('mcp').flatMap((cell): readonly GoalValues[] => {
    const share: GoalValues = {
      what: `mcp ${cell}`,
      against: 'of haproxy',
      unit: 'ratio',
      goal: HAPROXY_SHARE,
      better: 'higher',
      values: run.ratios('mcp', cell, 'throughput', 'sluice', 'haproxy'),
    };
    if (!cell.startsWith('100 KB')) return [share];
    const masked = run.rounds('mcp', cell, 'sluice-masks', 'p50');
    const plain = run.rounds('mcp', cell, 'sluice', 'p50');
    const added = masked === null || plain === null ? null : pairedDifferences(masked, plain);
    return [
      share,
      {
        what: `mcp ${cell}, masked`,
        against: 'what masks add to p50',
        unit: 'ms',
        goal: MASKING_MS,
        better: 'lower',
        values: added === null ? null : added.map((us) => us / US_PER_MS),
      },
    ];
  });
}
