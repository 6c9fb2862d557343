/**
 * Whoever changes the server's own tables alters the server, with no statement that says so: accounts, routines and
 * loadable functions are rows of schema `mysql`.
 */
import { type EffectSet, effectSet } from '../../core/effects.ts';
import type { Analysis } from './analysis.ts';
import { isMysqlSystemSchema } from './catalog.ts';

const CHANGES = effectSet('write', 'destroy', 'define');

export function noteSystemTable(a: Analysis, schema: string | null, effects: EffectSet): void {
  if ((effects & CHANGES) === 0 || schema === null) return;
  if (!isMysqlSystemSchema(schema, a.reading.catalog.traits)) return;
  a.addEffects('admin');
  a.changesReading = true;
  a.kinds.push('ALTER SYSTEM');
}
