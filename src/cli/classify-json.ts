/** A classification for scripts: names, types and counts. */
import type { ColumnCensus } from '../classify/census.ts';
import type { ClassifiedColumn } from '../classify/finding.ts';
import { columnPattern, proposalOf } from '../classify/proposal.ts';
import type { Classification } from './classify.ts';

export function classificationJson(found: Classification, yaml: string): Record<string, unknown> {
  const masks = proposalOf(found.findings);
  return {
    upstream: found.upstream,
    serverVersion: found.serverVersion,
    sampleRows: found.sampleRows,
    tables: found.tables,
    columnsSampled: found.columnsSampled,
    columnsNamed: found.columnsNamed,
    columns: masks.flatMap((mask) =>
      mask.how === 'detect'
        ? []
        : mask.findings.map(({ column, kind, masker, named, census }) => ({
            ...nameOf(column),
            kind: kind.name,
            with: masker,
            named,
            ...countsOf(census),
          })),
    ),
    detected: masks.flatMap((mask) =>
      mask.how === 'columns'
        ? []
        : mask.findings.map(({ column, counts, census }) => ({
            ...nameOf(column),
            detectors: counts.map(({ detector }) => detector),
            ...countsOf(census),
          })),
    ),
    alreadyMasked: found.alreadyMasked.map((column) => columnPattern(column)),
    unread: found.unread,
    notes: found.notes,
    yaml,
  };
}

function nameOf(column: ClassifiedColumn): Record<string, string> {
  return {
    pattern: columnPattern(column),
    schema: column.schema,
    table: column.table,
    column: column.column,
    type: column.typeName,
  };
}

function countsOf({ values, counts }: ColumnCensus): Record<string, unknown> {
  return { values, found: counts };
}
