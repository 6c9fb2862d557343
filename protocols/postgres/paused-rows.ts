/** Rows that are kept back, and bounds on the way to the client: the parts of both that are Postgres' own. */
import type { ApprovalNotice } from '../../src/core/gate.ts';
import { KeptRows } from '../sql/kept-rows.ts';
import { type MaskingRows, RowBounds as SharedBounds } from '../sql/row-bounds.ts';
import { noticeOf } from './approvals.ts';
import { cut } from './cut.ts';
import { denialResponse, failureResponse } from './encode.ts';
import type { Link } from './link.ts';
import type { Run } from './replies.ts';

export class RowBounds {
  readonly #link: Link;
  readonly #bounds: SharedBounds<Buffer>;
  readonly kept: KeptRows;

  constructor(link: Link, masking: MaskingRows) {
    this.#link = link;
    this.kept = new KeptRows(link);
    const wire = {
      denied: denialResponse,
      failed: failureResponse,
      told: (notices: readonly ApprovalNotice[]) => {
        for (const notice of notices) link.toClient(noticeOf(notice));
      },
      decided: () => {
        link.runEndedMs = link.engine.now();
      },
    };
    this.#bounds = new SharedBounds(link, wire, masking, this.kept);
  }

  /** Nothing more of the server's is looked at until somebody has decided, or a budget has more. */
  get isPaused(): boolean {
    return this.#bounds.isPaused;
  }

  /** A result has reached a bound. `needed`: bytes of the row that comes next. */
  reached(run: Run, unit: 'rows' | 'bytes', needed: number): void {
    this.#bounds.reached(run, unit, needed, (at) => cut(this.#link, run, at));
  }

  /** Asks again. False while nobody has decided. */
  ask(): boolean {
    return this.#bounds.ask();
  }

  /** A row on its way to where rows are kept; where there is no room, false: nothing of the result is seen. */
  keep(bytes: Buffer, from: number, to: number): boolean {
    if (this.kept.add(bytes, from, to)) return true;
    const run = this.#link.currentRun();
    if (run !== null) this.#bounds.noRoom(run, (at) => cut(this.#link, run, at));
    return false;
  }
}
