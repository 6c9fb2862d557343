/** Calls by name: what comes with the server, stored functions, loadable ones. What is none of these may do anything. */
import { effectSet } from '../../core/effects.ts';
import { NOWHERE, type Origins } from '../origins.ts';
import type { Analysis } from './analysis.ts';
import { BUILTIN_SCHEMA, builtinFunction } from './builtin-functions.ts';
import type { MysqlRoutine } from './catalog-model.ts';
import { effectsOfNamed } from './function-effects.ts';
import { noteRoutine } from './stored-code.ts';
import { mayLeaveBehind } from './unread-code.ts';

export interface Call {
  readonly kind: 'scalar' | 'aggregate' | 'window';
  /** What the result may hold beside what came in by the arguments. */
  readonly inside: Origins;
  /** It may store what it is given, or send it somewhere. */
  readonly keeps: boolean;
}

const EXECUTE = effectSet('execute');
const FILE = effectSet('file');

/** Schemas under which MariaDB has its own functions, too. */
const OWN_SCHEMAS: ReadonlySet<string> = new Set(['mariadb_schema', 'oracle_schema']);

/**
 * Records a call. `schema` null: as written without one. A stored function's body is not read, and neither DETERMINISTIC
 * nor READS SQL DATA binds it, so it counts as `execute`. `args`: how many arguments it is given.
 */
export function callNamed(a: Analysis, schema: string | null, name: string, args: number): Call {
  const { catalog } = a.reading;
  const isOwn = schema === null || OWN_SCHEMAS.has(schema.toLowerCase());
  const builtin = isOwn ? builtinFunction(catalog.traits.flavour, name) : null;
  const stored = storedFunctions(a, schema, name);
  const named = isOwn ? effectsOfNamed(name, args) : null;
  for (const routine of stored) a.uses.addFunction(routine.schema, routine.name, 'unknown');
  if (stored.length > 0) a.effects |= EXECUTE;
  if (stored.some(({ body }) => mayLeaveBehind(body))) a.uses.storesUnknown = true;
  for (const routine of stored) noteRoutine(a, routine);
  if (named !== null) a.effects |= named;
  if (builtin !== null) {
    a.uses.addFunction(BUILTIN_SCHEMA, name.toLowerCase(), builtin.volatility);
    // A file may be any table's.
    const isKnown = stored.length === 0 && ((named ?? 0) & FILE) === 0;
    return {
      kind: builtin.kind,
      inside: isKnown ? NOWHERE : null,
      keeps: named !== null || stored.length > 0,
    };
  }
  if (stored.length === 0 && schema === null && catalog.isLoadable(name)) {
    // Its code is a library's, put there by whoever runs the server; known ones do what their name says.
    a.uses.addFunction(BUILTIN_SCHEMA, name.toLowerCase(), 'unknown');
    if (named === null) a.effects |= EXECUTE;
    return { kind: 'scalar', inside: null, keeps: true };
  }
  if (stored.length === 0) {
    a.uses.addFunction(schema ?? a.reading.schema ?? null, name, 'unknown');
    a.effects |= EXECUTE;
    a.unresolved = true;
  }
  return { kind: 'scalar', inside: null, keeps: true };
}

/** A name without a schema is the current one's; a built-in function hides it, which is not relied on. */
function storedFunctions(a: Analysis, schema: string | null, name: string): readonly MysqlRoutine[] {
  const searched = schema ?? a.reading.schema ?? null;
  const found = searched === null ? null : a.reading.catalog.routine('function', searched, name);
  return found === null ? [] : [found];
}
