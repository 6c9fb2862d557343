import { z } from 'zod';
import type { StatementMatcher } from '../matcher.ts';
import { compilePattern, matchesFunction } from '../pattern.ts';

const functionPattern = z.string().refine((written) => compilePattern(written, 2) !== null, {
  message: 'expected a function as name or schema.name, where * stands for anything',
});

export const functions: StatementMatcher<readonly string[]> = {
  key: 'functions',
  about: 'statement',
  schema: z.array(functionPattern).min(1),
  description: 'Functions that the statement calls, also behind operators, casts and views.',
  example: '[pg_sleep, "billing.*"]',
  compile(written) {
    const patterns = written.flatMap((pattern) => compilePattern(pattern, 2) ?? []);
    return ({ facts }, quantifier) => {
      const isMeant = (use: (typeof facts.functions)[number]) =>
        patterns.some((pattern) => matchesFunction(pattern, use, quantifier));
      return quantifier === 'some' ? facts.functions.some(isMeant) : facts.functions.every(isMeant);
    };
  },
};
