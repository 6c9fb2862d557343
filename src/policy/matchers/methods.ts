import { z } from 'zod';
import type { RequestMatcher } from '../matcher.ts';

export const methods: RequestMatcher<readonly string[]> = {
  key: 'methods',
  about: 'http',
  schema: z
    .array(
      z
        .string()
        .regex(/^[A-Za-z]+(?:-[A-Za-z]+)*$/, { error: 'expected a method of HTTP such as GET' })
        .transform((written) => written.toUpperCase()),
    )
    .min(1),
  description: 'Methods of HTTP requests.',
  example: '[POST, PUT, PATCH, DELETE]',
  compile(written) {
    const wanted = new Set(written);
    return (facts) => facts.about === 'http' && wanted.has(facts.method);
  },
};
