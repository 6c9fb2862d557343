/** COPY, in both directions. */
import { effectSet } from '../../core/effects.ts';
import type { CopyFormat } from '../../core/facts.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Analysis } from './analysis.ts';
import { type AstNode, flag, node, nodes, stringOf, struct, text } from './ast.ts';
import { expression } from './expression.ts';
import { analyzeQuery } from './query.ts';
import { useRelation } from './relations.ts';
import { Scope, type Shape, wholeOf } from './scope.ts';
import type { StatementResult } from './statement.ts';

export function copyStatement(a: Analysis, body: JsonObject): StatementResult {
  const file = text(body, 'filename') !== null || flag(body, 'is_program');
  if (file) a.addEffects('file');
  if (flag(body, 'is_program')) a.addEffects('execute');
  return flag(body, 'is_from') ? copyFrom(a, body, file) : copyTo(a, body, file);
}

function copyFrom(a: Analysis, body: JsonObject, file: boolean): StatementResult {
  const effects = effectSet('write', 'copy-in');
  a.effects |= effects;
  const relation = struct(body, 'relation');
  if (relation !== null) {
    const range = useRelation(a, relation, effects);
    const listed = nodes(body, 'attlist').map(stringOf);
    const columns = listed.length > 0 ? listed : range.columns.map((column) => column.name);
    for (const column of columns) {
      if (range.relation === null) continue;
      a.uses.addColumn({ schema: range.relation.schema, table: range.relation.name, column }, 'assignment');
    }
    const scope = new Scope(null);
    scope.ranges.push(range);
    const where = node(body, 'whereClause');
    if (where !== null) expression(a, where, scope, 'filter');
  }
  return {
    kind: 'COPY',
    act: file ? { act: 'none' } : { act: 'copy-in' },
    bound: { kind: 'none' },
    shape: null,
  };
}

function copyTo(a: Analysis, body: JsonObject, file: boolean): StatementResult {
  const effects = effectSet('read', 'copy-out');
  a.effects |= effects;
  const format = formatOf(body);
  const act: StatementResult['act'] = file ? { act: 'none' } : { act: 'copy-out', format };
  const query = node(body, 'query');
  if (query !== null) {
    const { shape, bound } = analyzeQuery(a, query, null);
    for (const use of a.uses.relations.values()) {
      if (use.role === 'direct') a.uses.addRelation(use, effectSet('copy-out'), use.role, use.known);
    }
    if (file) a.uses.addColumns(wholeOf(shape), 'source');
    return { kind: 'COPY', act, bound: bound.kind === 'none' ? { kind: 'unbounded' } : bound, shape };
  }
  const relation = struct(body, 'relation');
  let shape: Shape = { columns: [], open: true, rest: null };
  if (relation !== null) {
    const range = useRelation(a, relation, effects);
    const listed = nodes(body, 'attlist').map(stringOf);
    shape =
      listed.length === 0 || range.open
        ? range
        : {
            ...range,
            columns: listed.flatMap((name) => range.columns.filter((column) => column.name === name)),
          };
    for (const column of shape.columns) a.uses.addColumns(column.origins, file ? 'source' : 'output');
    if (file && shape.open) a.uses.addColumns(null, 'source');
  }
  return { kind: 'COPY', act, bound: { kind: 'unbounded' }, shape };
}

/** The options as the server reads them (ProcessCopyOptions in copy.c). */
function formatOf(body: JsonObject): CopyFormat {
  const written = new Map<string, string | null>();
  for (const option of nodes(body, 'options')) {
    const name = text(option.body, 'defname') ?? '';
    written.set(name, optionValue(option));
  }
  for (const name of written.keys()) if (!KNOWN_OPTIONS.has(name)) return { kind: 'unknown' };
  const header = written.has('header') && !OFF.test(written.get('header') ?? 'true');
  const single = (name: string, otherwise: string) => written.get(name) ?? otherwise;
  switch ((written.get('format') ?? 'text').toLowerCase()) {
    case 'binary':
      return { kind: 'binary' };
    case 'csv': {
      const quote = single('quote', '"');
      const delimiter = single('delimiter', ',');
      return {
        kind: 'csv',
        delimiter,
        nullText: single('null', ''),
        header,
        quote,
        escape: single('escape', quote),
      };
    }
    case 'text':
      return { kind: 'text', delimiter: single('delimiter', '\t'), nullText: single('null', '\\N'), header };
    default:
      return { kind: 'unknown' };
  }
}

/** `encoding` is not among them: the bytes would not be the session's. */
const KNOWN_OPTIONS: ReadonlySet<string> = new Set([
  'format',
  'delimiter',
  'null',
  'header',
  'quote',
  'escape',
  'force_quote',
]);
const OFF = /^(false|off|0)$/i;

function optionValue(option: AstNode): string | null {
  const arg = node(option.body, 'arg');
  switch (arg?.tag) {
    case 'String':
      return stringOf(arg);
    case 'Integer':
      return String(arg.body['ival'] ?? 0);
    case 'Boolean':
      return arg.body['boolval'] === true ? 'true' : 'false';
    default:
      return null;
  }
}
