import { z } from 'zod';
import type { ContextMatcher } from '../matcher.ts';

export const listeners: ContextMatcher<readonly string[]> = {
  key: 'listeners',
  about: 'context',
  timed: false,
  schema: z.array(z.string().min(1)).min(1),
  description: 'Names of listeners in sluice.yaml.',
  example: '[shop]',
  compile(names) {
    const wanted = new Set(names);
    return (context) => wanted.has(context.listener);
  },
};
