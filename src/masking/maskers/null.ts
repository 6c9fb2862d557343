import { type Masker, plainDefinition } from '../masker.ts';

const masker: Masker = {
  monotone: true,
  opaque: true,
  text: () => false,
  value: () => null,
  problem: () => null,
  constant: () => null,
};

/** NULL, whatever the value. */
export const nulled = plainDefinition('null', 'NULL', masker);
