import { z } from 'zod';
import { compileGlob } from '../globs.ts';
import type { RequestMatcher } from '../matcher.ts';

export const tools: RequestMatcher<readonly string[]> = {
  key: 'tools',
  about: 'mcp',
  schema: z.array(z.string().min(1)).min(1),
  description: 'Tools of MCP that are called or listed; `*` stands for any characters.',
  example: '[query, "delete_*"]',
  compile(written) {
    const lenient = written.map((pattern) => compileGlob(pattern, true));
    const strict = written.map((pattern) => compileGlob(pattern, false));
    return (facts, quantifier) => {
      if (facts.about !== 'mcp' || facts.tool === null) return false;
      const { tool } = facts;
      return (quantifier === 'some' ? lenient : strict).some((test) => test(tool));
    };
  },
};
