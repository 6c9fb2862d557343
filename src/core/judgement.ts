import type { Denial, JudgedStatement } from './decision.ts';

/** What the gate says of one text: every statement of it passes, or none does. */
export type Judgement =
  | { readonly outcome: 'clear'; readonly statements: readonly JudgedStatement[] }
  | { readonly outcome: 'denied'; readonly denial: Denial; readonly statements: readonly JudgedStatement[] };
