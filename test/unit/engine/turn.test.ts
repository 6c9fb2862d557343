import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type StagedBytes, type Staging, Turn } from '../../../src/engine/turn.ts';
import { journalFolder } from '../../support/journals.ts';

const TURNS = 500;

/** A connection that notes what it holds back, and whether it is still what was staged when it may leave. */
class Held implements Staging {
  readonly synced = true;
  readonly pieces: { readonly kept: StagedBytes; readonly text: string }[] = [];
  sent = 0;
  #done: () => void = () => {};
  readonly done = new Promise<void>((resolve) => {
    this.#done = resolve;
  });

  stage(turn: Turn, text: string): void {
    const bytes = Buffer.from(text);
    this.pieces.push({ kept: turn.keep(bytes, 0, bytes.length), text });
    turn.add(this);
  }

  beforeFlush(): void {}

  sendStaged(): boolean {
    const piece = this.pieces[this.sent++];
    if (piece === undefined) throw new Error('nothing was staged');
    const { bytes, start, end } = piece.kept;
    assert.equal(bytes.toString('utf8', start, end), piece.text);
    if (this.sent === TURNS) this.#done();
    return true;
  }

  dropStaged(): void {
    assert.fail('nothing is dropped');
  }
}

test('promise 8: bytes that wait for the disk stay as they are over many turns, which share one arena', async (context) => {
  const journal = journalFolder(context).open();
  const turn = new Turn(journal, { atEndOfTurn: () => {}, soon: () => {} });
  const held = new Held();
  for (let n = 0; n < TURNS; n++) {
    held.stage(turn, `statement ${n} of a connection that waits`);
    turn.flush();
    // A turn in which nobody waits must not take back what others still wait with.
    turn.keep(Buffer.from('#'.repeat(40)), 0, 40);
    turn.flush();
  }
  await held.done;
  const arenas = new Set(held.pieces.map(({ kept }) => kept.bytes));
  assert.equal(arenas.size, 1, `${TURNS} turns of 80 bytes took ${arenas.size} arenas`);
  journal.close();
});
