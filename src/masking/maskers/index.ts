/** Every masker that `with:` can name, in the order of the docs. A new one is a file and a line here. */
import { email } from './email.ts';
import { first1 } from './first1.ts';
import { fixed } from './fixed.ts';
import { fpe } from './fpe.ts';
import { hash } from './hash.ts';
import { last4 } from './last4.ts';
import { nulled } from './null.ts';
import { range } from './range.ts';
import { redact } from './redact.ts';
import { token } from './token.ts';
import { year } from './year.ts';

export const MASKERS = {
  redact,
  last4,
  first1,
  email,
  hash,
  null: nulled,
  fixed,
  year,
  range,
  fpe,
  token,
} as const;

export type MaskerName = keyof typeof MASKERS;
