import { z } from 'zod';
import { compileGlob } from '../globs.ts';
import type { RequestMatcher } from '../matcher.ts';

/** They are Sluice's to check or to write, and are not forwarded. */
const NEVER_SEEN =
  /^(?:authorization|cookie|connection|host|content-length|transfer-encoding|x-api-key|forwarded|x-forwarded-.*)$/i;

export const headers: RequestMatcher<Readonly<Record<string, readonly string[]>>> = {
  key: 'headers',
  about: 'http',
  schema: z
    .record(
      z
        .string()
        .regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, { error: 'expected the name of a header field' })
        .refine((name) => !NEVER_SEEN.test(name), {
          message: 'this header field is not forwarded, so no rule sees it',
        }),
      z.array(z.string()).min(1),
    )
    .refine((fields) => Object.keys(fields).length > 0, { message: 'expected at least one header field' }),
  description: 'Header fields of HTTP requests, each with the values meant; `*` stands for any characters.',
  example: '{ x-tenant: [acme, "test-*"] }',
  compile(written) {
    const fields = Object.entries(written).map(([name, values]) => ({
      name: name.toLowerCase(),
      some: values.map((value) => compileGlob(value, true)),
      every: values.map((value) => compileGlob(value, false)),
    }));
    return (facts, quantifier) =>
      facts.about === 'http' &&
      fields.every(({ name, ...tests }) => {
        const value = facts.headers.get(name);
        return value !== undefined && tests[quantifier].some((test) => test(value));
      });
  },
};
