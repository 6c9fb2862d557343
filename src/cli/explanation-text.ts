/** An explanation for people, as EXPLAIN and compilers print: what it is, what it touches, what is said of it, why. */
import { type Denial, NO_LIMIT } from '../core/decision.ts';
import { EFFECT_MEANING, effectsOf, hasEffect } from '../core/effects.ts';
import { accessOf, type OutputColumn, PLACES, type RelationUse, type StatementFacts } from '../core/facts.ts';
import { formatBytes } from '../core/quantities.ts';
import { budgetText, rateText } from './budget-text.ts';
import { dutyText } from './duty-text.ts';
import { type ExplainedStatement, type Explanation, isBounded, isHeld, limitOf } from './explanation.ts';
import { columnName, qualified, settingsOf } from './explanation-json.ts';
import { namedRelations } from './ground.ts';
import type { AnyCatalog } from './known-catalog.ts';
import { mendingOf } from './mending.ts';
import type { Premises } from './premises.ts';
import { sourceOfRule } from './rule-source.ts';
import type { Style } from './style.ts';
import { folded, shortHash, withoutControls } from './text-layout.ts';

const LABEL_WIDTH = 10;
const TEXT_LINES_MAX = 24;
/** Wider results are shown by table. */
const OUTPUTS_MAX = 16;

/** Lines under labels: `reads      shop.orders`. */
class Sheet {
  readonly #style: Style;
  readonly lines: string[] = [];

  constructor(style: Style) {
    this.#style = style;
  }

  row(label: string, text: string, paint: (text: string) => string = (plain) => plain): void {
    const [first = '', ...rest] = folded(withoutControls(text), LABEL_WIDTH + 4);
    this.lines.push(`  ${this.#style.dim(label.padEnd(LABEL_WIDTH))}  ${paint(first)}`);
    for (const line of rest) this.lines.push(`${' '.repeat(LABEL_WIDTH + 4)}${paint(line)}`);
  }

  rows(label: string, texts: readonly string[]): void {
    for (const [n, text] of texts.entries()) this.row(n === 0 ? label : '', text);
  }
}

export function explanationText(explanation: Explanation, premises: Premises, style: Style): string {
  const { asked, statements, denial } = explanation;
  const parts: string[] = [];
  if (statements.length === 0) parts.push(withoutStatements(explanation, premises, style));
  statements.forEach((statement, n) => {
    const title = statements.length === 1 ? asked.sql.trim() : (statement.text ?? `statement ${n + 1}`);
    const number = statements.length === 1 ? '' : style.dim(`-- ${n + 1} of ${statements.length}\n`);
    parts.push(`${number}${titled(title, style)}\n\n${statementText(statement, premises, style)}`);
  });
  if (statements.length > 1) parts.push(batchText(explanation, style));
  else if (denial !== null && statements[0]?.denial === null)
    parts.push(verdictText(denial, null, premises, style));
  parts.push(style.dim(footer(explanation, premises)));
  return `${parts.join('\n\n')}\n`;
}

function titled(text: string, style: Style): string {
  const lines = withoutControls(text).split('\n');
  const shown = lines.slice(0, TEXT_LINES_MAX).map((line) => style.bold(line));
  const more =
    lines.length > TEXT_LINES_MAX ? [style.dim(`… ${lines.length - TEXT_LINES_MAX} more lines`)] : [];
  return [...shown, ...more].join('\n');
}

function withoutStatements({ asked, denial }: Explanation, premises: Premises, style: Style): string {
  if (denial === null) return '(no statement: only comments or semicolons, which pass)';
  const title =
    denial.position === null ? titled(asked.sql.trim(), style) : pointedAt(asked.sql, denial, style);
  return `${title}\n\n${verdictText(denial, null, premises, style)}`;
}

/** The line at fault with a caret under the place; `position` counts code points from 1. */
function pointedAt(sql: string, { position }: Denial, style: Style): string {
  const before = [...withoutControls(sql)].slice(0, (position ?? 1) - 1).join('');
  const lines = withoutControls(sql).split('\n');
  const n = before.split('\n').length - 1;
  // Tabs stay tabs, so that the caret stands under its place however wide they are.
  const indent = [...before.slice(before.lastIndexOf('\n') + 1)].map((character) =>
    character === '\t' ? '\t' : ' ',
  );
  const shown = lines.slice(Math.max(0, n - 2), n + 1).map((line) => style.bold(line.trimEnd()));
  return [...shown, `${indent.join('')}${style.red('^')}`].join('\n');
}

function statementText(statement: ExplainedStatement, premises: Premises, style: Style): string {
  const { facts, runs, denial } = statement;
  const sheet = new Sheet(style);
  const nested = facts.kinds.filter((kind) => kind !== facts.kind);
  sheet.row('kind', nested.length === 0 ? facts.kind : `${facts.kind}, with ${nested.join(', ')} inside`);
  if (runs !== facts) sheet.row('runs', `${runs.kind}, by the name that the text gives it`);
  effectRows(sheet, facts);
  relationRows(sheet, facts, premises.ground.catalog);
  const outputs = facts.outputs !== null && facts.outputs.length <= OUTPUTS_MAX ? facts.outputs : [];
  if (outputs.length > 0) sheet.rows('output', outputs.map(outputText));
  for (const place of PLACES) {
    if (place === 'output' && outputs.length > 0) continue;
    const uses = facts.columns.filter((use) => use.place === place);
    if (uses.length > 0) sheet.rows(place, byTable(uses));
  }
  if (facts.functions.length > 0) {
    sheet.row('calls', facts.functions.map((fn) => `${qualified(fn)} (${fn.volatility})`).join(', '));
  }
  const settings = settingsOf(facts);
  if (settings.length > 0) sheet.row('sets', settings.join(', '));
  sheet.row('rows', rowsText(statement));
  if (facts.unfiltered) sheet.row('where', 'nothing restricts which rows change', style.yellow);
  sheet.lines.push('');
  if (denial !== null) return `${sheet.lines.join('\n')}\n${verdictText(denial, statement, premises, style)}`;
  allowRows(sheet, statement, premises, style);
  return sheet.lines.join('\n');
}

function effectRows(sheet: Sheet, facts: StatementFacts): void {
  const effects = effectsOf(facts.effects);
  const width = Math.max(0, ...effects.map((effect) => effect.length));
  sheet.rows(
    'effects',
    effects.length === 0
      ? ['none']
      : effects.map((effect) => `${effect.padEnd(width)}  ${EFFECT_MEANING[effect]}`),
  );
}

function relationRows(sheet: Sheet, { relations, effects }: StatementFacts, catalog: AnyCatalog): void {
  const relationText = (use: RelationUse) => relationWords(use, catalog);
  const reads = relations.filter((use) => accessOf(use) === 'read');
  const writes = relations.filter((use) => accessOf(use) === 'write');
  if (reads.length > 0) sheet.row('reads', reads.map(relationText).join(', '));
  const changes = hasEffect(effects, 'write') || hasEffect(effects, 'destroy') ? 'changes' : 'touches';
  if (writes.length > 0) sheet.row(changes, writes.map(relationText).join(', '));
}

function relationWords(use: RelationUse, catalog: AnyCatalog): string {
  const isReadToo = accessOf(use) === 'write' && hasEffect(use.effects, 'read');
  const notes = [
    ...(isReadToo ? ['and reads it'] : []),
    ...(use.role === 'view'
      ? ['through a view or function']
      : use.role === 'inherited'
        ? ['by inheritance']
        : []),
    ...(use.known ? [] : [`not in the catalog${elsewhere(use, catalog)}`]),
  ];
  return `${qualified(use)}${notes.length === 0 ? '' : ` (${notes.join(', ')})`}`;
}

/** Where a table of that name is; the search path may not lead there. */
function elsewhere({ name }: RelationUse, catalog: AnyCatalog): string {
  const found = namedRelations(catalog, name).map(qualified);
  return found.length === 0 ? '' : `, though ${found.join(' and ')} is`;
}

/** `mail ← shop.customers.email`: which columns the values of an output column come from. */
function outputText({ name, origins }: OutputColumn): string {
  if (origins === null) return `${name} ← not known, so it could be anything`;
  if (origins.length === 0) return `${name} ← no column`;
  const from = origins.map(
    (origin) => `${columnName(origin)}${origin.how === 'copied' ? '' : ` (${origin.how})`}`,
  );
  return `${name} ← ${from.join(', ')}`;
}

/** `shop.customers: id, name`, a line for each table. */
function byTable(uses: StatementFacts['columns']): readonly string[] {
  const tables = new Map<string, string[]>();
  for (const { schema, table, column } of uses) {
    const name = qualified({ schema, name: table });
    tables.set(name, [...(tables.get(name) ?? []), column]);
  }
  return [...tables].map(([table, columns]) => `${table}: ${columns.join(', ')}`);
}

function rowsText(statement: ExplainedStatement): string {
  const { runs, rowsMax } = statement;
  const { bound } = runs;
  const many = rowsMax === 1 ? 'one row' : `${rowsMax?.toLocaleString('en')} rows`;
  switch (bound.kind) {
    case 'none':
      return 'returns none';
    case 'system':
      return 'bounded: they describe objects, settings or plans, not data';
    case 'rows':
      return `bounded: ${many} at most`;
    case 'parameter':
      return isBounded(statement)
        ? `bounded: ${many} at most, by the value of $${bound.index}`
        : `not bounded: its LIMIT is $${bound.index}, which is NULL or no number here (--param gives it a value)`;
    case 'unbounded':
      return 'not bounded: no LIMIT or FETCH that holds for certain, and no look-up of one row';
  }
}

function allowRows(sheet: Sheet, statement: ExplainedStatement, premises: Premises, style: Style): void {
  const { decision } = statement;
  const where = decision.rule === null ? null : (sourceOfRule(premises.policy, decision.rule)?.where ?? null);
  const why =
    decision.rule === null
      ? 'no rule denies it'
      : `by rule "${decision.rule}"${where === null ? '' : ` at ${where}`}`;
  const held = isHeld(statement);
  const verdict = held ? style.yellow(style.bold('APPROVE'.padEnd(LABEL_WIDTH))) : null;
  sheet.lines.push(`  ${verdict ?? style.green(style.bold('ALLOW'.padEnd(LABEL_WIDTH)))}  ${why}`);
  if (held)
    for (const duty of decision.obligations.approvals)
      sheet.row('held', dutyText(duty, 'statement'), style.yellow);
  limitRows(sheet, statement);
  accountRows(sheet, statement);
  maskRows(sheet, statement, style);
  if (decision.observed.length > 0) {
    sheet.row(
      'observed',
      `${quotedList(decision.observed)} would say otherwise, in mode: observe`,
      style.yellow,
    );
  }
}

function limitRows(sheet: Sheet, statement: ExplainedStatement): void {
  const { rows, rowsRule, bytes, bytesRule } =
    statement.runs.bound.kind === 'none' ? NO_LIMIT : limitOf(statement);
  const what = (rule: string | null, unit: 'rows' | 'bytes') => {
    const duty = statement.decision.obligations.limits.find((one) => one.rule === rule && one.unit === unit);
    return duty?.approval == null ? 'is cut' : `pauses for approval by ${duty.approval.by.join(', ')}`;
  };
  if (rows !== null)
    sheet.row(
      'limit',
      `the result ${what(rowsRule, 'rows')} after ${rows.toLocaleString('en')} rows, by rule "${rowsRule}"`,
    );
  if (bytes !== null)
    sheet.row(
      'limit',
      `the result ${what(bytesRule, 'bytes')} after ${formatBytes(bytes)}, by rule "${bytesRule}"`,
    );
}

function accountRows(sheet: Sheet, { decision, denial }: ExplainedStatement): void {
  if (denial !== null) return;
  for (const budget of decision.obligations.budgets) {
    const of = budget.objects.length === 0 ? '' : ` (${budget.objects.join(', ')})`;
    sheet.row('budget', `${budgetText(budget)}${of}, by rule "${budget.rule}"`);
  }
  for (const rate of decision.obligations.rates)
    sheet.row('rate', `${rateText(rate)}, by rule "${rate.rule}"`);
}

function maskRows(sheet: Sheet, { runs, decision }: ExplainedStatement, style: Style): void {
  const { masks } = decision.obligations;
  if (masks === null) return;
  const columns = (masks.outputs ?? []).flatMap((mask, n) =>
    mask === null ? [] : [`${runs.outputs?.[n]?.name ?? `column ${n + 1}`} by ${mask.masker}`],
  );
  if (columns.length > 0) sheet.row('masked', columns.join(', '), style.yellow);
  if (masks.outputs === null && masks.unknown !== null) {
    sheet.row('masked', `every column whose origin is not known, by ${masks.unknown.masker}`, style.yellow);
  }
  const detected = masks.detected.flatMap(({ detectors, patterns, masker }) =>
    [...detectors, ...(patterns.length > 0 ? ['patterns of the policy'] : [])].map(
      (what) => `${what} by ${masker}`,
    ),
  );
  if (detected.length > 0) sheet.row('detected', detected.join(', '), style.yellow);
}

function verdictText(
  denial: Denial,
  statement: ExplainedStatement | null,
  premises: Premises,
  style: Style,
): string {
  const sheet = new Sheet(style);
  const found = sourceOfRule(premises.policy, denial.rule);
  const where = found === null ? '' : ` at ${found.where}`;
  sheet.lines.push(
    `  ${style.red(style.bold('DENY'.padEnd(LABEL_WIDTH)))}  by rule "${denial.rule}"${where}`,
  );
  if (found !== null) sheet.row('because', found.says);
  sheet.row('the client', `reads ${premises.ground.codeOf(denial)}: ${denial.message}`);
  for (const advice of mendingOf(denial, statement, premises.policy))
    sheet.row('to mend', advice, style.cyan);
  const others = (statement?.decision.rules ?? []).filter((rule) => rule !== denial.rule);
  if (others.length > 0) sheet.row('matched', `also ${quotedList(others)}`);
  return sheet.lines.join('\n');
}

function batchText({ statements, verdict, denial }: Explanation, style: Style): string {
  if (verdict === 'approve')
    return `  ${style.yellow(style.bold('APPROVE'))}  all ${statements.length} statements are held together until they are approved`;
  if (denial === null)
    return `  ${style.green(style.bold(verdict.toUpperCase()))}  all ${statements.length} statements pass`;
  const n = statements.findIndex((statement) => statement.denial !== null) + 1;
  const why = n === 0 ? denial.message : `statement ${n} is denied, so none of the ${statements.length} runs`;
  return `  ${style.red(style.bold(verdict.toUpperCase()))}  ${why}`;
}

function footer({ asked, policyVersion }: Explanation, { catalogFrom, policyFile }: Premises): string {
  const { principal, listener } = asked.context;
  const groups = principal.groups.length === 0 ? 'in no group' : `in ${principal.groups.join(', ')}`;
  const at = listener === '' ? '' : ` on listener ${listener}`;
  const policy =
    policyFile === null ? 'no policy file: the baseline alone' : `${policyFile} ${shortHash(policyVersion)}`;
  return [`as ${principal.name} (${groups})${at}`, `catalog: ${catalogFrom}`, `policy: ${policy}`].join('\n');
}

function quotedList(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}
