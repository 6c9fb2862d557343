/** Looks through one answer, or one message, for canaries before anything of it is shown, in whatever way it is encoded. */
import { spellingsOf } from '../alerts/index.ts';
import type { AlertDuty } from '../core/alerts.ts';

/** Alerts that have been told of what is looked through. */
export type FoundCanaries = Set<AlertDuty>;

/** An encoded canary, several times as long as the value, may begin in bytes that have been looked at. */
const TAIL_BYTES = 2048;

export class CanaryLook {
  readonly #find: (spellings: Iterable<Buffer>, found: FoundCanaries) => void;
  /** What has been told of: once for each answer. */
  readonly #found: FoundCanaries = new Set();
  #tail: Buffer = Buffer.alloc(0);

  /** `find` throws where one of them must not be shown. */
  constructor(find: (spellings: Iterable<Buffer>, found: FoundCanaries) => void) {
    this.#find = find;
  }

  /** Something that stands by itself: a message, a document, a line. */
  whole(bytes: Buffer): void {
    this.#find(spellingsOf(bytes), this.#found);
  }

  /** The next bytes of a stream. */
  next(bytes: Buffer): void {
    const window = this.#tail.length === 0 ? bytes : Buffer.concat([this.#tail, bytes]);
    this.#find(spellingsOf(window), this.#found);
    this.#tail = Buffer.from(window.subarray(Math.max(0, window.length - TAIL_BYTES)));
  }
}
