/** What the policy file writes under `with:`, and what comes of it. */
import { z } from 'zod';
import { MASKERS, type MaskerName } from './maskers/index.ts';

const NAMES = Object.keys(MASKERS);
const BARE = Object.entries(MASKERS).flatMap(([name, { options }]) => (options === null ? [name] : []));

function isName(name: string): name is MaskerName {
  return Object.hasOwn(MASKERS, name);
}

/** `with: last4`, or `with: { range: { width: 10 } }`: one member, whose name is the masker's. */
export const withSchema: z.ZodType<WithDocument> = z.union(
  [
    z.enum(BARE),
    ...Object.entries(MASKERS).flatMap(([name, { options }]) =>
      options === null ? [] : [z.strictObject({ [name]: options(z) })],
    ),
  ],
  { error: () => `expected one of ${NAMES.join(', ')}; with options as { range: { width: 10 } }` },
);
export type WithDocument = string | Readonly<Record<string, unknown>>;

/** A masker as the policy names it, before its key is looked up. */
export interface NamedMasker {
  readonly name: MaskerName;
  readonly options: unknown;
  /** The key ring that it needs; null: none. */
  readonly ring: string | null;
}

/** What a document that `withSchema` has passed names. */
export function namedMasker(written: WithDocument): NamedMasker {
  const [name, options] =
    typeof written === 'string' ? [written, null] : (Object.entries(written)[0] ?? ['', null]);
  if (!isName(name)) throw new Error(`there is no masker "${name}"`);
  const ring =
    MASKERS[name].keyed && typeof options === 'object' && options !== null && 'key' in options
      ? String(options.key)
      : null;
  return { name, options, ring };
}
