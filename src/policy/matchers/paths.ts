import { z } from 'zod';
import { compilePathPattern } from '../globs.ts';
import type { RequestMatcher } from '../matcher.ts';

export const pathPattern = z
  .string()
  .regex(/^\/[^?#\\]*$/, { error: 'expected a path such as /orders/*, without query' })
  .refine((written) => written.split('/').every((part) => part === '**' || !part.includes('**')), {
    message: 'expected ** to be a segment of its own, as in /orders/**',
  });

export const paths: RequestMatcher<readonly string[]> = {
  key: 'paths',
  about: 'http',
  schema: z.array(pathPattern).min(1),
  description:
    'Paths of HTTP requests, decoded; `*` within a segment, `**` for any number of them. To deny, case and a slash at the end are left aside.',
  example: '["/admin/**", "/orders/*/refund"]',
  compile(written) {
    const lenient = written.map((pattern) => compilePathPattern(pattern, false));
    const strict = written.map((pattern) => compilePathPattern(pattern, true));
    return (facts, quantifier) =>
      facts.about === 'http' && (quantifier === 'some' ? lenient : strict).some((test) => test(facts.path));
  },
};
