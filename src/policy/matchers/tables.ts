import { z } from 'zod';
import type { StatementMatcher } from '../matcher.ts';
import { compilePattern, matchesRelation } from '../pattern.ts';

export const tablePattern = z.string().refine((written) => compilePattern(written, 2) !== null, {
  message: 'expected a table as schema.name, where * stands for anything',
});

export const tables: StatementMatcher<readonly string[]> = {
  key: 'tables',
  about: 'statement',
  schema: z.array(tablePattern).min(1),
  description: 'Tables and views, also those reached through a view, an inheritance parent or a partition.',
  example: '["shop.orders", "billing.*"]',
  compile(written) {
    const patterns = written.flatMap((pattern) => compilePattern(pattern, 2) ?? []);
    return ({ facts }, quantifier) => {
      const isMeant = (use: (typeof facts.relations)[number]) =>
        patterns.some((pattern) => matchesRelation(pattern, use, quantifier));
      if (quantifier === 'some') return facts.relations.some(isMeant);
      return facts.relations.filter((use) => use.role === 'direct').every(isMeant);
    };
  },
};
