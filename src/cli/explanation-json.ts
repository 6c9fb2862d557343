/** An explanation for scripts. Its fields are a promise: test/unit/cli pins them. */
import type { ApprovalDuty } from '../core/decision.ts';
import { effectsOf } from '../core/effects.ts';
import { accessOf, type ColumnUse, PLACES, type RelationName, type StatementFacts } from '../core/facts.ts';
import type { ColumnMask } from '../core/masks.ts';
import { type ExplainedStatement, type Explanation, isBounded, isHeld, limitOf } from './explanation.ts';
import type { Premises } from './premises.ts';

export function explanationJson(
  explanation: Explanation,
  premises: Pick<Premises, 'ground' | 'warnings'>,
): Record<string, unknown> {
  const { asked, denial, statements } = explanation;
  const { principal, listener, clientAddress } = asked.context;
  return {
    verdict: explanation.verdict,
    rule: denial?.rule ?? statements.find(({ decision }) => decision.rule !== null)?.decision.rule ?? null,
    rules: explanation.rules,
    observed: explanation.observed,
    message: denial?.message ?? null,
    sqlstate: denial?.sqlstate ?? null,
    detail: denial?.detail ?? null,
    hint: denial?.hint ?? null,
    position: denial?.position ?? null,
    policy: explanation.policyVersion,
    user: principal.name,
    groups: principal.groups,
    listener,
    client: clientAddress,
    serverVersion: premises.ground.serverVersion,
    searchPath: premises.ground.path,
    warnings: premises.warnings,
    statements: statements.map(statementJson),
  };
}

function statementJson(statement: ExplainedStatement): Record<string, unknown> {
  const { text, facts, decision, denial } = statement;
  return {
    text,
    kind: facts.kind,
    kinds: facts.kinds,
    effects: effectsOf(facts.effects),
    relations: facts.relations.map((use) => ({
      schema: use.schema,
      name: use.name,
      table: qualified(use),
      access: accessOf(use),
      effects: effectsOf(use.effects),
      role: use.role,
      known: use.known,
    })),
    functions: facts.functions.map(({ schema, name, volatility }) => ({ schema, name, volatility })),
    columns: outputColumns(statement),
    places: columnsByPlace(facts),
    settings: settingsOf(facts),
    bounded: isBounded(statement),
    bound: boundJson(statement),
    unfiltered: facts.unfiltered,
    limit: limitOf(statement),
    budgets: decision.obligations.budgets,
    rates: decision.obligations.rates,
    masks: masksJson(statement),
    verdict: denial !== null ? 'deny' : isHeld(statement) ? 'approve' : 'allow',
    approvals: isHeld(statement) ? decision.obligations.approvals.map(approvalJson) : [],
    rule: denial?.rule ?? decision.rule,
    rules: decision.rules,
    observed: decision.observed,
    message: denial?.message ?? null,
  };
}

export function approvalJson(duty: ApprovalDuty): Record<string, unknown> {
  const { rule, by, approvers, withinMs, windowMs, needsReason } = duty;
  return { rule, by, approvers, withinMs, windowMs, needsReason };
}

/** Each column of the result: where its values come from, how, and what masks them. */
function outputColumns({ facts, decision }: ExplainedStatement): readonly Record<string, unknown>[] {
  const { masks } = decision.obligations;
  if (facts.outputs === null) {
    if (facts.bound.kind === 'none') return [];
    return [{ name: '*', origins: ['unknown'], how: ['unknown'], mask: masks?.unknown?.masker ?? null }];
  }
  return facts.outputs.map(({ name, origins }, n) => ({
    name,
    origins: origins === null ? ['unknown'] : origins.map(columnName),
    how: origins === null ? ['unknown'] : origins.map((origin) => origin.how),
    mask: masks?.outputs?.[n]?.masker ?? null,
  }));
}

/** Null where nothing is masked. `outputs` holds a mask or null for each column of the result. */
function masksJson({ decision }: ExplainedStatement): Record<string, unknown> | null {
  const { masks } = decision.obligations;
  if (masks === null) return null;
  const brief = (mask: ColumnMask | null) => (mask === null ? null : { name: mask.name, with: mask.masker });
  return {
    outputs: masks.outputs?.map(brief) ?? null,
    unknown: brief(masks.unknown),
    detected: masks.detected.map(brief),
    touched: masks.touched,
  };
}

/** Only the places in which there are columns. */
function columnsByPlace(facts: StatementFacts): Record<string, readonly string[]> {
  return Object.fromEntries(
    PLACES.map(
      (place) => [place, facts.columns.filter((use) => use.place === place).map(columnName)] as const,
    ).filter(([, columns]) => columns.length > 0),
  );
}

/** `rows` is the most that it can return; null where nothing bounds it. */
function boundJson({ runs, rowsMax }: ExplainedStatement): Record<string, unknown> {
  const { bound } = runs;
  return {
    kind: bound.kind,
    rows: rowsMax,
    ...(bound.kind === 'parameter' ? { parameter: bound.index } : {}),
  };
}

export function qualified({ schema, name }: RelationName): string {
  return schema === null ? name : `${schema}.${name}`;
}

export function columnName({
  schema,
  table,
  column,
}: Pick<ColumnUse, 'schema' | 'table' | 'column'>): string {
  return `${qualified({ schema, name: table })}.${column}`;
}

/** Without the marks that facts put beside settings which would make two readings possible. */
export function settingsOf(facts: StatementFacts): readonly string[] {
  return facts.settings.filter((name) => !name.startsWith('unsafe '));
}
