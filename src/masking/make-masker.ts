/** Maskers from plain data, as the policy and the threads have it. */
import type { CellDialect } from './cell-type.ts';
import type { CellCodec } from './codec/codec.ts';
import type { KeyRing } from './keys.ts';
import type { Masker } from './masker.ts';
import { MASKERS, type MaskerName } from './maskers/index.ts';

/** A masker as plain data, which may be posted to a worker: its name, its options, and the keys that an option names. */
export interface MaskerSpec {
  readonly name: MaskerName;
  readonly options: unknown;
  readonly ring: KeyRing | null;
}

const made: Readonly<Record<CellDialect, WeakMap<MaskerSpec, Masker>>> = {
  postgres: new WeakMap(),
  mysql: new WeakMap(),
};

/** Makes the masker, once for a spec and a dialect. Throws where options or key do not fit, which `withSchema` and `keyRingProblem` tell beforehand. */
export function makeMasker(spec: MaskerSpec, codec: CellCodec): Masker {
  const known = made[codec.dialect].get(spec);
  if (known !== undefined) return known;
  const masker = MASKERS[spec.name].make(spec.options, { ring: spec.ring, codec });
  made[codec.dialect].set(spec, masker);
  return masker;
}
