/** What another policy would have said, for people. */
import type { Change, Judged, Rejudgement } from './rejudge.ts';
import type { Style } from './style.ts';
import { folded, oneLine, plural, shortTime } from './text-layout.ts';

const TEXT_WIDTH = 90;
const SHOWN_MAX = 200;

const HEADINGS: Readonly<Record<Judged['outcome'], string>> = {
  deny: 'would be denied',
  approve: 'would wait for approval',
  cut: 'would be cut',
  allow: 'would pass',
};

export function rejudgementText(result: Rejudgement, policy: string, style: Style): string {
  const { statements, sessions, firstAt, lastAt, changes, unchanged, skipped } = result;
  const span = firstAt === null || lastAt === null ? '' : `, ${shortTime(firstAt)} to ${shortTime(lastAt)}`;
  const lines = [style.bold(`${plural(statements, 'statement')} of ${plural(sessions, 'session')}${span}`)];
  lines.push(`judged by ${policy}`, '');
  for (const outcome of ['deny', 'approve', 'cut', 'allow'] as const) {
    const own = changes.filter(({ after }) => after.outcome === outcome);
    if (own.length === 0) continue;
    lines.push(outcome === 'allow' ? style.green(HEADINGS[outcome]) : style.red(HEADINGS[outcome]));
    for (const change of own.slice(0, SHOWN_MAX)) lines.push(...changeLines(change, style));
    if (own.length > SHOWN_MAX) lines.push(style.dim(`  and ${own.length - SHOWN_MAX} more; --json has all`));
    lines.push('');
  }
  if (changes.length === 0) lines.push('nothing would change');
  else lines.push(`${unchanged.toLocaleString('en')} stay as they are`);
  for (const [why, count] of skipped)
    lines.push(style.dim(`${count.toLocaleString('en')} not judged: ${why}`));
  return `${lines.join('\n')}\n`;
}

function changeLines(
  { text, before, after, count, users, session }: Change,
  style: Style,
): readonly string[] {
  const was =
    before.outcome === 'deny'
      ? `was denied by rule "${before.rule ?? '?'}"`
      : after.outcome === 'allow'
        ? ''
        : 'passed';
  const by = after.rule === null ? '' : `by rule "${after.rule}"`;
  const why = after.message?.replace(/^denied by rule "[^"]*"(?:: )?/, '') ?? '';
  const detail = [by, why, was].filter((part) => part !== '').join('; ');
  return [
    `  ${count.toLocaleString('en')} ×  ${oneLine(text, TEXT_WIDTH)}`,
    ...folded(detail, 8).map((line) => `        ${line}`),
    style.dim(`        ${users.join(', ')}, first in session ${session.slice(0, 8)}`),
  ];
}
