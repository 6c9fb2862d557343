import { z } from 'zod';
import type { ContextMatcher } from '../matcher.ts';

export const groups: ContextMatcher<readonly string[]> = {
  key: 'groups',
  about: 'context',
  timed: false,
  schema: z.array(z.string().min(1)).min(1),
  description: 'Groups that the principal is in; one of them is enough.',
  example: '[agents]',
  compile(names) {
    const wanted = new Set(names);
    return (context) => context.principal.groups.some((group) => wanted.has(group));
  },
};
