/** What of the catalog a text needs to be judged by. */

import type { JudgedStatement } from '../core/decision.ts';
import { effectSet } from '../core/effects.ts';
import type { SqlEntry } from '../sql/index.ts';

const DEFINING_EFFECTS = effectSet('define', 'destroy');
const DATA_EFFECTS = effectSet('read', 'write', 'copy-in', 'copy-out', 'execute');

/** With masks in force it has to be known what is redefined, and before its lock keeps the catalog from being read. */
export function defines(entry: SqlEntry): boolean {
  return entry.statements.some((facts) => (facts.effects & DEFINING_EFFECTS) !== 0);
}

/** DDL is judged by the names it gives; what touches data is judged by what those names stand for now. */
export function touchesData(entry: SqlEntry): boolean {
  return entry.statements.some((facts) => facts.unresolved || (facts.effects & DATA_EFFECTS) !== 0);
}

const QUIET_EFFECTS = effectSet('read', 'session');

/** Whether it does more than settle its session or read what no relation holds. */
export function touchesRelations(statements: readonly JudgedStatement[]): boolean {
  return statements.some(({ facts }) => facts.relations.length > 0 || (facts.effects & ~QUIET_EFFECTS) !== 0);
}
