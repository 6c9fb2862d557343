/** Findings as the `masks:` section of a policy, with what speaks for each as comments. Counts and names, no values. */
import type { DetectorName } from '../masking/index.ts';
import { DETECTORS } from '../masking/index.ts';
import type { ColumnCensus, DetectorCount } from './census.ts';
import type { ClassifiedColumn, ColumnFinding, DetectFinding, Finding } from './finding.ts';
import { KINDS } from './kinds.ts';

/** One item of `masks:`. */
export type ProposedMask =
  | {
      readonly how: 'columns';
      readonly title: string;
      readonly masker: string;
      readonly findings: readonly ColumnFinding[];
    }
  | {
      readonly how: 'detect';
      readonly detectors: readonly DetectorName[];
      readonly findings: readonly DetectFinding[];
    };

/** Sorted by kind, then by masker, then by name; what is only detected comes last, as one mask. */
export function proposalOf(findings: readonly Finding[]): readonly ProposedMask[] {
  const sorted = findings
    .filter((finding) => finding !== null)
    .sort((a, b) => (columnPattern(a.column) < columnPattern(b.column) ? -1 : 1));
  const ofColumns = sorted.flatMap((finding) => ('kind' in finding ? [finding] : []));
  const masks: ProposedMask[] = [];
  for (const kind of KINDS) {
    for (const masker of kind.maskers) {
      const same = ofColumns.filter((found) => found.kind === kind && found.masker === masker);
      if (same.length > 0) masks.push({ how: 'columns', title: kind.title, masker, findings: same });
    }
  }
  const detected = sorted.flatMap((finding) => ('kind' in finding ? [] : [finding]));
  if (detected.length > 0) {
    const found = new Set(detected.flatMap(({ counts }) => counts.map(({ detector }) => detector)));
    const detectors = Object.values(DETECTORS).flatMap(({ name }) =>
      [...found].filter((detector) => detector === name),
    );
    masks.push({ how: 'detect', detectors, findings: detected });
  }
  return masks;
}

/** A column as the policy file writes it: parts that are not plain words in double quotes. */
export function columnPattern({
  schema,
  table,
  column,
}: Omit<ClassifiedColumn, 'type' | 'typeName'>): string {
  return [schema, table, column]
    .map((part) => (/^[^".\s\p{Cc}]+$/u.test(part) ? part : `"${part.replaceAll('"', '""')}"`))
    .join('.');
}

export function proposalYaml(masks: readonly ProposedMask[]): string {
  if (masks.length === 0) return 'masks: []\n';
  const lines = ['masks:'];
  for (const mask of masks) {
    if (mask.how === 'columns') {
      lines.push(`  # ${mask.title}`, '  - columns:');
      for (const finding of mask.findings) {
        lines.push(`      # ${evidenceOf(finding)}`, `      - ${quoted(columnPattern(finding.column))}`);
      }
      // Without quotes it would be YAML's own null.
      lines.push(`    with: ${mask.masker === 'null' ? '"null"' : mask.masker}`);
      continue;
    }
    lines.push('  # found in values that hold other things as well, which a mask of the column would hide');
    for (const { column, counts, census } of mask.findings) {
      const name = printable(columnPattern(column));
      lines.push(`  #   ${name} (${printable(column.typeName)}): ${holdText(counts, census.values)}`);
    }
    lines.push(`  - detect: [${mask.detectors.join(', ')}]`, '    with: redact');
  }
  return `${lines.join('\n')}\n`;
}

/** `text; its name says so; 97% of 480 sampled values look like us-ssn`. */
function evidenceOf({ column, kind, named, census }: ColumnFinding): string {
  const parts = [printable(column.typeName)];
  if (named === 'column') parts.push('its name says so');
  if (named === 'table') parts.push("its table's name says so");
  const values = valuesText(census);
  if (values !== null) parts.push(values);
  else if (census.values > 0 && kind.surelyDetected) {
    const like = kind.detectors.join(' or ');
    parts.push(`but none of ${census.values} sampled values looks like ${like}: have a look`);
  }
  return parts.join('; ');
}

/** Null where nothing was found in the values. */
function valuesText({ counts, values }: ColumnCensus): string | null {
  const whole = counts.filter((count) => count.whole > 0).sort((a, b) => b.whole - a.whole);
  const parts = counts.filter((count) => count.whole === 0);
  if (whole.length > 0) {
    return shares(whole, values, ({ whole: n, detector }) => [
      n,
      `look${values === 1 ? 's' : ''} like ${detector}`,
    ]);
  }
  return parts.length === 0 ? null : holdText(parts, values);
}

function holdText(counts: readonly DetectorCount[], values: number): string {
  return shares(counts, values, ({ whole, part, detector }) => [
    whole + part,
    `hold${values === 1 ? 's' : ''} ${detector}`,
  ]);
}

/** `97% of 480 sampled values look like us-ssn, 2% look like phone`. */
function shares(
  counts: readonly DetectorCount[],
  values: number,
  of: (count: DetectorCount) => readonly [number, string],
): string {
  return counts
    .map((count, n) => {
      const [hits, what] = of(count);
      if (values === 1) return n === 0 ? `the only sampled value ${what}` : what;
      return `${percent(hits, values)}${n === 0 ? ` of ${values} sampled values` : ''} ${what}`;
    })
    .join(', ');
}

/** Whole percents, of which 0 and 100 are exact. */
function percent(count: number, of: number): string {
  const rounded = Math.round((100 * count) / of);
  if (count === of) return '100%';
  return rounded === 0 ? 'under 1%' : `${Math.min(rounded, 99)}%`;
}

/** In double quotes, as YAML and JSON both read it, also with control characters in it. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\p{Cc}\u2028\u2029]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** For a comment, which ends with its line. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]/gu, '\u{fffd}');
}
