import { z } from 'zod';
import type { StatementMatcher } from '../matcher.ts';

export const settings: StatementMatcher<readonly string[]> = {
  key: 'settings',
  about: 'statement',
  schema: z.array(z.string().min(1)).min(1),
  description: 'Settings that the statement changes, by SET, RESET or set_config.',
  example: '[role, statement_timeout]',
  compile(written) {
    const names = new Set(written.map((name) => name.toLowerCase()));
    return ({ facts }, quantifier) =>
      quantifier === 'some'
        ? facts.settings.some((name) => names.has(name))
        : facts.settings.every((name) => names.has(name));
  },
};
