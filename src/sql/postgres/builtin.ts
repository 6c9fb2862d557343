/** What initdb puts into every database of a major version: system relations, functions, operators, types. */
import { readFileSync } from 'node:fs';
import type { Volatility } from '../../core/facts.ts';
import { isObject, type JsonObject, parseJson } from '../../core/json.ts';
import type { ParserMajor } from './parser.ts';

export interface BuiltinRelation {
  readonly kind: 'table' | 'view';
  readonly columns: readonly string[];
}

/** All overloads of a name taken together: the most volatile, whether any returns a set, whether all aggregate. */
export interface FunctionTraits {
  readonly volatility: Volatility;
  readonly returnsSet: boolean;
  readonly aggregate: boolean;
}

export interface Builtins {
  readonly relations: ReadonlyMap<string, ReadonlyMap<string, BuiltinRelation>>;
  readonly functions: ReadonlyMap<string, ReadonlyMap<string, FunctionTraits>>;
  readonly operators: ReadonlySet<string>;
  readonly types: ReadonlySet<string>;
}

const loaded = new Map<ParserMajor, Builtins>();

/** Read once per version and shared; throws when the file that ships with Sluice is damaged. */
export function builtinsOf(major: ParserMajor): Builtins {
  const known = loaded.get(major);
  if (known !== undefined) return known;
  const file = parseJson(readFileSync(new URL(`./builtin/${major}.json`, import.meta.url), 'utf8'));
  if (!isObject(file)) throw new Error(`builtin/${major}.json is damaged`);
  const builtins: Builtins = {
    relations: bySchema(file, 'relations', relationFrom),
    functions: bySchema(file, 'functions', traitsFrom),
    operators: words(file, 'operators'),
    types: words(file, 'types'),
  };
  loaded.set(major, builtins);
  return builtins;
}

function words(file: JsonObject, field: string): ReadonlySet<string> {
  const value = file[field];
  if (typeof value !== 'string') throw new Error(`builtin file without ${field}`);
  return new Set(value.split(' '));
}

function bySchema<Item>(
  file: JsonObject,
  field: string,
  make: (value: string) => Item,
): ReadonlyMap<string, ReadonlyMap<string, Item>> {
  const schemas = file[field];
  if (!isObject(schemas)) throw new Error(`builtin file without ${field}`);
  const result = new Map<string, ReadonlyMap<string, Item>>();
  for (const [schema, entries] of Object.entries(schemas)) {
    if (!isObject(entries)) throw new Error(`builtin file: ${field}.${schema}`);
    const byName = new Map<string, Item>();
    for (const [name, value] of Object.entries(entries)) {
      if (typeof value === 'string') byName.set(name, make(value));
    }
    result.set(schema, byName);
  }
  return result;
}

function relationFrom(value: string): BuiltinRelation {
  const [kind, ...columns] = value.split(' ');
  return { kind: kind === 'v' ? 'view' : 'table', columns };
}

function traitsFrom(value: string): FunctionTraits {
  const volatility = value.startsWith('v') ? 'volatile' : value.startsWith('s') ? 'stable' : 'immutable';
  return { volatility, returnsSet: value.includes('r'), aggregate: value.includes('a') };
}
