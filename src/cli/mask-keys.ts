/** The keys behind masks, from the configuration to what maskers take; and what is wrong with masks that need them. */
import type { Config } from '../config/schema.ts';
import { suggestion } from '../core/nearest.ts';
import type { Problem } from '../core/problem.ts';
import type { LocatedDocument } from '../core/yaml-document.ts';
import {
  DETECTORS,
  type KeyRing,
  keyRingProblem,
  makeMasker,
  maskerProblem,
  namedMasker,
  POSTGRES_CODEC,
  patternProblem,
  postgresCellType,
  withSchema,
} from '../masking/index.ts';
import { Mask } from '../policy/masks.ts';
import type { PolicyDocument } from '../policy/schema.ts';
import type { Catalog } from '../sql/index.ts';

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

/** What a policy's masks ask for and cannot have. `rings` null: the configuration is not known. */
export function maskProblems(
  source: LocatedDocument<PolicyDocument>,
  rings: ReadonlyMap<string, KeyRing> | null,
  catalogs: readonly (Catalog | null)[],
): readonly Problem[] {
  const problems: Problem[] = [];
  source.value.masks.forEach((mask, n) => {
    const at = (path: readonly (string | number)[], message: string) =>
      problems.push(source.problemAt(['masks', n, ...path], message));
    mask.detect?.forEach((name, i) => {
      if (Object.hasOwn(DETECTORS, name)) return;
      const names = Object.keys(DETECTORS);
      at(
        ['detect', i],
        `there is no detector "${name}"${suggestion(name, names)}; expected ${names.join(', ')}`,
      );
    });
    mask.patterns?.forEach((pattern, i) => {
      const problem = patternProblem(pattern);
      if (problem !== null) at(['patterns', i], problem);
    });
    const parsed = withSchema.safeParse(mask.with);
    if (!parsed.success) {
      at(['with'], parsed.error.issues[0]?.message ?? 'no such masker');
      return;
    }
    const named = namedMasker(parsed.data);
    if (named.ring !== null && rings !== null) {
      const ring = rings.get(named.ring);
      const problem =
        ring === undefined
          ? `there is no key "${named.ring}" under masking.keys of sluice.yaml${suggestion(named.ring, [...rings.keys()])}`
          : keyRingProblem(ring);
      if (problem !== null) {
        at(['with'], problem);
        return;
      }
    }
    const ring = named.ring === null ? null : (rings?.get(named.ring) ?? null);
    if (named.ring !== null && ring === null) return;
    const masker = makeMasker({ name: named.name, options: named.options, ring }, POSTGRES_CODEC);
    for (const problem of misfits(new Mask(mask), masker, catalogs)) at(['with'], problem);
  });
  return problems;
}

/** Columns that the masker could only ever make NULL, which nobody means who names another masker. */
function misfits(
  mask: Mask,
  masker: ReturnType<typeof makeMasker>,
  catalogs: readonly (Catalog | null)[],
): readonly string[] {
  const found: string[] = [];
  for (const catalog of catalogs) {
    if (catalog === null || !mask.isOfColumns) continue;
    for (const { schema, name, columns } of catalog.userRelations()) {
      for (const column of columns) {
        if (column.typeOid === 0 || !mask.covers(schema, name, column.name)) continue;
        const type = postgresCellType(column.typeOid, column.typeModifier, (oid) => catalog.typeByOid(oid));
        const problem = maskerProblem(masker, type);
        if (problem !== null) found.push(`${schema}.${name}.${column.name} (${column.type}): ${problem}`);
      }
    }
  }
  return found;
}
