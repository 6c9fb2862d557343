import type { Denial, JudgedStatement } from './decision.ts';

/** What the gate says of one text: every statement of it passes, or none does. */
export type Judgement = Clearance | Refusal;

export interface Clearance {
  readonly outcome: 'clear';
  readonly statements: readonly JudgedStatement[];
  /** What the journal says of it, as JSON members without the braces; the same for every run of the text. */
  readonly journalMembers: string;
  /** Its parameters may be values of a masked column, for whomever: the journal does not keep them. */
  readonly hidesParameters: boolean;
}

export interface Refusal {
  readonly outcome: 'denied';
  readonly denial: Denial;
  readonly journalMembers: string;
}
