/** Approvals for a terminal. What is in them came from clients, so no control character passes. */
import { type ApprovalView, requestLine, type ShownRequest } from '../approvals/index.ts';
import { spacedJson } from '../console/spaced-json.ts';
import { isArray, isObject, type Json } from '../core/json.ts';
import { formatBytes, formatMs } from '../core/quantities.ts';
import type { VoteOutcome } from '../state/store.ts';
import type { Style } from './style.ts';
import { aligned, type Column, oneLine, plural, shortTime, withoutControls } from './text-layout.ts';

const STATEMENT_WIDTH = 60;
const NAME_WIDTH = 30;
const VALUE_WIDTH = 120;
const LABEL_WIDTH = 10;
const TEXT_LINES_MAX = 200;

export function approvalsTable(views: readonly ApprovalView[], state: string, style: Style): string {
  if (views.length === 0) {
    return state === 'pending'
      ? 'nothing waits for approval\n'
      : `no request${state === 'all' ? '' : ` that is ${state}`}\n`;
  }
  return `${aligned(views, COLUMNS, style.dim).join('\n')}\n`;
}

const COLUMNS: readonly Column<ApprovalView>[] = [
  { title: 'id', align: 'left', cell: ({ id }) => id },
  { title: 'state', align: 'left', cell: ({ state }) => state },
  { title: 'who', align: 'left', cell: ({ principal }) => oneLine(principal, NAME_WIDTH) },
  { title: 'rule', align: 'left', cell: ({ rule }) => oneLine(rule, NAME_WIDTH) },
  { title: 'until (UTC)', align: 'left', cell: ({ expiresAt }) => shortTime(expiresAt) },
  { title: 'yes', align: 'left', cell: yesOf },
  { title: 'what', align: 'left', cell: (view) => oneLine(lineOf(view), STATEMENT_WIDTH) },
];

function yesOf({ votes, approvers }: ApprovalView): string {
  return `${votes.filter(({ verdict }) => verdict === 'approve').length} of ${approvers}`;
}

function lineOf(view: ApprovalView): string {
  return view.request === null ? textOf(view) : requestLine(view.request);
}

function textOf({ shown }: ApprovalView): string {
  return typeof shown['text'] === 'string' ? shown['text'] : '';
}

export function approvalText(view: ApprovalView, style: Style): string {
  const { shown } = view;
  const lines = [`${style.bold(`approval ${view.id}`)}  ${stateText(view, style)}`, ''];
  const row = (label: string, text: string) => {
    lines.push(`  ${style.dim(label.padEnd(LABEL_WIDTH))}  ${onItsLine(text)}`);
  };
  row('who', `${view.principal} (${wordsOf(shown['groups']).join(', ') || 'in no group'})`);
  row('where', `${String(shown['listener'])}, at ${String(shown['upstream'])}`);
  row('rule', `${view.rule}, policy ${String(shown['policy']).slice(0, 23)}`);
  row('decides', `${view.approvers} of ${view.by.join(', ')}, until ${shortTime(view.expiresAt)} UTC`);
  const same = view.request === null ? 'statement' : 'request';
  if (view.windowMs !== null) row('serves', `for the same ${same} again, for ${formatMs(view.windowMs)}`);
  if (view.reason !== null) row('reason', view.reason);
  if (view.request === null) {
    row('touches', wordsOf(shown['tables']).join(', ') || 'no table');
    row('effects', wordsOf(shown['effects']).join(', ') || 'none');
  }
  resultRow(shown['result'], row);
  lines.push(
    '',
    ...(view.request === null ? statementLines(view, style) : requestLines(view.request, style)),
  );
  for (const { by, verdict, reason, channel, at } of view.votes) {
    const why = reason === null ? '' : `: ${oneLine(reason, VALUE_WIDTH)}`;
    lines.push(
      '',
      `  ${verdict === 'approve' ? style.green('yes') : style.red('no')}  ${onItsLine(by)} by ${channel}, ${shortTime(at)} UTC${why}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** The text and its values. Behind a bar, so that no line of the client's can pass for one of ours. */
function statementLines(view: ApprovalView, style: Style): readonly string[] {
  const { shown } = view;
  const lines: string[] = barred(textOf(view), style);
  if (typeof shown['textBytes'] === 'number')
    lines.push(
      style.dim(`  cut: it has ${formatBytes(shown['textBytes'])}, SHA-256 ${String(shown['textSha256'])}`),
    );
  if (typeof shown['runs'] === 'string')
    lines.push(
      '',
      `  ${style.dim('which runs')}`,
      ...withoutControls(shown['runs'])
        .split('\n')
        .map((line) => `  │ ${line}`),
    );
  const values = shown['parameters'];
  if (values !== undefined && isArray(values))
    for (const [n, value] of values.entries())
      lines.push(`  ${style.dim(`$${n + 1} =`)} ${valueText(value)}`);
  return lines;
}

/** Method and tool or path, what goes with it, and what it is asked with. */
function requestLines(request: ShownRequest, style: Style): readonly string[] {
  const { words, lines, body, bodyName, hiddenBytes } = request;
  const shown = [...barred(words, style), ...lines.map((line) => `  │ ${style.dim(onItsLine(line))}`)];
  if (body !== null) shown.push('', `  ${style.dim(bodyName)}`, ...barred(spacedJson(body), style));
  if (hiddenBytes !== null)
    shown.push(
      style.dim(
        `  ${body === null ? `the ${bodyName}, ${formatBytes(hiddenBytes)}, may hold masked values and are not shown` : `cut: it has ${formatBytes(hiddenBytes)}`}`,
      ),
    );
  return shown;
}

function barred(text: string, style: Style): string[] {
  const all = withoutControls(text).split('\n');
  const lines = all.slice(0, TEXT_LINES_MAX).map((line) => `  │ ${style.bold(line.trimEnd())}`);
  if (all.length > TEXT_LINES_MAX) lines.push(style.dim(`  … ${all.length - TEXT_LINES_MAX} more lines`));
  return lines;
}

/** Names may hold line breaks, which would begin a line that looks like ours. */
function onItsLine(text: string): string {
  return withoutControls(text).replaceAll('\n', '\u{fffd}');
}

function resultRow(result: Json | undefined, row: (label: string, text: string) => void): void {
  if (!isObject(result)) return;
  const rows = Number(result['rows']);
  const kept = result['held'] === true ? ', none of them seen by the client' : ', seen by the client';
  row('so far', `${plural(rows, 'row')}, ${formatBytes(Number(result['bytes']))}${kept}`);
  row('limit', `${String(result['max'])} ${String(result['unit'])}`);
}

function stateText({ state, settledAt }: ApprovalView, style: Style): string {
  const when = settledAt === null ? '' : ` ${shortTime(settledAt)} UTC`;
  if (state === 'pending') return style.yellow('pending');
  return state === 'approved' || state === 'used'
    ? style.green(`${state}${when}`)
    : style.red(`${state}${when}`);
}

function wordsOf(value: Json | undefined): readonly string[] {
  return value !== undefined && isArray(value) ? value.filter((word) => typeof word === 'string') : [];
}

function valueText(value: Json): string {
  if (value === null) return 'NULL';
  if (isObject(value) && value['masked'] === true) return `masked, ${String(value['bytes'])} bytes`;
  return oneLine(typeof value === 'string' ? `'${value}'` : JSON.stringify(value), VALUE_WIDTH);
}

type Why = Extract<VoteOutcome, { outcome: 'refused' }>['why'];

export function refusalText(why: Why, id: string): string {
  switch (why) {
    case 'unknown':
      return `there is no request ${id}`;
    case 'settled':
      return `request ${id} is settled already`;
    case 'expired':
      return `request ${id} has expired`;
    case 'own':
      return `request ${id} is your own: somebody else has to decide`;
    case 'not-allowed':
      return `you are in none of the groups that decide on request ${id}`;
    case 'twice':
      return `you have decided on request ${id} already`;
  }
}
