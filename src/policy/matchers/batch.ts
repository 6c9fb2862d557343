import { z } from 'zod';
import type { StatementMatcher } from '../matcher.ts';

export const batch: StatementMatcher<true> = {
  key: 'batch',
  about: 'statement',
  schema: z.literal(true, { error: 'expected true' }),
  description: 'One of several statements sent in one text.',
  example: 'true',
  compile: () => (judged) => judged.batchSize > 1,
};
