/** A recorded session for a terminal. Everything in it came from a client, so no control character passes. */
import { formatBytes, formatMs } from '../core/quantities.ts';
import { type RecordedSql, SQL_MAX } from './recorded-story.ts';
import type { RecordedApproval, RecordedCause, RecordedResult, RecordedStatement } from './recording.ts';
import { responseLines } from './response-text.ts';
import type { SessionSummary } from './session-summaries.ts';
import type { Style } from './style.ts';
import { oneLine, plural, shortTime, withoutControls } from './text-layout.ts';

const INDENT = ' '.repeat(19);
const TEXT_LINES_MAX = 40;
const NAME_WIDTH = 60;
const VALUE_WIDTH = 120;
const BODY_WIDTH = 1_000;

export function headText(session: SessionSummary, style: Style): string {
  const { id, user, groups, client, listener, application, at } = session;
  const who = `${oneLine(user ?? 'someone', NAME_WIDTH)}${groups.length === 0 ? '' : ` (${withoutControls(groups.join(', '))})`}`;
  const program = application === null || application === '' ? '' : `, ${oneLine(application, NAME_WIDTH)}`;
  return [
    `${style.bold(`session ${id}`)}  ${who} from ${client ?? 'a local socket'} on ${listener ?? '?'}${program}`,
    style.dim(`began ${shortTime(at)} UTC`),
    '',
    '',
  ].join('\n');
}

export function statementText(statement: RecordedStatement, rowsMax: number, style: Style): string {
  const { verdict, text, via, message } = statement;
  const passed = verdict !== 'deny';
  const mark = markOf(verdict, style);
  const when = style.dim(offset(statement.offsetMs).padStart(10));
  const [first = '', ...rest] = withoutControls(text).split('\n').slice(0, TEXT_LINES_MAX);
  const more = text.split('\n').length - TEXT_LINES_MAX;
  const lines = [`${when}  ${mark}  ${first.trimEnd()}`, ...rest.map((line) => `${INDENT}${line.trimEnd()}`)];
  if (more > 0) lines.push(`${INDENT}${style.dim(`… ${more} more lines`)}`);
  const { parameters } = statement;
  if (parameters.length > 0) {
    lines.push(`${INDENT}${style.dim(parametersText(statement))}`);
  }
  if (!passed) {
    const told =
      message === null ? `denied by rule "${statement.rule ?? 'default'}"` : withoutControls(message);
    lines.push(`${INDENT}${style.red(told)}`);
  } else if (statement.rule !== null) lines.push(`${INDENT}${style.dim(`by rule "${statement.rule}"`)}`);
  if (statement.observed.length > 0) {
    lines.push(`${INDENT}${style.yellow(`observed: ${statement.observed.join(', ')}`)}`);
  }
  if (statement.cause !== null) lines.push(`${INDENT}${causeText(statement.cause, style)}`);
  lines.push(...sqlLines(statement.sql, style));
  for (const approval of statement.approvals) lines.push(`${INDENT}${approvalText(approval, style)}`);
  for (const [n, result] of statement.results.entries()) {
    lines.push(`${INDENT}${resultText(result, style)}`);
    for (const response of statement.responses.filter((one) => one.result === n))
      for (const line of responseLines(response, rowsMax, style)) lines.push(`${INDENT}${line}`);
  }
  // What has come of a result that is still under way, or has no end.
  for (const response of statement.responses.filter((one) => one.result >= statement.results.length))
    for (const line of responseLines(response, rowsMax, style)) lines.push(`${INDENT}${line}`);
  if (via === 'parse') lines.push(`${INDENT}${style.dim('prepared, not run')}`);
  else if (passed && statement.results.length === 0) {
    lines.push(
      `${INDENT}${style.dim('no result recorded: it was under way, or another statement failed before it')}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

function markOf(verdict: string, style: Style): string {
  if (verdict === 'deny') return style.red(style.bold('DENY '));
  return verdict === 'approve' ? style.yellow('appr.') : style.green('allow');
}

/** Such as `SQL 2 of session wmkq7w96939ukp: SELECT id FROM customers`. */
function sqlLines(sql: readonly RecordedSql[], style: Style): readonly string[] {
  const lines = sql.slice(0, SQL_MAX).map(({ session, number, text, verdict, candidates }) => {
    const maybe = candidates > 1 ? ', perhaps' : '';
    const line = `SQL ${number} of session ${session}${maybe}: ${oneLine(text, VALUE_WIDTH)}`;
    return `${INDENT}${verdict === 'deny' ? style.red(`${line} (denied)`) : style.dim(line)}`;
  });
  return sql.length > SQL_MAX
    ? [...lines, `${INDENT}${style.dim(`… ${sql.length - SQL_MAX} more statements`)}`]
    : lines;
}

/** Such as `for tools/call query (3 of session 8c7zcuq3jhmeuh, claude-code 2.1)`. */
function causeText({ session, agent, calls, after }: RecordedCause, style: Style): string {
  const of = `of session ${session}${agent === null ? '' : `, ${oneLine(agent, NAME_WIDTH)}`}`;
  const named = calls.map(({ number, what }) => `${oneLine(what, NAME_WIDTH)} (${number})`);
  if (named.length > 0) return style.dim(`for ${named.join(' or ')} ${of}`);
  const last = after === null ? '' : `, after ${oneLine(after.what, NAME_WIDTH)} (${after.number})`;
  return style.yellow(`no request was under way${last} ${of}`);
}

/** Such as `approval k7m2-pq9x: approved, yes by dana (ticket 4711)`. */
function approvalText({ id, outcome, votes }: RecordedApproval, style: Style): string {
  const said = votes.map(({ by, vote, reason }) => {
    const why = reason === null ? '' : ` (${oneLine(reason, NAME_WIDTH)})`;
    return `${vote === 'approve' ? 'yes' : 'no'} by ${oneLine(by, NAME_WIDTH)}${why}`;
  });
  return style.yellow([`approval ${id}${outcome === null ? '' : `: ${outcome}`}`, ...said].join(', '));
}

function resultText(result: RecordedResult, style: Style): string {
  const { tag, sqlstate, rows, bytes, ms, truncatedBy } = result;
  const outcome =
    sqlstate === null
      ? oneLine(tag ?? 'done', NAME_WIDTH)
      : style.red(`error ${oneLine(sqlstate, NAME_WIDTH)}`);
  const counts = rows === 0 && bytes === 0 ? '' : `, ${plural(rows, 'row')}, ${formatBytes(bytes)}`;
  const cut = truncatedBy === null ? '' : ` ${style.yellow(`cut by rule "${truncatedBy}"`)}`;
  return `${style.dim('→')} ${outcome}${counts}, ${formatMs(ms)}${cut}`;
}

/** Values of a statement, or what a request has beside its line, as it was sent. */
function parametersText({ via, parameters }: RecordedStatement): string {
  if (via !== 'mcp' && via !== 'http')
    return parameters.map((value, n) => `$${n + 1} = ${valueText(value)}`).join(', ');
  const written = parameters.map((value) => (typeof value === 'string' ? value : JSON.stringify(value)));
  return `${via === 'mcp' ? 'arguments' : 'body'} ${oneLine(written.join(' '), BODY_WIDTH)}`;
}

function valueText(value: unknown): string {
  if (value === null) return 'NULL';
  return oneLine(
    typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : JSON.stringify(value),
    VALUE_WIDTH,
  );
}

export function tailText(session: SessionSummary, style: Style): string {
  const { ended, ms, statements, denied, truncated, rows, bytes } = session;
  const how = ended === null ? 'still open, or Sluice was killed' : ended;
  const counts = [
    plural(statements, 'statement'),
    `${denied} denied`,
    ...(truncated === 0 ? [] : [`${truncated} cut`]),
    plural(rows, 'row'),
    formatBytes(bytes),
  ];
  return `\n${style.dim(offset(ms).padStart(10))}  ${how}: ${counts.join(', ')}\n`;
}

/** `+0.041 s`, `+12:07.3` from the first minute on. */
function offset(ms: number): string {
  if (ms < 60_000) return `+${(ms / 1000).toFixed(3)} s`;
  const minutes = Math.floor(ms / 60_000);
  return `+${minutes}:${((ms % 60_000) / 1000).toFixed(1).padStart(4, '0')}`;
}
