/**
 * What the two directions of one session share in the command phase: the reply that is under way, the statements, what
 * is known of the session's state, and what holds the client's next command back.
 */
import { effectSet } from '../../src/core/effects.ts';
import { ProxyError } from '../../src/core/errors.ts';
import type { StatementFacts, TemporaryTable } from '../../src/core/facts.ts';
import type { SqlGate } from '../../src/core/gate.ts';
import type { MaskDuties } from '../../src/core/masks.ts';
import type { EnginePort } from '../../src/core/session.ts';
import { CAPABILITY, STATUS } from './capabilities.ts';
import { type ErrFields, errPacket } from './encode.ts';
import type { PacketReader } from './packet.ts';
import { type OwnQuestion, type Reply, type Run, runOf } from './replies.ts';
import { ResponseTape } from './response-tape.ts';
import type { Flavour } from './server-version.ts';
import type { ResultsCharset } from './session-track.ts';
import { type Reading, Statements } from './statements.ts';

/** Reasons to hold the client's next command, as bits, beside a reply that is under way. */
export const BLOCK = {
  /** The gate has yet to answer. */
  answer: 1,
  /** A cancel is under way: it has to be delivered before anything else can be hit by it. */
  cut: 2,
  /** Somebody has yet to approve the command. */
  approval: 4,
} as const;

export interface LinkSettings {
  readonly statementTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly messageBytesMax: number;
  /** Prepared statements, of the protocol and of SQL. */
  readonly namesMax: number;
}

export interface Legs {
  readonly capabilities: number;
  readonly serverCapabilities: number;
  readonly server: PacketReader;
  readonly flavour: Flavour;
  readonly collation: number | null;
  readonly results: ResultsCharset;
}

const DEFINING = effectSet('define', 'destroy');

export class Link {
  readonly engine: EnginePort;
  readonly gate: SqlGate;
  readonly settings: LinkSettings;
  /** Agreed with the client, and with the server. */
  readonly capabilities: number;
  readonly serverCapabilities: number;
  readonly flavour: Flavour;
  /** What the client has asked for at its login, by number; null: the server's own. */
  collation: number | null;
  readonly results: ResultsCharset;
  readonly statements = new Statements();
  readonly #tape: ResponseTape;
  /** Null: the server owes nothing. */
  reply: Reply | null = null;
  blocks = 0;
  /** What Sluice is to ask next, as soon as nothing is under way. */
  readonly questions: OwnQuestion[] = [];
  /** The server's leg: what is due from it follows from the commands that it is sent. */
  readonly server: PacketReader;
  /** A user that has come by COM_CHANGE_USER: where it is to begin, and the sequence id of the OK that it is owed. */
  newcomer: { readonly database: string | null; readonly sequence: number } | null = null;
  /** By how much the client's sequence ids are ahead of the server's in the reply under way. */
  shift = 0;
  /** Status flags of the last OK or EOF. */
  status: number = STATUS.AUTOCOMMIT;
  reading: Reading = { path: null, mode: null };
  readonly #temporary = new Map<string, TemporaryTable>();
  /** The server has said why it ends the session: nothing needs to be added to that. */
  serverEnds = false;
  /** A result has paused at a bound until somebody has decided on it. */
  paused = false;
  /** A cancel is on its way to the server. */
  cancelling = false;
  /** Statements in whose results neither lineage nor server found anything masked, and the gate's stamp of then. */
  readonly unmasked = new WeakMap<StatementFacts, number>();
  /** Duties of the last statement that may have left warnings which quote masked values. */
  warnings: MaskDuties | null = null;
  rowsSent = 0;
  bytesSent = 0;
  idleSinceMs: number;
  /** When the reply under way was asked for. */
  askedMs = 0;

  constructor(engine: EnginePort, gate: SqlGate, settings: LinkSettings, legs: Legs) {
    this.engine = engine;
    this.gate = gate;
    this.settings = settings;
    this.capabilities = legs.capabilities;
    this.serverCapabilities = legs.serverCapabilities;
    this.server = legs.server;
    this.flavour = legs.flavour;
    this.collation = legs.collation;
    this.results = legs.results;
    this.idleSinceMs = engine.now();
    this.#tape = new ResponseTape(gate, this.deprecatesEof);
  }

  get turn(): number {
    return this.engine.upstream.turn;
  }

  get deprecatesEof(): boolean {
    return (this.capabilities & CAPABILITY.DEPRECATE_EOF) !== 0;
  }

  /** People are asked. */
  get awaitsPeople(): boolean {
    return this.paused || (this.blocks & BLOCK.approval) !== 0;
  }

  /** The client's next command has to wait. */
  get isBusy(): boolean {
    return this.reply !== null || this.blocks !== 0 || this.questions.length > 0;
  }

  get isInTransaction(): boolean {
    return (this.status & STATUS.IN_TRANSACTION) !== 0;
  }

  /** Of an OK that Sluice says itself: what the server last said of the session, and nothing of its last result. */
  get plainStatus(): number {
    return this.status & OF_SESSION;
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

  /** A command is sent whose last packet has the sequence id `last`; the reply begins one behind it. */
  expect(reply: Reply, last: number): void {
    this.reply = reply;
    this.server.due = (last + 1) & 0xff;
    this.shift = 0;
    this.askedMs = this.engine.now();
  }

  /** The reply has come to its end. */
  replied(): void {
    this.reply = null;
    // Unasked, the server begins anew: that is how it says that it ends the session.
    this.server.due = 0;
    this.idleSinceMs = this.engine.now();
  }

  toClient(bytes: Buffer): void {
    this.send(bytes, 0, bytes.length);
  }

  /** Everything that the client gets to see in the command phase goes this way. */
  send(bytes: Buffer, start: number, end: number): void {
    if (this.tape !== null) this.tape.sent(this.reply, bytes, start, end);
    this.engine.downstream.send(bytes, start, end);
  }

  /** Takes down what the client gets to see; null: nothing of this session is recorded. */
  get tape(): ResponseTape | null {
    return this.gate.recordsResponses ? this.#tape : null;
  }

  /** The answer to a command that was not sent; `last` is the sequence id of its last packet. */
  refuse(error: ErrFields, last: number): void {
    this.toClient(errPacket(error, (last + 1) & 0xff));
    this.idleSinceMs = this.engine.now();
  }

  ask(question: OwnQuestion): void {
    if (!this.questions.includes(question)) this.questions.push(question);
  }

  setReading(reading: Reading): void {
    this.reading = reading;
    this.gate.setPath(reading.path);
    this.gate.setMode(reading.mode);
  }

  /** A name, once a temporary table's, may be one's again: it is never forgotten, and always read both ways. */
  rememberTemporary(tables: readonly TemporaryTable[]): void {
    for (const table of tables) {
      const known = this.#temporary.get(table.name);
      const same = known === undefined || JSON.stringify(known.columns) === JSON.stringify(table.columns);
      if (known === undefined && this.#temporary.size >= TEMPORARY_MAX) continue;
      this.#temporary.set(table.name, same ? table : { name: table.name, columns: null });
    }
    this.gate.setTemporary([...this.#temporary.values()]);
  }

  /** Asks the server to stop what it is doing. */
  cancel(): void {
    this.block(BLOCK.cut);
    if (this.cancelling) return;
    this.cancelling = true;
    this.engine.upstream.cancel();
  }

  /** The client wants an end of what runs, or waits. True: it waited for people, and has to be woken. */
  cancelByClient(): boolean {
    if (this.awaitsPeople) {
      this.gate.withdraw();
      return true;
    }
    if (this.currentRun() !== null) this.cancel();
    return false;
  }

  /** A definition is under way: whether it is carried out is not known yet. */
  get isDefining(): boolean {
    return (
      this.reply?.of === 'results' &&
      this.reply.runs.some(({ facts }) => facts !== null && definesObjects(facts))
    );
  }

  /** The run that answers now, if a statement is running. */
  currentRun(): Run | null {
    return runOf(this.reply);
  }
}

const OF_SESSION =
  STATUS.IN_TRANSACTION |
  STATUS.AUTOCOMMIT |
  STATUS.NO_BACKSLASH_ESCAPES |
  STATUS.IN_TRANSACTION_READONLY |
  STATUS.ANSI_QUOTES;

const TEMPORARY_MAX = 256;

/** Whether the catalog has to follow once it has gone through: definitions are committed at once. */
export function definesObjects(facts: StatementFacts): boolean {
  return (facts.effects & DEFINING) !== 0 && facts.makesTemporary.length === 0;
}
