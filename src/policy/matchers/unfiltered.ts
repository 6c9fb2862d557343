import { z } from 'zod';
import type { StatementMatcher } from '../matcher.ts';

export const unfiltered: StatementMatcher<true> = {
  key: 'unfiltered',
  about: 'statement',
  schema: z.literal(true, { error: 'expected true' }),
  description: 'UPDATE, DELETE or MERGE whose WHERE is missing or restricts nothing (`1 = 1`, `id = id`).',
  example: 'true',
  compile: () => (judged) => judged.facts.unfiltered,
};
