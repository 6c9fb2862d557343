/** What a statement that is sent brings with it: what later messages wait for, and what the session remembers. */
import type { StatementFacts, TemporaryTable } from '../../src/core/facts.ts';
import { BLOCK, definesObjects, type Link } from './link.ts';
import { mayOverrun, type Runs } from './plan.ts';
import { movesNames } from './unsettled.ts';

const TEMPORARY_MAX = 256;

export class Following {
  readonly #link: Link;
  readonly #temporary = new Map<string, TemporaryTable>();

  constructor(link: Link) {
    this.#link = link;
  }

  /** What later messages have to wait for, and what the session has to remember, once this statement is sent. */
  follow(facts: StatementFacts, resolved: Runs): void {
    const link = this.#link;
    const { act } = facts;
    link.maskDuties = resolved.decision.obligations.masks ?? link.maskDuties;
    if (act.act === 'copy-in') link.block(BLOCK.copy);
    if (act.act === 'transaction') {
      link.transactionMoved = true;
      if (link.readingMoved && act.kind !== 'begin' && act.kind !== 'savepoint') this.#readingMayMove();
    }
    // DISCARD ALL ends its own transaction, and a question behind it in a pipeline would begin one that nobody asked for.
    if (act.act === 'discard-all' && link.unsynced) this.#readingUnknown();
    else if (facts.changesReading || resolved.facts.changesReading) this.#readingMayMove();
    if (mayOverrun(resolved)) link.block(BLOCK.replies);
    if (definesObjects(facts)) link.definitionsMoved = true;
    if (movesNames(facts)) link.setNamesMoved(true);
    if (facts.makesTemporary.length > 0) this.#remember(facts.makesTemporary);
  }

  /** Names are read every way, until the end of the transaction asks. */
  #readingUnknown(): void {
    this.#link.gate.setPath(null);
    this.#link.readingMoved = true;
  }

  #readingMayMove(): void {
    this.#link.readingStale = true;
    this.#link.readingMoved = true;
    this.#link.block(BLOCK.replies);
  }

  /** A name, once a temporary table's, may be one's again: it is never forgotten, and always read both ways. */
  #remember(tables: readonly TemporaryTable[]): void {
    for (const table of tables) {
      const known = this.#temporary.get(table.name);
      const same = known === undefined || JSON.stringify(known.columns) === JSON.stringify(table.columns);
      if (known === undefined && this.#temporary.size >= TEMPORARY_MAX) continue;
      this.#temporary.set(table.name, same ? table : { name: table.name, columns: null });
    }
    this.#link.gate.setTemporary([...this.#temporary.values()]);
  }
}
