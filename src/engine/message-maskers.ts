import type { ResponseMasks } from '../core/requests.ts';
import { type JsonDocument, JsonEdits, jsonString } from '../json/index.ts';
import { MessageMasker } from './message-masker.ts';
import type { ResultMasks } from './result-masks.ts';
import { TokenSeals } from './token-seals.ts';

/** Members of a request by which a server gets back what it has given. */
const GIVEN_BACK = ['cursor', 'requestState'] as const;
const NONE = -1;

/** What masks come to for messages, made once for each set of them. */
export class MessageMaskers {
  readonly #masks: ResultMasks;
  readonly #seals: TokenSeals | null;
  readonly #made = new WeakMap<ResponseMasks, MessageMasker>();

  /** `seals` null: what has a token that would have to be sealed is withheld. */
  constructor(masks: ResultMasks, seals: TokenSeals | null) {
    this.#masks = masks;
    this.#seals = seals;
  }

  /** Null: nothing is masked. */
  for(masks: ResponseMasks | null): MessageMasker | null {
    if (masks === null) return null;
    const known = this.#made.get(masks);
    if (known !== undefined) return known;
    const made = new MessageMasker(this.#masks, masks, this.#seals);
    this.#made.set(masks, made);
    return made;
  }

  /** The bytes of a client's message with the server's own tokens in place of sealed ones; the very bytes without any. */
  opened(document: JsonDocument): Buffer {
    const seals = this.#seals;
    if (seals === null || !TokenSeals.mayBeIn(document.source)) return document.source;
    const edits = new JsonEdits(document);
    for (const message of document.isArray(0) ? document.children(0) : [0]) {
      const params = document.member(message, 'params');
      for (const name of GIVEN_BACK) {
        const node = params === NONE ? NONE : document.member(params, name);
        const token = seals.open(document.text(node) ?? '');
        if (token !== null) edits.replace(node, jsonString(token));
      }
    }
    return edits.isEmpty ? document.source : edits.apply();
  }
}
