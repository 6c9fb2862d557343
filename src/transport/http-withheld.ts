/** Answers that are kept back, and what is told in their place: the request was carried out all the same. */
import type { BodyKind, Problem } from '../../protocols/http/index.ts';
import type { ResponseMasker } from '../engine/response-masker.ts';
import type { BodyError } from './http-bodies.ts';
import { problem } from './http-problems.ts';

const CARRIED_OUT = 'The request was carried out by the server; only its answer is not shown.';

/** What is sent instead of the answer. */
export class Withheld extends Error {
  override readonly name = 'Withheld';
  readonly problem: Problem;
  readonly cutBy: string | null;

  constructor(told: Problem, cutBy: string | null = null) {
    super(told.code);
    this.problem = told;
    this.cutBy = cutBy;
  }
}

export function unknownCoding(): Withheld {
  const detail = 'the answer is packed in a way that Sluice cannot take off';
  return new Withheld(problem(502, 'unknown-coding', detail, CARRIED_OUT));
}

export function partOfAnswer(code: 'cannot-mask' | 'cannot-count'): Withheld {
  const what = code === 'cannot-mask' ? 'masked' : 'counted';
  return new Withheld(problem(502, code, `a part of an answer cannot be ${what}`, CARRIED_OUT));
}

export function cannotMask(kind: BodyKind, masker: ResponseMasker | null): Withheld {
  const why =
    kind === 'other'
      ? 'it is of a type in which nothing can be looked for'
      : kind === 'json' || kind === 'ndjson'
        ? 'it is no JSON that can be read in one way'
        : masker?.needsJson === true
          ? 'values are masked by their place in JSON, and it is none'
          : 'it cannot be read';
  return new Withheld(problem(502, 'cannot-mask', `the answer cannot be masked: ${why}`, CARRIED_OUT));
}

/** `rule`: the one that wants rows counted. */
export function cannotCount(rule: string | null): Withheld {
  const whose = rule === null ? '' : `, as rule "${rule}" wants`;
  const detail = `the rows of the answer cannot be counted${whose}: they are in JSON, NDJSON, CSV and event streams`;
  return new Withheld(problem(502, 'cannot-count', detail, CARRIED_OUT), rule);
}

export function unreadBody({ fault }: BodyError, bytesMax: number): Withheld {
  switch (fault) {
    case 'too-large':
      return new Withheld(
        problem(
          502,
          'answer-too-large',
          `the answer has to be read whole, since a rule looks into it, and is longer than ${bytesMax} bytes`,
          CARRIED_OUT,
        ),
      );
    case 'no-memory':
      return new Withheld(
        problem(503, 'held-memory', 'Sluice holds as much as it may at the moment; try again', CARRIED_OUT),
      );
    case 'broken':
      return new Withheld(problem(502, 'unknown-coding', 'the answer is not packed as it says', CARRIED_OUT));
  }
}
