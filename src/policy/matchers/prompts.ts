import { z } from 'zod';
import { compileGlob } from '../globs.ts';
import type { RequestMatcher } from '../matcher.ts';

export const prompts: RequestMatcher<readonly string[]> = {
  key: 'prompts',
  about: 'mcp',
  schema: z.array(z.string().min(1)).min(1),
  description: 'Prompts of MCP; `*` stands for any characters.',
  example: '["admin-*"]',
  compile(written) {
    const lenient = written.map((pattern) => compileGlob(pattern, true));
    const strict = written.map((pattern) => compileGlob(pattern, false));
    return (facts, quantifier) => {
      if (facts.about !== 'mcp' || facts.prompt === null) return false;
      const { prompt } = facts;
      return (quantifier === 'some' ? lenient : strict).some((test) => test(prompt));
    };
  },
};
