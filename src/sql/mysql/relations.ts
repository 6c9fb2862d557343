/** From a table's name to what it may stand for: uses recorded, views opened, columns with their origins. */
import { type EffectSet, effectSet } from '../../core/effects.ts';
import type { RelationName } from '../../core/facts.ts';
import { NOWHERE, type Origins, union } from '../origins.ts';
import type { Analysis, Candidate } from './analysis.ts';
import type { TableName } from './ast.ts';
import { NARROWS, NOTHING_CARRIED } from './carried.ts';
import { isMysqlSystemSchema } from './catalog.ts';
import type { MysqlTable } from './catalog-model.ts';
import { namesNarrow } from './fallible.ts';
import { generatedFrom } from './generated.ts';
import {
  column,
  columnOf,
  eitherColumn,
  type Range,
  type ScopeColumn,
  type Shape,
  UNKNOWN_SHAPE,
  wholeOf,
} from './scope.ts';
import { noteSystemTable } from './system-tables.ts';
import { viewShape } from './views.ts';

const READ = effectSet('read');

/** Records the use of the relation that a name stands for, and gives it as a range without its alias applied. */
export function useRelation(a: Analysis, table: TableName, effects: EffectSet): Range {
  const candidates = a.candidates(table.schema, table.name);
  let shape: Shape | null = null;
  for (const candidate of candidates) {
    const own = useCandidate(a, candidate, effects);
    shape = shape === null ? own : eitherShape(shape, own);
  }
  const [only] = candidates;
  const isOne = only !== undefined && candidates.every((one) => one.schema === only.schema);
  return {
    ...(shape ?? UNKNOWN_SHAPE),
    alias: table.name,
    schema: isOne ? only.schema : null,
    relation: isOne ? { schema: only.schema, name: only.name } : { schema: null, name: table.name },
  };
}

function useCandidate(a: Analysis, candidate: Candidate, effects: EffectSet): Shape {
  const { relation, temporary } = candidate;
  a.effects |= effects;
  noteSystemTable(a, candidate.schema, effects);
  if (temporary !== null) {
    a.uses.addRelation(candidate, effects, 'direct', true);
    const names = temporary.columns;
    return {
      columns: (names ?? []).map((name) => column(name, own(candidate, name))),
      open: names === null,
      rest: own(candidate, '*'),
    };
  }
  if (relation !== null) {
    a.uses.addRelation(candidate, effects, 'direct', true);
    return relation.kind === 'view' ? viewShape(a, relation, effects & ~READ) : tableShape(relation, a);
  }
  const numbers = numbersTable(a, candidate);
  if (numbers !== null) {
    a.uses.addRelation(candidate, effects, 'direct', true);
    return numbers;
  }
  // What is not known may be a view that runs anything.
  a.unresolved = true;
  a.changesReading = true;
  a.uses.addRelation(candidate, effects, 'direct', false);
  return { columns: [], open: true, rest: own(candidate, '*') };
}

export function own(name: RelationName, columnName: string): Origins {
  return [
    {
      schema: name.schema,
      table: name.name,
      column: columnName,
      how: columnName === '*' ? 'row' : 'copied',
    },
  ];
}

/** MariaDB makes up tables of numbers by their names: no catalog has them. */
const NUMBERS = /^seq_\d{1,20}_to_\d{1,20}(?:_step_\d{1,20})?$/i;

function numbersTable(a: Analysis, candidate: Candidate): Shape | null {
  if (a.reading.catalog.traits.flavour !== 'mariadb' || !NUMBERS.test(candidate.name)) return null;
  a.returnsSets = true;
  return { columns: [column('seq', NOWHERE, 'bigint')], open: false, rest: NOWHERE };
}

const TEXT = /char|text|enum|set/i;

const tableShapes = new WeakMap<MysqlTable, Shape>();

function tableShape(relation: MysqlTable, a: Analysis): Shape {
  const known = tableShapes.get(relation);
  if (known !== undefined) return known;
  const { traits } = a.reading.catalog;
  const isNarrow = namesNarrow(traits.flavour) && isMysqlSystemSchema(relation.schema, traits);
  const columns: ScopeColumn[] = relation.columns.map((one) => ({
    name: one.name,
    origins:
      one.generation === null
        ? own(relation, one.name)
        : union(own(relation, one.name), generatedFrom(relation, one.generation, a.parser)),
    type: one.type,
    hidden: one.invisible,
    carried: isNarrow && TEXT.test(one.type) ? NARROWS : NOTHING_CARRIED,
  }));
  const shape: Shape = { columns, open: false, rest: NOWHERE };
  tableShapes.set(relation, shape);
  return shape;
}

/** What one name that stands for two relations has: the same columns, or columns of places that are not known. */
export function eitherShape(left: Shape, right: Shape): Shape {
  const isSame =
    left.columns.length === right.columns.length &&
    left.columns.every((one, n) => one.name === right.columns[n]?.name);
  if (isSame) {
    const columns = left.columns.map((one, n) => eitherColumn(one, right.columns[n] ?? one));
    return { columns, open: left.open || right.open, rest: union(left.rest, right.rest) };
  }
  const columns = left.columns.map((one) => {
    const other = columnOf(right, one.name);
    return other === undefined ? one : eitherColumn(one, other);
  });
  for (const one of right.columns) if (columnOf(left, one.name) === undefined) columns.push(one);
  return { columns, open: true, rest: union(wholeOf(left), wholeOf(right)) };
}
