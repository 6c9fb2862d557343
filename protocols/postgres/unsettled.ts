/**
 * Names whose meaning has changed in the transaction that is open. The catalog has what is committed, so with masks in
 * force nothing is read by such names until the transaction has ended.
 */

import type { Denial } from '../../src/core/decision.ts';
import { effectSet, hasEffect } from '../../src/core/effects.ts';
import type { StatementFacts } from '../../src/core/facts.ts';
import type { Link } from './link.ts';
import type { Expectation } from './replies.ts';

/** Definitions that leave every name with what it stood for; a new table is one that the catalog does not know yet. */
const STILL: ReadonlySet<string> = new Set([
  'ANALYZE',
  'CLUSTER',
  'COMMENT',
  'CREATE INDEX',
  'CREATE MATERIALIZED VIEW',
  'CREATE SEQUENCE',
  'CREATE STATISTICS',
  'CREATE TABLE',
  'CREATE TABLE AS',
  'GRANT',
  'REFRESH MATERIALIZED VIEW',
  'REINDEX',
  'REVOKE',
  'SELECT INTO',
  'TRUNCATE TABLE',
  'VACUUM',
]);

/** Whether a statement may change what names stand for. */
export function movesNames(facts: StatementFacts): boolean {
  if (hasEffect(facts.effects, 'dynamic')) return true;
  if (!hasEffect(facts.effects, 'define') && !hasEffect(facts.effects, 'destroy')) return false;
  return facts.kinds.some((kind) => DEFINING.test(kind) && !STILL.has(kind));
}

const DEFINING = /^(ALTER|CREATE|DROP|IMPORT|REASSIGN)\b/;

export function movesNamesIn(expectation: Expectation): boolean {
  switch (expectation.of) {
    case 'execute':
      return expectation.run.facts !== null && movesNames(expectation.run.facts);
    case 'query':
      return expectation.runs.some(({ facts }) => facts !== null && movesNames(facts));
    default:
      return false;
  }
}

const READING = effectSet('read', 'copy-out', 'execute', 'dynamic');
const RUNNING = effectSet('execute', 'dynamic');

/** Whether what a statement does depends on what is behind names of the user's own. */
function readsByName(facts: StatementFacts): boolean {
  if ((facts.effects & RUNNING) !== 0 || facts.storesUnknown || facts.comparesUnknown) return true;
  if (facts.columns.some(({ place }) => place !== 'assignment')) return true;
  return facts.relations.some(
    (use) =>
      use.schema !== 'pg_catalog' && use.schema !== 'information_schema' && (use.effects & READING) !== 0,
  );
}

/** Null where the statement may run. `ahead`: names change in a statement of the same text before it. */
export function unsettled(link: Link, facts: StatementFacts, ahead: boolean): 'later' | Denial | null {
  if (!link.namesMoved && !ahead) return null;
  if (!link.gate.masksColumns || !readsByName(facts)) return null;
  return !ahead && link.replies.size > 0 ? 'later' : DENIAL;
}

const RULE = 'sluice/uncommitted-definitions';
const DENIAL: Denial = {
  sqlstate: '42501',
  message: `denied by rule "${RULE}": definitions have changed in this transaction, so what names stand for is not known to the masks`,
  detail: null,
  hint: 'Commit the changed definitions first.',
  position: null,
  rule: RULE,
  native: false,
};
