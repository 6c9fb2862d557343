import { z } from 'zod';
import type { ContextMatcher } from '../matcher.ts';

export const users: ContextMatcher<readonly string[]> = {
  key: 'users',
  about: 'context',
  timed: false,
  schema: z.array(z.string().min(1)).min(1),
  description: 'Names of principals.',
  example: '[reporting-bot]',
  compile(names) {
    const wanted = new Set(names);
    return (context) => wanted.has(context.principal.name);
  },
};
