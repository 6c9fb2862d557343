/** Rules, masks and alerts that can have no effect on the listeners of a configuration: warnings of `sluice check`. */
import { type Config, isSqlListener } from '../config/schema.ts';
import type { Problem } from '../core/problem.ts';
import { subjectsOf } from '../policy/request-rules.ts';
import type { PolicyDocument } from '../policy/schema.ts';
import type { LocatedPolicy } from './policy-files.ts';

type Kind = 'sql' | 'http' | 'mcp';
type RuleDocument = PolicyDocument['rules'][number];

interface Idle {
  readonly at: readonly (string | number)[];
  readonly message: string;
}

const CARRIED: Readonly<Record<Kind, string>> = { sql: 'SQL', http: 'HTTP requests', mcp: 'MCP calls' };
/** What alerts are about that only some listeners carry; all others are about each. */
const OF_ALERTS: Readonly<Record<string, Kind>> = {
  'masked-table': 'sql',
  unexplained: 'mcp',
  definition: 'mcp',
};

export function idleRules({ policy, source }: LocatedPolicy, { listeners }: Config): readonly Problem[] {
  const kinds: ReadonlyMap<string, Kind> = new Map(
    listeners.map((listener) => [listener.name, isSqlListener(listener) ? 'sql' : listener.protocol]),
  );
  const { rules, masks, alerts } = policy.document;
  const found: readonly Idle[] = [
    ...rules.flatMap((rule, n) => ofRule(rule, kinds).map((idle) => under(['rules', n], idle))),
    ...masks.flatMap((mask, n) => ofMask(mask, kinds).map((idle) => under(['masks', n], idle))),
    ...alerts.flatMap(({ on, when }, n) => {
      const kind = OF_ALERTS[on];
      const idle = kind === undefined ? [] : unreached(kind, when.listeners, kinds, ['on']);
      return idle.map((one) => under(['alerts', n], one));
    }),
  ];
  return found.map(({ at, message }) => source.problemAt(at, message));
}

function under(place: readonly (string | number)[], { at, message }: Idle): Idle {
  return { at: [...place, ...at], message };
}

function ofRule({ when, then }: RuleDocument, kinds: ReadonlyMap<string, Kind>): readonly Idle[] {
  const [subject] = subjectsOf(when);
  if (subject !== undefined) {
    const idle = unreached(subject, when.listeners, kinds, ['when']);
    if (idle.length > 0) return idle;
  }
  if (typeof then === 'string') return [];
  // What a rule says beside its verdict may be for some protocols alone.
  if ('limit' in then && (then.limit.items !== undefined || then.limit.over === 'truncate')) {
    const key = then.limit.items === undefined ? 'over' : 'items';
    return onlyFor('http', subject, when.listeners, kinds, ['then', 'limit', key]);
  }
  if ('budget' in then && (then.budget.per === 'table' || then.budget.per === 'column'))
    return onlyFor('sql', subject, when.listeners, kinds, ['then', 'budget', 'per']);
  return [];
}

/** Something that only counts for one kind, in a rule that may be about others. */
function onlyFor(
  kind: Kind,
  subject: Kind | undefined,
  named: readonly string[] | undefined,
  kinds: ReadonlyMap<string, Kind>,
  at: readonly string[],
): readonly Idle[] {
  if (subject === kind || (subject === undefined && reached(kind, named, kinds).length > 0)) return [];
  return [{ at, message: `is about ${CARRIED[kind]} alone, and the rule reaches none: it has no effect` }];
}

function ofMask(
  { columns, json, unless }: PolicyDocument['masks'][number],
  kinds: ReadonlyMap<string, Kind>,
): readonly Idle[] {
  const left = [...kinds.keys()].filter((name) => unless?.listeners?.includes(name) !== true);
  const carried = new Set(left.map((name) => kinds.get(name)));
  if (columns !== undefined && !carried.has('sql'))
    return [{ at: ['columns'], message: 'no listener that the mask is for carries SQL: it has no effect' }];
  if (json !== undefined && !carried.has('http') && !carried.has('mcp')) {
    const message =
      'no listener that the mask is for carries HTTP or MCP: it has an effect under sluice stdio alone';
    return [{ at: ['json'], message }];
  }
  return [];
}

function reached(
  kind: Kind,
  named: readonly string[] | undefined,
  kinds: ReadonlyMap<string, Kind>,
): readonly string[] {
  return (named ?? [...kinds.keys()]).filter((name) => kinds.get(name) === kind);
}

/** Where something that asks of one kind is for listeners of others. */
function unreached(
  kind: Kind,
  named: readonly string[] | undefined,
  kinds: ReadonlyMap<string, Kind>,
  at: readonly string[],
): readonly Idle[] {
  if (reached(kind, named, kinds).length === 0) {
    const which = named === undefined ? 'no listener' : 'none of the listeners that it names';
    // Programs that are started by their clients have no listener, and the same policy.
    const effect = kind === 'mcp' && named === undefined ? 'an effect under sluice stdio alone' : 'no effect';
    return [{ at, message: `asks of ${CARRIED[kind]}, which ${which} carries: it has ${effect}` }];
  }
  return (named ?? []).flatMap((name, n) => {
    const other = kinds.get(name);
    if (other === undefined || other === kind) return [];
    const message = `listener "${name}" carries ${CARRIED[other]}, and the rule asks of ${CARRIED[kind]}: it has no effect there`;
    return [{ at: ['when', 'listeners', n], message }];
  });
}
