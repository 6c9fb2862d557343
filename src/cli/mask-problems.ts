/** What a policy's masks ask for and cannot have, in words for whoever wrote the policy. */
import { z } from 'zod';
import { nearest, suggestion } from '../core/nearest.ts';
import type { Problem } from '../core/problem.ts';
import type { LocatedDocument } from '../core/yaml-document.ts';
import { findingsOf, type Path } from '../core/yaml-issues.ts';
import {
  type CellDialect,
  CODECS,
  DETECTORS,
  type KeyRing,
  keyRingProblem,
  MASKERS,
  type MaskerName,
  type MaskerSpec,
  makeMasker,
  maskerProblem,
  namedMasker,
  patternProblem,
  withSchema,
} from '../masking/index.ts';
import { Mask } from '../policy/mask.ts';
import type { PolicyDocument } from '../policy/schema.ts';
import type { KnownCatalog } from './known-catalog.ts';

type MaskDocument = PolicyDocument['masks'][number];
type Masker = ReturnType<typeof makeMasker>;

interface Found {
  readonly at: Path;
  readonly message: string;
}

/** `rings` null: the configuration is not known. What is wrong with the keys themselves, `keyProblems` says. */
export function maskProblems(
  source: LocatedDocument<PolicyDocument>,
  rings: ReadonlyMap<string, KeyRing> | null,
  catalogs: readonly (KnownCatalog | null)[],
): readonly Problem[] {
  return source.value.masks.flatMap((mask, n) =>
    [...problemsOfDetection(mask), ...problemsOfWith(mask, rings, catalogs)].map(({ at, message }) =>
      source.problemAt(['masks', n, ...at], message),
    ),
  );
}

function problemsOfDetection(mask: MaskDocument): readonly Found[] {
  const names = Object.keys(DETECTORS);
  const detectors = (mask.detect ?? []).flatMap((name, i) =>
    names.includes(name)
      ? []
      : [{ at: ['detect', i], message: `there is no detector "${name}"${meant(name, names)}` }],
  );
  const patterns = (mask.patterns ?? []).flatMap((pattern, i) => {
    const problem = patternProblem(pattern);
    return problem === null
      ? []
      : [
          {
            at: ['patterns', i],
            message: `cannot be used as an RE2 pattern: ${problem.replace(/^error parsing regexp: /, '')}`,
          },
        ];
  });
  return [...detectors, ...patterns];
}

/** What was likely meant, or else everything that could have been. */
function meant(written: string, known: readonly string[]): string {
  const near = nearest(written.toLowerCase(), known);
  return near === null ? `; expected one of ${known.join(', ')}` : `; did you mean "${near}"?`;
}

const WITH_OPTIONS: Readonly<Partial<Record<MaskerName, string>>> = {
  hash: '{ hash: { key: NAME } }',
  token: '{ token: { key: NAME } }',
  fpe: '{ fpe: { key: NAME } }',
  range: '{ range: { width: 10 } }',
  fixed: '{ fixed: "n/a" }',
};

function isMasker(name: string): name is MaskerName {
  return Object.hasOwn(MASKERS, name);
}

function problemsOfWith(
  mask: MaskDocument,
  rings: ReadonlyMap<string, KeyRing> | null,
  catalogs: readonly (KnownCatalog | null)[],
): readonly Found[] {
  const shape = problemsOfShape(mask.with);
  if (shape.length > 0) return shape;
  const named = namedMasker(withSchema.parse(mask.with));
  const ring = named.ring === null ? null : (rings?.get(named.ring) ?? null);
  if (named.ring !== null && ring === null) {
    return rings === null ? [] : [{ at: ['with', named.name, 'key'], message: noKey(named.ring, rings) }];
  }
  // Said already, at the key.
  if (ring !== null && keyRingProblem(ring) !== null) return [];
  const spec = { name: named.name, options: named.options, ring };
  return misfits(new Mask(mask), spec, catalogs).map((message) => ({ at: ['with'], message }));
}

function noKey(name: string, rings: ReadonlyMap<string, KeyRing>): string {
  const how = `masking: { keys: { ${name}: "\${file:${name}.key}" } } in sluice.yaml would be one`;
  const near = suggestion(name, [...rings.keys()]);
  return `there is no key "${name}" under masking.keys of sluice.yaml${near === '' ? `; ${how}` : near}`;
}

/** Whether it names a masker, with the options that this one takes. */
function problemsOfShape(written: MaskDocument['with']): readonly Found[] {
  const [name = '', options = null] =
    typeof written === 'string' ? [written, null] : (Object.entries(written)[0] ?? []);
  const at = ['with'];
  if (!isMasker(name)) {
    return [{ at, message: `there is no masker "${name}"${meant(name, Object.keys(MASKERS))}` }];
  }
  const schema = MASKERS[name].options?.(z) ?? null;
  if (schema === null) {
    const alone = name === 'null' ? '"null"' : name;
    return typeof written === 'string'
      ? []
      : [{ at, message: `${name} takes no options; write with: ${alone}` }];
  }
  if (typeof written === 'string') {
    return [{ at, message: `${name} takes options; write with: ${WITH_OPTIONS[name] ?? `{ ${name}: … }`}` }];
  }
  const parsed = schema.safeParse(options, { reportInput: true });
  if (parsed.success) return [];
  const findings = parsed.error.issues.flatMap((issue) => findingsOf(issue, schema));
  // A mistyped key is missing under its right name as well, which need not be said twice.
  const unknown = findings.filter(({ unknownKey }) => unknownKey !== null);
  return (unknown.length > 0 ? unknown : findings).map(({ path, unknownKey, message }) => ({
    at: [...at, name, ...path, ...(unknownKey === null ? [] : [unknownKey])],
    message,
  }));
}

/** Columns that the masker could only ever make NULL, which nobody means who names another masker. */
function misfits(
  mask: Mask,
  spec: MaskerSpec,
  catalogs: readonly (KnownCatalog | null)[],
): readonly string[] {
  const found: string[] = [];
  for (const catalog of catalogs) {
    if (catalog === null || !mask.isOfColumns) continue;
    const masker = makeMasker(spec, CODECS[catalog.dialect]);
    for (const { schema, name: table, columns } of catalog.relations) {
      for (const { name: column, typeName, type } of columns) {
        if (type === null || !mask.covers(schema, table, column)) continue;
        const problem = maskerProblem(masker, type);
        if (problem === null) continue;
        const others = BARE[catalog.dialect]
          .filter(([, other]) => maskerProblem(other, type) === null)
          .map(([bare]) => bare);
        found.push(
          `${spec.name} cannot mask ${schema}.${table}.${column} (${typeName}): ${problem}; what can: ${others.join(', ')}`,
        );
      }
    }
  }
  return found;
}

/** The maskers that need neither options nor keys. */
const BARE: Readonly<Record<CellDialect, readonly (readonly [string, Masker])[]>> = {
  postgres: bareMaskers('postgres'),
  mysql: bareMaskers('mysql'),
};

function bareMaskers(dialect: CellDialect): readonly (readonly [string, Masker])[] {
  return Object.keys(MASKERS)
    .filter(isMasker)
    .filter((name) => MASKERS[name].options === null)
    .map((name) => [
      name === 'null' ? '"null"' : name,
      makeMasker({ name, options: undefined, ring: null }, CODECS[dialect]),
    ]);
}
