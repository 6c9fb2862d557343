import type { RequestMatcher } from '../matcher.ts';
import { compileValueTests, type ValueTestsDocument, valueTestsSchema } from '../value-tests.ts';

export const body: RequestMatcher<ValueTestsDocument> = {
  key: 'body',
  about: 'http',
  schema: valueTestsSchema,
  description:
    'Values in the JSON body of HTTP requests, by JSON pointer; a body that is not JSON counts as meant where it is to be denied.',
  example: '{ /amount: { over: 1000 }, /currency: [EUR] }',
  compile(written) {
    const test = compileValueTests(written);
    return (facts, quantifier) => facts.about === 'http' && test(facts.body, quantifier);
  },
};
