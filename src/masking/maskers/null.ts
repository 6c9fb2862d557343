import { definition, type Masker } from '../masker.ts';

/** NULL, whatever the value. */
export const nulled = definition<null>({
  name: 'null',
  summary: 'NULL',
  options: null,
  keyed: false,
  bind: () => masker,
});

const masker: Masker = {
  monotone: true,
  opaque: true,
  text: () => false,
  value: () => null,
  problem: () => null,
  constant: () => null,
};
