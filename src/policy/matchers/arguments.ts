import type { RequestMatcher } from '../matcher.ts';
import { compileValueTests, type ValueTestsDocument, valueTestsSchema } from '../value-tests.ts';

export const callArguments: RequestMatcher<ValueTestsDocument> = {
  key: 'arguments',
  about: 'mcp',
  schema: valueTestsSchema,
  description: 'Arguments of MCP calls, by JSON pointer.',
  example: '{ /path: ["/etc/*"], /limit: { over: 1000 } }',
  compile(written) {
    const test = compileValueTests(written);
    return (facts, quantifier) => facts.about === 'mcp' && test(facts.arguments, quantifier);
  },
};
