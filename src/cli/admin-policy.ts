/** The policy in force as the admin API shows it, and what it, or another one, says of statements. */
import type { DryRun, DryRunOutcome } from '../admin/dry-run-wire.ts';
import type { PolicyInfo, Trial, Tried } from '../admin/policy-wire.ts';
import type { PolicyPort } from '../admin/ports.ts';
import { Refusal } from '../admin/refusal.ts';
import type { Config } from '../config/schema.ts';
import { formatProblem, ProblemsError } from '../core/problem.ts';
import type { RecordDuty } from '../core/responses.ts';
import { loadPolicy, type Policy } from '../policy/policy.ts';
import type { RuleAction } from '../policy/rule.ts';
import type { IndexThread } from '../recordings/index-thread.ts';
import type { PinsStore } from '../state/store.ts';
import { budgetText, rateText } from './budget-text.ts';
import { dryRun } from './dry-run.ts';
import type { Grounds } from './grounds.ts';
import { type LocatedPolicy, worldOf } from './policy-files.ts';
import { tryOne } from './trial.ts';

export interface PolicyGround {
  readonly config: Config;
  policy(): Policy;
  readonly grounds: Grounds;
  readonly index: IndexThread;
  readonly pins: Pick<PinsStore, 'list'>;
}

/** The policies that come with requests have no file. */
const GIVEN = 'policy';

export class AdminPolicy implements PolicyPort {
  readonly #ground: PolicyGround;
  #isDryRunning = false;

  constructor(ground: PolicyGround) {
    this.#ground = ground;
  }

  current(): PolicyInfo {
    const { config } = this.#ground;
    const { document, rules, masks, version } = this.#ground.policy();
    const written = new Map(document.rules.map((rule) => [rule.name, rule]));
    return {
      version,
      default: document.default,
      mode: document.mode,
      rules: rules.map(({ name, action, message, observe }) => ({
        name,
        source: written.has(name) ? ('file' as const) : ('baseline' as const),
        action: actionText(action),
        when: JSON.stringify(written.get(name)?.when ?? {}),
        message,
        observe,
      })),
      masks: masks.map(({ name, choice, inference }) => ({ name, with: choice.masker, inference })),
      listeners: config.listeners.map(({ name }) => name),
      protocols: Object.fromEntries(config.listeners.map(({ name, protocol }) => [name, protocol])),
      users: config.identity.users.map(({ name, groups }) => ({ name, groups })),
    };
  }

  async try(trial: Trial): Promise<Tried> {
    const { config, grounds, pins } = this.#ground;
    const policy = trial.policy === undefined ? this.#ground.policy() : readGiven(trial.policy).policy;
    return await tryOne(trial, { config, grounds, pins, policy });
  }

  async dryRun(order: DryRun): Promise<DryRunOutcome> {
    // It takes its share of the event loop that clients are served from.
    if (this.#isDryRunning)
      throw new Refusal(503, 'Another policy is being tried; try again when that is done.');
    const { config, grounds, index } = this.#ground;
    const given = readGiven(order.policy);
    this.#isDryRunning = true;
    try {
      const world = () => worldOf(config, grounds.catalogs());
      return await dryRun(order, given, { config, grounds, index, world });
    } finally {
      this.#isDryRunning = false;
    }
  }
}

function readGiven(text: string): LocatedPolicy {
  try {
    return loadPolicy(GIVEN, text);
  } catch (error) {
    if (!(error instanceof ProblemsError)) throw error;
    throw new Refusal(400, `The policy cannot be read:\n${error.problems.map(formatProblem).join('\n')}`);
  }
}

function recordText(record: RecordDuty | 'off'): string {
  if (record === 'off') return 'record no responses';
  return record.rows === null && record.bytes === null
    ? 'record responses whole'
    : 'record responses sampled';
}

/** `deny`, `approve by dba`, `limit 500 rows, 1048576 bytes`. */
function actionText(action: RuleAction): string {
  switch (action.kind) {
    case 'approve':
      return `approve by ${action.approval.by.join(', ')}`;
    case 'limit':
      return `limit ${action.limits.map(({ max, unit }) => `${max} ${unit}`).join(', ')}`;
    case 'budget':
      return `budget ${budgetText(action.budget)}`;
    case 'rate':
      return `rate ${rateText(action.rate)}`;
    case 'record':
      return recordText(action.record);
    case 'allow':
    case 'deny':
      return action.kind;
  }
}
