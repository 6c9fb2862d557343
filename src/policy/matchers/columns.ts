import { z } from 'zod';
import type { StatementMatcher } from '../matcher.ts';
import { compilePattern, matchesColumn } from '../pattern.ts';

export const columnPattern = z.string().refine((written) => compilePattern(written, 3) !== null, {
  message: 'expected a column as schema.table.column, where * stands for anything',
});

export const columns: StatementMatcher<readonly string[]> = {
  key: 'columns',
  about: 'statement',
  schema: z.array(columnPattern).min(1),
  description: 'Columns in any place of the statement: output, filter, join, group, order, assignment.',
  example: '["shop.customers.ssn"]',
  compile(written) {
    const patterns = written.flatMap((pattern) => compilePattern(pattern, 3) ?? []);
    return ({ facts }, quantifier) => {
      const isMeant = (use: (typeof facts.columns)[number]) =>
        patterns.some((pattern) => matchesColumn(pattern, use, quantifier));
      return quantifier === 'some' ? facts.columns.some(isMeant) : facts.columns.every(isMeant);
    };
  },
};
