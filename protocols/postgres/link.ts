/**
 * What the two directions of one session share in the command phase: the queue of replies, the names, the
 * transaction status, and what holds the client's next message back.
 */
import { hasEffect } from '../../src/core/effects.ts';
import { ProxyError } from '../../src/core/errors.ts';
import type { StatementFacts } from '../../src/core/facts.ts';
import type { SqlGate } from '../../src/core/gate.ts';
import type { MaskDuties } from '../../src/core/masks.ts';
import type { EnginePort } from '../../src/core/session.ts';
import { readyForQuery, SYNC } from './encode.ts';
import { STATUS_FAILED, STATUS_IDLE, STATUS_TRANSACTION } from './messages.ts';
import { Names } from './names.ts';
import { type Expectation, Replies, type Run } from './replies.ts';
import { ResponseTape } from './response-tape.ts';

/** Reasons to hold the client's next message, as bits: it goes on when none is left. */
export const BLOCK = {
  /** The gate has yet to answer. */
  answer: 1,
  /** Everything sent so far has to be answered first: it decides how the next message is read or whether it may run. */
  replies: 2,
  /** COPY FROM STDIN was sent: whether what follows is data depends on the answer. */
  copy: 4,
  /** A cancel request is under way: it has to be delivered before anything else can be hit by it. */
  cut: 8,
  /** More is under way than Sluice keeps account of at once. */
  full: 16,
  /** Somebody has yet to approve the message. */
  approval: 32,
} as const;

/** Messages under way that have a reply. A client can send them much faster than it takes memory to remember them. */
export const UNDER_WAY_MAX = 8192;

const READY: ReadonlyMap<number, Buffer> = new Map(
  [STATUS_IDLE, STATUS_TRANSACTION, STATUS_FAILED].map((status) => [status, readyForQuery(status)]),
);

export interface LinkSettings {
  readonly statementTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly messageBytesMax: number;
  readonly namesMax: number;
}

export class Link {
  readonly engine: EnginePort;
  readonly gate: SqlGate;
  readonly settings: LinkSettings;
  readonly replies = new Replies();
  readonly names = new Names();
  readonly #tape: ResponseTape;
  /** As the last ReadyForQuery said. */
  status: number = STATUS_IDLE;
  /** After an error in an extended pipeline: the client's messages are dropped up to Sync. */
  skipping = false;
  /** A statement has been sent since the last Sync or Query, so an error here undoes it. */
  executedSinceSync = false;
  /** Extended messages have been sent since the last Sync. */
  unsynced = false;
  /** BEGIN, COMMIT and the like have been sent since the last ReadyForQuery: `status` may be out of date. */
  transactionMoved = false;
  /** In the transaction that is open, names may stand for something else than in the catalog. */
  #namesMoved = false;
  copyIn = false;
  blocks = 0;
  /** The search path may have changed since it was last asked for. */
  readingStale = false;
  /** It changed inside the transaction that is open, so the transaction's end may change it back. */
  readingMoved = false;
  /** Definitions changed in the transaction that is open; the catalog follows when it commits. */
  definitionsMoved = false;
  /** The server has said why it ends the session: nothing needs to be added to that. */
  serverEnds = false;
  /** A cancel request is on its way to the server. */
  cancelling = false;
  /** A result has paused at a bound until somebody has decided on it. */
  paused = false;
  /** The run that was cut, until it has ended. */
  cutRun: Run | null = null;
  /** Statements in whose results neither lineage nor server found anything masked, and the gate's stamp of then. */
  readonly unmasked = new WeakMap<StatementFacts, number>();
  /** Duties of the last statement of this transaction that touches masked columns: its constraints may speak later. */
  maskDuties: MaskDuties | null = null;
  rowsSent = 0;
  bytesSent = 0;
  idleSinceMs: number;
  /** When Sluice last asked a question of its own. */
  askedMs = 0;
  /** When the last statement ended: the next one in a pipeline begins to run then. */
  runEndedMs = 0;

  constructor(engine: EnginePort, gate: SqlGate, settings: LinkSettings) {
    this.engine = engine;
    this.gate = gate;
    this.settings = settings;
    this.idleSinceMs = engine.now();
    this.#tape = new ResponseTape(gate);
  }

  get turn(): number {
    return this.engine.upstream.turn;
  }

  /** The server owes nothing, and nothing of the client's waits. */
  get isQuiet(): boolean {
    return this.replies.size === 0 && this.blocks === 0;
  }

  /** People are asked. The client is read from meanwhile, as far as it may be ahead: it may be gone before they answer. */
  get awaitsPeople(): boolean {
    return this.paused || (this.blocks & BLOCK.approval) !== 0;
  }

  get namesMoved(): boolean {
    return this.#namesMoved;
  }

  setNamesMoved(moved: boolean): void {
    if (moved === this.#namesMoved) return;
    this.#namesMoved = moved;
    this.gate.setUncommitted(moved);
  }

  /** Rows of the server's are looked through. Throws where the client may not see them. */
  lookThrough(bytes: Buffer, start: number, end: number): void {
    const { canaries } = this.gate;
    if (canaries !== null && end > start && !canaries.scan(bytes, start, end))
      throw new ProxyError('canary-read');
  }

  block(reason: number): void {
    this.blocks |= reason;
  }

  unblock(reason: number): void {
    this.blocks &= ~reason;
  }

  toClient(bytes: Buffer): void {
    this.send(bytes, 0, bytes.length);
  }

  /** Everything that the client gets to see in the command phase goes this way. */
  send(bytes: Buffer, start: number, end: number): void {
    if (this.tape !== null) this.tape.sent(this.currentRun(), bytes, start, end);
    this.engine.downstream.send(bytes, start, end);
  }

  /** Takes down what the client gets to see; null: nothing of this session is recorded. */
  get tape(): ResponseTape | null {
    return this.gate.recordsResponses ? this.#tape : null;
  }

  toServer(bytes: Buffer): void {
    this.engine.upstream.stage(bytes, 0, bytes.length);
  }

  sendSync(): void {
    this.toServer(SYNC);
    this.replies.push({ of: 'sync', turn: this.turn });
    this.names.beginSection();
    this.unsynced = false;
    this.executedSinceSync = false;
  }

  ready(status: number): Buffer {
    return READY.get(status) ?? readyForQuery(status);
  }

  /** Sends what Sluice owes itself, as far as its turn has come. */
  payDebts(): void {
    for (let first = this.replies.first(); first?.of === 'owed'; first = this.replies.first()) {
      this.replies.shift();
      if (first.change !== null) this.names.confirm(first.change);
      this.toClient(first.bytes);
      if (first.ready) this.toClient(this.ready(this.status));
    }
    if (this.replies.size === 0) this.idleSinceMs = this.engine.now();
  }

  /** Whether it takes the server's answers to know what a name stands for. */
  isUncertain(of: 'statement' | 'portal', name: string): boolean {
    return this.replies.size > 0 && this.names.isUncertain(of, name);
  }

  /** Asks the server to stop what it is doing. */
  cancel(): void {
    this.block(BLOCK.cut);
    if (this.cancelling) return;
    this.cancelling = true;
    this.engine.upstream.cancel();
  }

  /** Lets messages on once no COPY FROM STDIN is left of which the server has yet to say whether it takes data. */
  settleCopy(): void {
    if ((this.blocks & BLOCK.copy) !== 0 && !this.replies.some((expectation) => copiesIn(expectation, 0)))
      this.unblock(BLOCK.copy);
  }

  /** The data of a COPY FROM STDIN have ended: what follows may be those of another in the same Query. */
  copyDataEnded(): void {
    this.copyIn = false;
    const first = this.replies.first();
    if (first !== null && copiesIn(first, 1)) this.block(BLOCK.copy);
  }

  /** The statement that runs at the server; it may keep the replies to Parse and Bind back until it has ended. */
  runAtServer(): Run | null {
    for (let n = 0; ; n++) {
      const expectation = this.replies.at(n);
      const run = runOf(expectation);
      if (run !== null || expectation === null || expectation.of === 'sync') return run;
    }
  }

  /** The run that answers now, if a statement is running. */
  currentRun(): Run | null {
    return runOf(this.replies.first());
  }
}

/** Whether a statement that has yet to run, `ahead` of the current one or later, is a COPY FROM STDIN. */
function copiesIn(expectation: Expectation, ahead: number): boolean {
  switch (expectation.of) {
    case 'execute':
      return ahead === 0 && expectation.run.facts?.act.act === 'copy-in';
    case 'query':
      return (
        !expectation.failed &&
        expectation.runs.slice(expectation.current + ahead).some(({ facts }) => facts?.act.act === 'copy-in')
      );
    default:
      return false;
  }
}

/** Whether the catalog has to follow once it is committed. */
export function definesObjects(facts: StatementFacts): boolean {
  const defines = hasEffect(facts.effects, 'define') || hasEffect(facts.effects, 'destroy');
  return defines && facts.makesTemporary.length === 0;
}

export function runOf(expectation: Expectation | null): Run | null {
  switch (expectation?.of) {
    case 'execute':
      return expectation.run;
    case 'query':
      return expectation.runs[expectation.current] ?? null;
    default:
      return null;
  }
}
