/** Bytes of one session that wait for the journal, by the turns in which they were staged. */
import type { StagedBytes } from './turn.ts';

export class StagedQueue {
  #pieces: StagedBytes[] = [];

  get isEmpty(): boolean {
    return this.#pieces.length === 0;
  }

  /** True for the first bytes of a turn. Bytes that follow each other in memory become one piece. */
  add(piece: StagedBytes): boolean {
    const last = this.#pieces.at(-1);
    if (last === undefined || last.turn !== piece.turn) {
      this.#pieces.push(piece);
      return true;
    }
    if (last.bytes === piece.bytes && last.end === piece.start) {
      this.#pieces[this.#pieces.length - 1] = { ...last, end: piece.end };
    } else this.#pieces.push(piece);
    return false;
  }

  /** What was staged up to and in a turn; all of it, unless something waits for the disk. */
  take(turn: number): readonly StagedBytes[] {
    const pieces = this.#pieces;
    const later = pieces.findIndex((piece) => piece.turn > turn);
    this.#pieces = later < 0 ? [] : pieces.slice(later);
    return later < 0 ? pieces : pieces.slice(0, later);
  }

  /** Forgets what was staged in a turn and after it; gives those turns, oldest first. */
  drop(turn: number): number[] {
    const dropped = new Set<number>();
    for (const piece of this.#pieces) if (piece.turn >= turn) dropped.add(piece.turn);
    this.#pieces = this.#pieces.filter((piece) => piece.turn < turn);
    return [...dropped];
  }
}
