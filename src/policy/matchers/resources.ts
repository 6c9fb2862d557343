import { z } from 'zod';
import { compileGlob } from '../globs.ts';
import type { RequestMatcher } from '../matcher.ts';
import { destinationOf, spellingsOf } from '../resource-spellings.ts';

export const resources: RequestMatcher<readonly string[]> = {
  key: 'resources',
  about: 'mcp',
  schema: z.array(z.string().min(1)).min(1),
  description: 'URIs of MCP resources; `*` stands for any characters.',
  example: '["file:///etc/*"]',
  compile(written) {
    const lenient = written.map((pattern) => compileGlob(pattern.normalize('NFC'), true));
    const strict = written.map((pattern) => ({ pattern, test: compileGlob(pattern, false) }));
    return (facts, quantifier) => {
      if (facts.about !== 'mcp' || facts.resource === null) return false;
      const { resource } = facts;
      if (quantifier === 'some')
        return spellingsOf(resource).some((uri) => lenient.some((test) => test(uri)));
      return strict.some(({ pattern, test }) => test(resource) && test(destinationOf(resource, pattern)));
    };
  },
};
