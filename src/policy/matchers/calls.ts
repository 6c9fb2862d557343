import { z } from 'zod';
import { compileGlob } from '../globs.ts';
import type { RequestMatcher } from '../matcher.ts';

export const calls: RequestMatcher<readonly string[]> = {
  key: 'calls',
  about: 'mcp',
  schema: z
    .array(
      z.string().regex(/^[A-Za-z*]+(?:\/[A-Za-z*]+)*$/, {
        error: 'expected a method of MCP such as tools/call, or "sampling/*"',
      }),
    )
    .min(1),
  description:
    'Methods of MCP, of what clients send and of what servers ask of them; `*` stands for any characters.',
  example: '["sampling/*", elicitation/create]',
  compile(written) {
    const lenient = written.map((pattern) => compileGlob(pattern, true));
    const strict = written.map((pattern) => compileGlob(pattern, false));
    return (facts, quantifier) =>
      facts.about === 'mcp' && (quantifier === 'some' ? lenient : strict).some((test) => test(facts.method));
  },
};
