import { z } from 'zod';
import type { StatementMatcher } from '../matcher.ts';
import { isKnownVerb, suggestVerb } from '../verbs.ts';

const verb = z.string().superRefine((word, context) => {
  if (!isKnownVerb(word)) {
    const near = suggestVerb(word);
    context.addIssue({
      code: 'custom',
      message: `"${word}" is no statement that Sluice knows${near === null ? '' : `; did you mean "${near}"?`}`,
    });
  }
});

export const statements: StatementMatcher<readonly string[]> = {
  key: 'statements',
  about: 'statement',
  schema: z.array(verb).min(1),
  description: 'Verbs in the server’s words; `drop` stands for every DROP. Nested statements that run count.',
  example: '[drop, truncate, "alter table"]',
  compile(words) {
    const verbs = words.map((word) => word.trim().replaceAll(/\s+/g, ' ').toUpperCase());
    const isMeant = (kind: string) =>
      verbs.some((wanted) => kind === wanted || kind.startsWith(`${wanted} `));
    return ({ facts }, quantifier) =>
      quantifier === 'some' ? facts.kinds.some(isMeant) : facts.kinds.every(isMeant);
  },
};
