import { z } from 'zod';
import type { StatementMatcher } from '../matcher.ts';

export type Unbounded = true | { readonly over: number };

export const unbounded: StatementMatcher<Unbounded> = {
  key: 'unbounded',
  about: 'statement',
  schema: z.union([z.literal(true), z.strictObject({ over: z.int().positive() })], {
    error: 'expected true, or { over: N } to catch bounds above N rows as well',
  }),
  description:
    'Returns rows without a LIMIT or FETCH of its own, and is no single-row look-up. `{ over: 1000 }`: or with a larger one.',
  example: 'true',
  compile(value) {
    const over = value === true ? Number.POSITIVE_INFINITY : value.over;
    return ({ facts, rowsMax }) => {
      if (facts.bound.kind === 'none' || facts.bound.kind === 'system') return false;
      return rowsMax === null || rowsMax > over;
    };
  },
};
