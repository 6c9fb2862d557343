import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ALERT_RULE_PREFIX } from '../alerts/index.ts';
import type { LoadedConfig } from '../config/load.ts';
import { formatBytes, formatSpan } from '../core/quantities.ts';
import { loadPolicy } from '../policy/policy.ts';
import type { Rule } from '../policy/rule.ts';
import type { CountedBudget } from '../state/store.ts';
import { parseArguments } from './arguments.ts';
import { type Command, EXIT, type Io, UsageError } from './command.ts';
import { loadForStore, withStore } from './store-command.ts';
import { type Style, styleFor } from './style.ts';
import { aligned, type Column, oneLine } from './text-layout.ts';

const HELP = `Usage: sluice budgets [--json] [--config FILE]

Shows what counts within the window of each budget, for each user, group, table or column that has taken of it. It
speaks to the state store of the configuration. Instances lease slices: what they hold and have not used counts too,
for some seconds.

Options:
  --config FILE   the configuration (default: sluice.yaml)
  --json          for scripts

Example:
  sluice budgets --config /etc/sluice/sluice.yaml

Exit codes: 0 listed; 2 not asked.
`;

const WIDTH = 60;

export const budgets: Command = {
  name: 'budgets',
  summary: 'what has been taken of each budget',
  help: HELP,
  async run(args: readonly string[], io: Io) {
    const parsed = parseArguments(args, { texts: ['config'], flags: ['json'] });
    const [extra] = parsed.positionals;
    if (extra !== undefined) throw new UsageError(`budgets takes no argument "${extra}"`);
    const loaded = loadForStore(parsed.text('config'), io);
    const most = policyBudgets(loaded);
    return withStore('budgets', loaded, io, async (store) => {
      const views = budgetViews(await store.ledger.list(), most);
      if (parsed.flag('json')) io.out(`${JSON.stringify(views, null, 2)}\n`);
      else
        io.out(
          views.length === 0 ? 'nothing counts against a budget\n' : tableOf(views, styleFor(io.isTerminal)),
        );
      return EXIT.ok;
    });
  },
};

export interface BudgetView extends CountedBudget {
  /** As the policy has it now; null: it has no such budget any more. */
  readonly max: number | null;
}

export type BudgetMaxima = (budget: CountedBudget) => number | null;

/** What the rules of a policy let be taken. */
export function maximaOf(rules: readonly Pick<Rule, 'name' | 'action'>[]): BudgetMaxima {
  return ({ rule, unit, windowMs }) => {
    for (const { name, action } of rules)
      if (name === rule && action.kind === 'budget' && action.budget.windowMs === windowMs)
        return action.budget[unit];
    return null;
  };
}

/** The fullest first. Alerts are counted in the same place, and are not budgets. */
export function budgetViews(counted: readonly CountedBudget[], most: BudgetMaxima): readonly BudgetView[] {
  return counted
    .filter(({ rule }) => !rule.startsWith(ALERT_RULE_PREFIX))
    .map((budget) => ({ ...budget, max: most(budget) }))
    .sort(
      (a, b) => share(b) - share(a) || a.rule.localeCompare(b.rule) || a.subject.localeCompare(b.subject),
    );
}

function share({ counted, max }: BudgetView): number {
  return max === null ? -1 : counted / max;
}

function policyBudgets({ config, directory }: LoadedConfig): BudgetMaxima {
  const file = resolve(directory, config.policy);
  return maximaOf(loadPolicy(file, readFileSync(file, 'utf8')).policy.rules);
}

const COLUMNS: readonly Column<BudgetView>[] = [
  { title: 'rule', align: 'left', cell: ({ rule }) => oneLine(rule, WIDTH) },
  { title: 'whose', align: 'left', cell: ({ subject }) => oneLine(subject, WIDTH) },
  { title: 'within', align: 'right', cell: ({ windowMs }) => formatSpan(windowMs) },
  { title: 'counted', align: 'right', cell: ({ counted, unit }) => amount(counted, unit) },
  {
    title: 'of',
    align: 'right',
    cell: ({ max, unit }) => (max === null ? 'no budget now' : amount(max, unit)),
  },
  {
    title: 'share',
    align: 'right',
    cell: (view) => (view.max === null ? '' : `${Math.round(share(view) * 100)} %`),
  },
  { title: 'leased', align: 'right', cell: ({ leased, unit }) => (leased === 0 ? '' : amount(leased, unit)) },
];

function amount(n: number, unit: CountedBudget['unit']): string {
  return unit === 'bytes' ? formatBytes(n) : `${n} ${unit}`;
}

function tableOf(views: readonly BudgetView[], style: Style): string {
  return `${aligned(views, COLUMNS, style.dim).join('\n')}\n`;
}
