import { z } from 'zod';
import { EFFECTS, type Effect, effectSet } from '../../core/effects.ts';
import type { StatementMatcher } from '../matcher.ts';

export const effects: StatementMatcher<readonly Effect[]> = {
  key: 'effects',
  about: 'statement',
  schema: z.array(z.enum(EFFECTS)).min(1),
  description: 'What the statement does, over all its parts. Beside `tables`: what it does to those tables.',
  example: '[destroy, admin]',
  compile(wanted) {
    const set = effectSet(...wanted);
    return ({ facts }) => (facts.effects & set) !== 0;
  },
};
