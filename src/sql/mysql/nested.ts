/** An analysis of its own within another: of a statement that may run later, or of text within the text. */
import type { Analysis } from './analysis.ts';

/** Takes over what a nested statement of the same text does. */
export function adopt(a: Analysis, inner: Analysis): void {
  adoptText(a, inner);
  a.textParameters.push(...inner.textParameters);
  for (const offset of inner.seenLiterals) a.seeLiteral(offset);
  for (const offset of inner.lookedAt) a.lookAt(offset);
}

/** Takes over what a statement in a text of its own does, whose places are not places of this text. */
export function adoptText(a: Analysis, inner: Analysis): void {
  a.effects |= inner.effects;
  a.kinds.push(...inner.kinds);
  a.uses.adopt(inner.uses);
  for (const setting of inner.settings) a.settings.add(setting);
  a.unfiltered ||= inner.unfiltered;
  a.unresolved ||= inner.unresolved;
  a.changesReading ||= inner.changesReading;
  a.movesLexing ||= inner.movesLexing;
  a.returnsSets ||= inner.returnsSets;
  a.makesTemporary.push(...inner.makesTemporary);
}
