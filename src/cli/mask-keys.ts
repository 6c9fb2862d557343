/** The keys behind masks, from the configuration to what maskers take. */
import type { LoadedConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import type { Problem } from '../core/problem.ts';
import { type KeyRing, keyRingProblem } from '../masking/index.ts';

/** The id of a key that is written without one. */
const ONLY_KEY_ID = 'k1';

export function ringsOf(config: Config | null): ReadonlyMap<string, KeyRing> {
  const rings = new Map<string, KeyRing>();
  for (const [name, written] of Object.entries(config?.masking.keys ?? {})) {
    const keys = typeof written === 'string' ? [{ id: ONLY_KEY_ID, secret: written }] : written;
    rings.set(name, {
      current: keys[0]?.id ?? '',
      keys: keys.map(({ id, secret }) => ({ id, secret: Buffer.from(secret) })),
    });
  }
  return rings;
}

/** Keys that no masker could use, whether one does or not: they keep Sluice from starting. */
export function keyProblems({ config, source }: LoadedConfig): readonly Problem[] {
  const problems: Problem[] = [];
  for (const [name, ring] of ringsOf(config)) {
    const problem = keyRingProblem(ring);
    if (problem === null) continue;
    const isAlone = typeof config.masking.keys[name] === 'string';
    // A secret that is written alone has an id that its author does not know of.
    const what = isAlone ? problem.replace(`the key "${ONLY_KEY_ID}"`, 'the secret') : problem;
    const more = what.includes('shorter') ? '; "openssl rand -hex 32" prints a good one' : '';
    problems.push(source.problemAt(['masking', 'keys', name], `${what}${more}`));
  }
  return problems;
}
