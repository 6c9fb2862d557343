/** Waits for approvals on behalf of somebody whose request has been answered for the time being. */
import { type Approvals, settledDenial } from '../approvals/index.ts';
import type { Denial } from '../core/decision.ts';

/** `open`: whoever waited does so no longer. */
export type Awaited =
  | { readonly awaited: 'approved' | 'open' }
  | { readonly awaited: 'refused'; readonly denial: Denial };

const REFUSED: ReadonlySet<string> = new Set(['denied', 'expired', 'cancelled']);

/** Never rejects: while the store cannot be asked, nothing is settled. */
export async function awaitApprovals(
  approvals: Approvals,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<Awaited> {
  let wake = () => {};
  const changed = () => wake();
  const unwatch = ids.map((id) => approvals.wait(id, changed));
  signal.addEventListener('abort', changed, { once: true });
  try {
    for (;;) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      if (signal.aborted) return { awaited: 'open' };
      const settled = await look(approvals, ids).catch(() => null);
      if (settled !== null) return settled;
      await woken;
    }
  } finally {
    signal.removeEventListener('abort', changed);
    for (const stop of unwatch) stop();
  }
}

async function look(approvals: Approvals, ids: readonly string[]): Promise<Awaited | null> {
  const found = await Promise.all(ids.map((id) => approvals.state(id)));
  const no = found.find((one) => one !== null && REFUSED.has(one.state));
  if (no != null) return { awaited: 'refused', denial: settledDenial(no) };
  return found.every((one) => one !== null && one.state !== 'pending') ? { awaited: 'approved' } : null;
}

/** Nobody waits for these any more. Those of other principals stay as they are. */
export async function withdrawApprovals(
  approvals: Approvals,
  ids: readonly string[],
  principal: string,
): Promise<void> {
  for (const id of ids) {
    const one = await approvals.state(id);
    if (one?.principal === principal) await approvals.cancel(id);
  }
}
