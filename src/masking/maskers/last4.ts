import { type Masker, plainDefinition } from '../masker.ts';
import { countCharacters, writeStarred } from './characters.ts';
import { digitProblem, maskDigits } from './digits.ts';

const SHOWN_MAX = 4;
/** At least as many stay hidden: the end of a short value is most of it. */
const HIDDEN_MIN = 4;

function shownOf(count: number): number {
  return Math.max(0, Math.min(SHOWN_MAX, count - HIDDEN_MIN));
}

const masker: Masker = {
  monotone: false,
  opaque: false,
  text(source, start, end, out) {
    const count = countCharacters(source, start, end);
    writeStarred(source, start, end, count - shownOf(count), count, out);
    return true;
  },
  value: (value) =>
    maskDigits(value, (digits) => {
      const shown = shownOf(digits.length);
      return '0'.repeat(digits.length - shown) + digits.slice(digits.length - shown);
    }),
  problem: digitProblem,
};

/** `***-**-6789`: the form is kept and the end is shown, of values with more than four characters. */
export const last4 = plainDefinition(
  'last4',
  'the last 4 characters (fewer of short values); the rest is *, or 0 in numbers and uuids',
  masker,
);
