/**
 * Masks one batch of cells away from the event loop: a pure function of plan and batch. The batch's memory was moved
 * here and the result's is moved back. Whoever asked sets the time limit and ends this thread when it is over.
 */
import { move } from 'piscina';
import { ByteSink } from '../src/bytes/index.ts';
import { maskBatch } from '../src/masking/batch.ts';
import type { MaskTask } from '../src/masking/mask-pool.ts';
import { type CompiledPlan, compilePlan } from '../src/masking/plan.ts';

/** Plans of results that run at the same time; what falls out is compiled again. */
const PLANS_MAX = 256;
/** Where cells are masked, batch after batch. */
const OUT_BYTES = 256 * 1024;
const OUT_BYTES_MAX = 4 * OUT_BYTES;
let out = new ByteSink(OUT_BYTES);

const plans = new Map<number, CompiledPlan>();

export function maskCells({ plan, batch, begun }: MaskTask): unknown {
  Atomics.store(begun, 0, 1);
  let compiled = plans.get(plan.id);
  if (compiled === undefined) {
    compiled = compilePlan(plan);
    if (plans.size >= PLANS_MAX) plans.delete(plans.keys().next().value ?? 0);
    plans.set(plan.id, compiled);
  }
  const masked = maskBatch(compiled, batch, out);
  if (out.bytes.length > OUT_BYTES_MAX) out = new ByteSink(OUT_BYTES);
  return move(masked);
}
