/** How somebody tells that a thing is not wanted any more: AbortSignals do, and so does what costs less than they do. */

/** As much of an AbortSignal as transport listens to. */
export interface CancelSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', run: () => void, options?: { readonly once: true }): void;
  removeEventListener(type: 'abort', run: () => void): void;
}

/**
 * Both sides in one. Each request has two of these, and an AbortController with its EventTarget takes several microseconds
 * to make and to be collected, where almost nobody ever aborts. Listeners are called once, in their order, and do not throw.
 */
export class Cancellation implements CancelSignal {
  #aborted = false;
  #listeners: (() => void)[] | null = null;

  get aborted(): boolean {
    return this.#aborted;
  }

  addEventListener(_type: 'abort', run: () => void): void {
    if (this.#aborted) return;
    if (this.#listeners === null) this.#listeners = [run];
    else this.#listeners.push(run);
  }

  removeEventListener(_type: 'abort', run: () => void): void {
    const listeners = this.#listeners;
    const at = listeners === null ? -1 : listeners.indexOf(run);
    if (at >= 0) listeners?.splice(at, 1);
  }

  abort(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    const listeners = this.#listeners;
    this.#listeners = null;
    for (const run of listeners ?? []) run();
  }
}

/** Never aborted. */
export const NEVER: CancelSignal = new Cancellation();

/** For those who need Node's own. It is held by `signal` for as long as that lives. */
export function abortSignalOf(signal: CancelSignal): AbortSignal {
  if (signal instanceof AbortSignal) return signal;
  const controller = new AbortController();
  if (signal.aborted) controller.abort();
  else signal.addEventListener('abort', () => controller.abort(), { once: true });
  return controller.signal;
}
