import type { ResponseMasks } from '../core/requests.ts';
import { MessageMasker } from './message-masker.ts';
import type { ResultMasks } from './result-masks.ts';

/** What masks come to for messages, made once for each set of them. */
export class MessageMaskers {
  readonly #masks: ResultMasks;
  readonly #made = new WeakMap<ResponseMasks, MessageMasker>();

  constructor(masks: ResultMasks) {
    this.#masks = masks;
  }

  /** Null: nothing is masked. */
  for(masks: ResponseMasks | null): MessageMasker | null {
    if (masks === null) return null;
    const known = this.#made.get(masks);
    if (known !== undefined) return known;
    const made = new MessageMasker(this.#masks, masks);
    this.#made.set(masks, made);
    return made;
  }
}
