/**
 * What approvers see of a body or of arguments where the policy has masks. It may hold values of what is masked: where a
 * name of that is mentioned anywhere in it, nothing of it is shown; elsewhere what detectors find is masked.
 */
import { spellingsOf } from '../alerts/index.ts';
import type { ResponseMasks } from '../core/requests.ts';
import { compileJsonPath } from '../json/index.ts';
import type { Policy } from '../policy/policy.ts';
import type { ResultMasks } from './result-masks.ts';

interface Cover {
  /** In small letters; null: what is masked has no name, so that it may be anything. */
  readonly names: readonly string[] | null;
  readonly detected: ResponseMasks;
}

const coversOf = new WeakMap<Policy, Cover>();

/** The very bytes where nothing is masked; null: nothing of them may be shown. */
export function shownBody(body: Buffer, policy: Policy, masks: ResultMasks): Buffer | null {
  if (policy.masks.length === 0) return body;
  const { names, detected } = coverOf(policy);
  if (names === null) return null;
  for (const spelling of spellingsOf(body)) {
    const text = spelling.toString('utf8').toLowerCase();
    if (names.some((name) => text.includes(name))) return null;
  }
  return detected.detected.length === 0 ? body : masks.forResponse(detected).masker.text(body);
}

function coverOf(policy: Policy): Cover {
  const known = coversOf.get(policy);
  if (known !== undefined) return known;
  const columns = policy.document.masks.flatMap(({ columns: written }) => written ?? []);
  const paths = policy.masks.flatMap(({ paths: written }) => written);
  const names = [...columns.map(nameOfColumn), ...paths.map((path) => compileJsonPath(path)?.lastName ?? '')];
  const detected = policy.masks
    .filter(({ detectors, patterns }) => detectors.length + patterns.length > 0)
    .map((mask) => ({ ...mask.toColumn(true), detectors: mask.detectors, patterns: mask.patterns }));
  const cover = {
    names: names.every((name) => name !== '') ? names : null,
    detected: { paths: [], detected },
  };
  coversOf.set(policy, cover);
  return cover;
}

/** Empty where it stands for many. */
function nameOfColumn(written: string): string {
  const last = /(?:^|\.)(?:"([^"]+)"|([^".]+))$/.exec(written);
  const name = (last?.[1] ?? last?.[2] ?? '').toLowerCase();
  return name.includes('*') ? '' : name;
}
