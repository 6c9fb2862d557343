/**
 * From the client's bytes to commands. Each is read whole and judged before any of it goes on, and goes to the server
 * once the reply to the one before has come: a client that sends ahead of it is answered in order.
 */
import { ProxyError } from '../../src/core/errors.ts';
import type { Outcome } from '../sql/refusals.ts';
import { COMMAND, commandVerdict } from './commands.ts';
import { failureError } from './deny.ts';
import { Executions } from './executions.ts';
import type { Link } from './link.ts';
import { HEADER_BYTES, PACKET_PAYLOAD_MAX, type PacketReader, sendPayload } from './packet.ts';
import type { Command } from './refusals.ts';
import { Requests } from './requests.ts';

/** What one command may make Sluice hold without asking for it. */
const FREE_BYTES = 64 * 1024;

export class Frontend {
  readonly #link: Link;
  readonly #reader: PacketReader;
  readonly #requests: Requests;
  readonly #executions: Executions;
  /** A command that waits for the gate's answer, in bytes of its own. */
  #waiting: Command | null = null;
  /** Bytes taken of the memory that sessions share. */
  #held = 0;
  /** Why the command that is coming in is not read. */
  #refusing: ProxyError | null = null;
  #paused = false;
  /** The client has said COM_QUIT, or nothing more will come. */
  ended = false;
  readonly #changeUser: (command: Command) => Outcome;

  constructor(link: Link, reader: PacketReader, changeUser: (command: Command) => Outcome) {
    this.#link = link;
    this.#reader = reader;
    this.#requests = new Requests(link);
    this.#executions = new Executions(link);
    this.#changeUser = changeUser;
    reader.due = 0;
  }

  receive(bytes: Buffer, start: number, end: number): void {
    this.#reader.feed(bytes, start, end);
    this.resume();
    this.#reader.keep();
  }

  /** Goes on with what has come, as far as nothing holds it. */
  resume(): void {
    const waiting = this.#waiting;
    if (waiting !== null && !this.#link.isBusy) {
      this.#waiting = null;
      this.#command(waiting);
    }
    while (!this.ended && !this.#isHeld && this.#next());
    const { downstream } = this.#link.engine;
    const wants = this.#isHeld && this.#reader.unread > 0;
    if (wants === this.#paused) return;
    this.#paused = wants;
    if (wants) downstream.pause();
    else downstream.resume();
  }

  get #isHeld(): boolean {
    return this.#waiting !== null || this.#link.isBusy;
  }

  /** The session is over: what is held is given back. */
  abandon(): void {
    this.#release();
    this.#executions.forgetAll();
  }

  #release(): void {
    this.#link.engine.release(this.#held);
    this.#held = 0;
  }

  /** Deals with the next command; false where it is not all here. */
  #next(): boolean {
    const reader = this.#reader;
    if (reader.rest()) return this.#refused();
    if (!reader.head()) return false;
    if (this.#refusing !== null) {
      reader.part();
      return this.#refused();
    }
    const { messageBytesMax } = this.#link.settings;
    const whole = reader.whole(messageBytesMax);
    if (whole === 'too-large') return this.#refuse(new ProxyError('frame-too-large'));
    if (whole === 'more') {
      const size = Math.max(reader.length, reader.held);
      if (size <= Math.max(FREE_BYTES, this.#held)) return false;
      if (!this.#link.engine.hold(size - this.#held)) return this.#refuse(new ProxyError('held-memory'));
      this.#held = size;
      return false;
    }
    const { bytes, start, end, sequence } = reader;
    reader.due = 0;
    this.#release();
    this.#command({ bytes, start, end, last: sequence });
    return true;
  }

  /** Refused without being read; its packets are thrown away as they come. */
  #refuse(error: ProxyError): boolean {
    this.#refusing = error;
    this.#release();
    return true;
  }

  #refused(): boolean {
    const reader = this.#reader;
    const error = this.#refusing;
    if (error === null || reader.isInsidePayload) return true;
    this.#refusing = null;
    this.#link.refuse(failureError(error), reader.sequence);
    reader.due = 0;
    return true;
  }

  #command(command: Command): void {
    const { upstream } = this.#link.engine;
    const outcome = this.#outcome(command);
    switch (outcome) {
      case 'drop':
        return;
      case 'hold':
        this.#waiting = ownCopy(command);
        return;
      case 'pass': {
        const { bytes, start, end } = command;
        const isOnePacket = end - start < PACKET_PAYLOAD_MAX;
        if (isOnePacket) upstream.stage(bytes, start - HEADER_BYTES, end);
        else sendPayload((piece, from, to) => upstream.stage(piece, from, to), bytes, start, end, 0);
        return;
      }
    }
  }

  #outcome(command: Command): Outcome {
    const { bytes, start, end } = command;
    const requests = this.#requests;
    const executions = this.#executions;
    const code = start < end ? (bytes[start] ?? 0) : COMMAND.Sleep;
    if (commandVerdict(code) === 'refused') return requests.refused(command);
    switch (code) {
      case COMMAND.Query:
        return requests.query(command);
      case COMMAND.StmtExecute:
        return executions.execute(command);
      case COMMAND.StmtPrepare:
        return requests.prepare(command);
      case COMMAND.StmtClose:
        return executions.closeStatement(command);
      case COMMAND.StmtFetch:
        return executions.fetch(command);
      case COMMAND.StmtReset:
        return executions.resetStatement(command);
      case COMMAND.StmtSendLongData:
        return executions.sendLongData(command);
      case COMMAND.InitDb:
        return requests.initDb(command);
      case COMMAND.Ping:
        return requests.ping(command);
      case COMMAND.ResetConnection:
        executions.forgetAll();
        return requests.resetConnection(command);
      case COMMAND.ProcessKill:
        return requests.kill(command);
      case COMMAND.Statistics:
        return requests.statistics(command);
      case COMMAND.ChangeUser:
        return this.#changeUser(command);
      case COMMAND.Quit:
        this.ended = true;
        return 'drop';
      default:
        return requests.unknown(command);
    }
  }
}

/** In one piece with room for a header in front, where it came in one packet with its own. */
function ownCopy({ bytes, start, end, last }: Command): Command {
  const own = Buffer.from(bytes.subarray(start - HEADER_BYTES, end));
  return { bytes: own, start: HEADER_BYTES, end: own.length, last };
}
