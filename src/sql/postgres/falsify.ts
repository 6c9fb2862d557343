/**
 * Whether a condition can keep a row out, found by trying it on rows that are made up: `id = id + 0`, `x || '' = x`,
 * `length(x) >= 0` and a CASE that is always true hold for all of them, and a filter does not. What only the server can
 * compute compares either way; but of two values made of the same columns, it counts as equal.
 */
import { isArray, isObject, type Json } from '../../core/json.ts';
import type { Analysis } from './analysis.ts';
import { type AstNode, constantOf, locationOf } from './ast.ts';
import type { Target } from './restricts.ts';
import { SAMPLES, SampleValues } from './sample-row.ts';
import { Trial } from './trial.ts';
import { truthOf } from './trial-value.ts';

/** Whether some row is kept out. The constants of the condition count as looked at. */
export function canBeFalse(a: Analysis, condition: AstNode, target: Target): boolean {
  const values = new SampleValues();
  collect(a, condition.body, values);
  for (let sample = 0; sample < SAMPLES && target.trials.left > 0; sample++) {
    const truth = truthOf(new Trial(target, values, sample, false).value(condition));
    if (truth === false || truth === null) return true;
    // That NULL is equal to nothing restricts nobody's rows in earnest; that they are asked for does.
    if (sample % 8 === 0 && truthOf(new Trial(target, values, sample, true).value(condition)) === false)
      return true;
  }
  return false;
}

function collect(a: Analysis, part: Json, values: SampleValues): void {
  if (isArray(part)) for (const item of part) collect(a, item, values);
  if (!isObject(part)) return;
  const body = part['A_Const'];
  if (isObject(body)) {
    a.lookAt(locationOf(body));
    const constant = constantOf(body);
    if (constant.kind === 'integer') values.add(constant.value);
    else if (constant.kind === 'string' || constant.kind === 'decimal') values.add(constant.text);
    return;
  }
  for (const inner of Object.values(part)) if (inner !== undefined) collect(a, inner, values);
}
