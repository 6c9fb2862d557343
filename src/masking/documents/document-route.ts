/**
 * Where a document is masked: in place while that takes less time than anybody notices, in a thread once it does. Costs
 * are measured by `node bench/micro/mcp-masking.ts` and `masking.ts`, and rounded up.
 */
import type { MaskerName } from '../maskers/index.ts';
import { CELL_NS } from '../route.ts';
import type { DocumentPlan } from './document-plan.ts';

/** What a document may take of the event loop. */
const INLINE_NS_MAX = 4_000_000;
/** JSON with all detectors, read and written. */
const BYTE_NS = 16;
const PATTERN_BYTE_NS = 8;
/** So many bytes have a value that is masked. */
const VALUE_BYTES = 256;

/** Bytes of a document that is masked in place. */
export function inlineBytesMax({ paths, rules }: DocumentPlan): number {
  const maskers: readonly MaskerName[] = [...paths, ...rules].map(({ masker }) => masker.name);
  const valueNs = Math.max(0, ...maskers.map((name) => CELL_NS[name]));
  const patterns = rules.reduce((sum, rule) => sum + rule.patterns.length, 0);
  return Math.floor(INLINE_NS_MAX / (BYTE_NS + patterns * PATTERN_BYTE_NS + valueNs / VALUE_BYTES));
}
