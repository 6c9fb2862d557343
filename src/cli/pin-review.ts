/** Reviews of pinned definitions, for the command line and the admin API alike. */
import { hashOf } from '../engine/pins.ts';
import type { Pin, StateStore } from '../state/store.ts';
import { type ComparedLine, lineDifference, shownDefinition } from './definition-text.ts';

export type Reviewed =
  | { readonly outcome: 'accepted'; readonly pin: Pin }
  /** What waits (null: nothing) is not what was looked at. */
  | { readonly outcome: 'other'; readonly pending: string | null };

/** From what stands to what waits; empty where nothing does. */
export function differenceOf({ accepted, pending }: Pin): readonly ComparedLine[] {
  if (pending === null) return [];
  return lineDifference(accepted === null ? '' : shownDefinition(accepted), shownDefinition(pending));
}

/** `hash`: of what was looked at, or how it begins. */
export async function acceptLooked(
  { pins }: Pick<StateStore, 'pins'>,
  pin: Pin,
  hash: string,
  by: string,
): Promise<Reviewed> {
  const { pending } = pin;
  if (pending === null || !hashOf(pending).startsWith(hash)) return { outcome: 'other', pending };
  const accepted = await pins.accept(pin, pending, by);
  return accepted === null ? { outcome: 'other', pending } : { outcome: 'accepted', pin: accepted };
}
