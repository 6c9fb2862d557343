import { type Masker, plainDefinition } from '../masker.ts';
import { countCharacters, writeStarred } from './characters.ts';
import { digitProblem, maskDigits } from './digits.ts';

const masker: Masker = {
  monotone: false,
  opaque: false,
  text(source, start, end, out) {
    const count = countCharacters(source, start, end);
    writeStarred(source, start, end, 0, count > 1 ? 1 : 0, out);
    return true;
  },
  value: (value) =>
    maskDigits(value, (digits) =>
      digits.length === 1 ? '0' : `${digits.charAt(0)}${'0'.repeat(digits.length - 1)}`,
    ),
  problem: digitProblem,
};

/** `J*** *****`: the form is kept and the first character is shown, unless it is the only one. */
export const first1 = plainDefinition(
  'first1',
  'the first character; the rest is *, or 0 in numbers and uuids',
  masker,
);
