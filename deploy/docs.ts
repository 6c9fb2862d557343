/**
 * The tables of the documentation that follow from code: matchers, effects, the baseline, maskers, detectors and errors.
 * Each stands in its page between `<!-- generated: NAME -->` and `<!-- end -->`. This script
 * writes them anew; test/unit/house/docs.test.ts fails while one is out of date.
 *
 *     npm run docs
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { EFFECT_MEANING, EFFECTS } from '../src/core/effects.ts';
import { ERRORS } from '../src/core/errors.ts';
import { DETECTORS, MASKERS } from '../src/masking/index.ts';
import { baselineRules } from '../src/policy/baseline.ts';
import { MATCHERS } from '../src/policy/matchers/index.ts';

const ROOT = new URL('../', import.meta.url);

export const PAGES = ['docs/policy.md', 'docs/errors.md'] as const;

/** A Markdown table as the formatter leaves it; a bar inside a cell would end the cell. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows].map((cells) => cells.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, n) => Math.max(3, ...lines.map((cells) => [...(cells[n] ?? '')].length)));
  const written = lines.map(
    (cells) => `| ${cells.map((cell, n) => cell + pad(cell, widths[n] ?? 0)).join(' | ')} |`,
  );
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [written[0], rule, ...written.slice(1)].join('\n');
}

function pad(cell: string, width: number): string {
  return ' '.repeat(width - [...cell].length);
}

function matchers(about: 'statement' | 'http' | 'mcp' | 'context'): string {
  const rows = Object.values(MATCHERS)
    .filter((matcher) => matcher.about === about)
    .map(({ key, description, example }) => [`\`${key}\``, description, `\`${key}: ${example}\``]);
  return table(['key', 'matches', 'such as'], rows);
}

function effects(): string {
  return table(
    ['effect', 'the statement'],
    EFFECTS.map((effect) => [`\`${effect}\``, EFFECT_MEANING[effect]]),
  );
}

/** What a rule of the baseline looks for, in the words of its `when`. */
function sought(when: object): string {
  return Object.entries(when)
    .filter(([, value]) => value !== undefined)
    .map(
      ([key, value]) =>
        `${key}: ${(Array.isArray(value) ? value : [value]).map((one) => `\`${one}\``).join(', ')}`,
    )
    .join('; ');
}

function baseline(): string {
  const rules = baselineRules();
  const rows = [...new Set(rules.map(({ name }) => name))].map((name) => {
    const own = rules.filter((rule) => rule.name === name).map(({ rule }) => rule);
    const messages = new Set(own.map(({ message }) => message ?? ''));
    return [`\`${name}\``, own.map(({ when }) => sought(when)).join('; '), [...messages].join('; ')];
  });
  return table(['name', 'denies', 'the client reads'], rows);
}

/** How each masker is written. */
const MASKERS_AS_WRITTEN: ReadonlyMap<string, string> = new Map([
  ['redact', 'redact'],
  ['last4', 'last4'],
  ['first1', 'first1'],
  ['email', 'email'],
  ['hash', '{ hash: { key: NAME } }'],
  ['null', '"null"'],
  ['fixed', '{ fixed: "n/a" }'],
  ['year', 'year'],
  ['range', '{ range: { width: 10 } }'],
  ['fpe', '{ fpe: { key: NAME } }'],
  ['token', '{ token: { key: NAME } }'],
]);

function maskers(): string {
  const rows = Object.values(MASKERS).map(({ name, summary, keyed }) => {
    const written = MASKERS_AS_WRITTEN.get(name);
    if (written === undefined)
      throw new Error(`deploy/docs.ts does not say how the masker ${name} is written`);
    return [`\`with: ${written}\``, summary, keyed ? 'yes' : ''];
  });
  return table(['masker', 'what comes out', 'needs a key'], rows);
}

function detectors(): string {
  return table(
    ['detector', 'finds'],
    Object.values(DETECTORS).map(({ name, summary }) => [`\`${name}\``, summary]),
  );
}

function errors(): string {
  const rows = Object.entries(ERRORS).map(([code, row]) => [
    `\`${code}\``,
    row.sqlstate,
    row.message,
    row.session === 'end' ? 'ends' : 'goes on',
    row.blame,
    row.log,
  ]);
  return table(['code', 'SQLSTATE', 'message', 'session', 'whose doing', 'log level'], rows);
}

const TABLES: ReadonlyMap<string, () => string> = new Map([
  ['matchers-statement', () => matchers('statement')],
  ['matchers-http', () => matchers('http')],
  ['matchers-mcp', () => matchers('mcp')],
  ['matchers-context', () => matchers('context')],
  ['effects', effects],
  ['baseline', baseline],
  ['maskers', maskers],
  ['detectors', detectors],
  ['errors', errors],
]);

/** A page with its tables as they follow from the code. Throws where it names one that does not exist. */
export function withTables(page: string): string {
  return page.replaceAll(/<!-- generated: ([a-z-]+) -->[\s\S]*?<!-- end -->/g, (_block, name: string) => {
    const make = TABLES.get(name);
    if (make === undefined) throw new Error(`there is no table "${name}"`);
    return `<!-- generated: ${name} -->\n\n${make()}\n\n<!-- end -->`;
  });
}

if (process.argv[1] === import.meta.filename) {
  for (const page of PAGES) {
    const file = new URL(page, ROOT);
    const before = readFileSync(file, 'utf8');
    const after = withTables(before);
    if (after !== before) writeFileSync(file, after);
    process.stdout.write(`${page}: ${after === before ? 'was current' : 'written'}\n`);
  }
}
