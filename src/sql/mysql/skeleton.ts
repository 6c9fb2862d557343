/**
 * A text without its literals, as the key of facts that do not depend on their values, and where the literals are.
 *
 * Two texts with one skeleton have the same tokens but for the values of literals: the same kinds, words, names, marks,
 * hints, and the same bytes between them, which are part of the names of columns. A literal ends where its own
 * characters end, so what follows is read alike whatever it holds. Each kind has its own mark, which a byte is that
 * no valid UTF-8 holds; behind _binary other bytes may stand, but only within literals.
 * test/unit/sql/mysql/skeleton.test.ts tries it with literals of every form.
 */
import { latin1 } from '../../bytes/latin1.ts';
import type { ScannedLiterals } from '../facts-cache.ts';
import { BIT, DECIMAL, FLOAT, HEX, INTEGER, STRING, type TokenStore } from './token-store.ts';

/** Skeletons of longer texts, or of texts with more literals, are not made: such statements are rarely repeated. */
export const SKELETON_BYTES_MAX = 8 * 1024;
export const LITERALS_MAX = 1024;

/** By kind of token; 0 for kinds that stay as they are. */
const MARKS = new Uint8Array(32);
for (const [n, kind] of [INTEGER, DECIMAL, FLOAT, STRING, HEX, BIT].entries()) MARKS[kind] = 0xf8 + n;
const NATIONAL_MARK = 0xfe;

const NO_SIGNS = new Int32Array(LITERALS_MAX).fill(-1);

export class Skeleton implements ScannedLiterals {
  readonly literalStart = new Int32Array(LITERALS_MAX);
  readonly literalEnd = new Int32Array(LITERALS_MAX);
  /** The parser knows literals by their own place, with the sign as an operator before them. */
  readonly literalSign = NO_SIGNS;
  literals = 0;
  complete = false;
  readonly #bytes = Buffer.allocUnsafeSlow(SKELETON_BYTES_MAX);
  #length = 0;
  #text: string | null = null;

  skeleton(): string {
    this.#text ??= latin1(this.#bytes, 0, this.#length);
    return this.#text;
  }

  /** `store` holds the tokens of `bytes[start, end)`. */
  make(store: TokenStore, bytes: Buffer, start: number, end: number): void {
    this.literals = 0;
    this.#length = 0;
    this.#text = null;
    this.complete = end - start <= SKELETON_BYTES_MAX && store.count > 0;
    if (!this.complete) return;
    const last = store.count - 1;
    // What stands before the first token and behind the last is in no fact: tracing tools put new comments there.
    let from = store.opened(0) ? 0 : store.start(0);
    const to = store.opened(last) || store.hint(last) !== null ? end - start : store.end(last);
    for (let n = 0; n <= last; n++) {
      const mark = MARKS[store.kindCode(n)] ?? 0;
      if (mark === 0) continue;
      if (this.literals === LITERALS_MAX) {
        this.complete = false;
        return;
      }
      const literal = store.start(n);
      this.#copy(bytes, start + from, start + literal);
      this.#bytes[this.#length++] = store.isNational(n) ? NATIONAL_MARK : mark;
      from = store.end(n);
      this.literalStart[this.literals] = literal;
      this.literalEnd[this.literals++] = from;
    }
    this.#copy(bytes, start + from, start + to);
  }

  #copy(bytes: Buffer, from: number, to: number): void {
    this.#length += bytes.copy(this.#bytes, this.#length, from, to);
  }
}
