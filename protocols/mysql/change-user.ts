/**
 * COM_CHANGE_USER: the client proves who it is anew, by the plugins of the login. The session that was is over then, and
 * another begins on the same connections: with a gate of its own, on a server session that has been reset.
 */
import { ProxyError } from '../../src/core/errors.ts';
import type { SqlGate } from '../../src/core/gate.ts';
import type { Pending } from '../../src/core/login.ts';
import type { Identity } from '../../src/core/principal.ts';
import { type AuthStep, ClientAuthentication, NATIVE } from './auth.ts';
import { CAPABILITY } from './capabilities.ts';
import { collationForServer, sessionCollation } from './collations.ts';
import { type ChangeUser, readChangeUser } from './decode.ts';
import { packetOf } from './encode.ts';
import { Link } from './link.ts';
import type { PacketReader } from './packet.ts';
import type { Command } from './refusals.ts';

const ANSWER_BYTES_MAX = 64 * 1024;

export class UserChange {
  readonly change: ChangeUser;
  /** Of what the client gets next. */
  sequence: number;
  readonly #link: Link;
  readonly #reader: PacketReader;
  readonly #authentication: ClientAuthentication;
  #pending: Pending<AuthStep> | null = null;

  constructor(link: Link, reader: PacketReader, secured: boolean, command: Command) {
    const { capabilities, engine } = link;
    const { bytes, start, end, last } = command;
    this.#link = link;
    this.#reader = reader;
    this.change = readChangeUser(bytes, start + 1, end, capabilities);
    this.sequence = (last + 1) & 0xff;
    const { collation, user } = this.change;
    if (collation !== null && collation !== 0 && sessionCollation(collation) === null) {
      throw new ProxyError('unsafe-startup', {
        detail: `character set of collation ${collation}; it has to be utf8mb4`,
      });
    }
    this.#authentication = new ClientAuthentication({
      user,
      identity: engine.identity,
      greeted: null,
      secured,
      switches: (capabilities & CAPABILITY.PLUGIN_AUTH) !== 0,
    });
  }

  /** Who the client has proven to be; null while it is being asked. Throws where it is nobody. */
  begin(): Identity | null {
    const { plugin, answer } = this.change;
    return this.#step(this.#authentication.begin(plugin ?? NATIVE, answer));
  }

  receive(bytes: Buffer, start: number, end: number): Identity | null {
    this.#reader.feed(bytes, start, end);
    return this.#proceed();
  }

  /** An answer that was waited for may be there. */
  wake(): Identity | null {
    const step = this.#pending?.answer() ?? null;
    if (step === null) return null;
    this.#pending = null;
    const identity = this.#step(step);
    if (this.#pending === null) this.#link.engine.downstream.resume();
    return identity ?? this.#proceed();
  }

  #proceed(): Identity | null {
    const reader = this.#reader;
    let identity: Identity | null = null;
    while (identity === null && this.#pending === null && reader.next(ANSWER_BYTES_MAX)) {
      this.sequence = reader.due;
      identity = this.#step(this.#authentication.step(reader.bytes.subarray(reader.start, reader.end)));
    }
    reader.keep();
    return identity;
  }

  #step(step: AuthStep): Identity | null {
    switch (step.step) {
      case 'failed':
        throw step.error;
      case 'continue':
        this.#send(step.payload);
        return null;
      case 'pending':
        this.#pending = step;
        this.#link.engine.downstream.pause();
        return null;
      case 'proven':
        if (step.payload !== null) this.#send(step.payload);
        return step.identity;
    }
  }

  #send(payload: Buffer): void {
    this.#link.toClient(packetOf(payload, this.sequence));
    this.sequence = (this.sequence + 1) & 0xff;
    this.#reader.due = this.sequence;
  }
}

/** The session of the user that has come: on a server session to be reset first. `databases`: see HandshakeSettings. */
export function successor(
  before: Link,
  gate: SqlGate,
  { change, sequence }: UserChange,
  databases: readonly string[],
): Link {
  const link = new Link(before.engine, gate, before.settings, before);
  const asked =
    change.collation === null || change.collation === 0 ? null : sessionCollation(change.collation);
  link.collation = asked === null ? null : collationForServer(asked, link.flavour);
  const { path } = before.reading;
  link.setReading({ path, mode: null });
  const { database } = change;
  const named = database !== null && databases.includes(database) ? databases[0] : database;
  // A database cannot be left for none, so that one is entered anew.
  link.newcomer = { database: named ?? path?.[0] ?? null, sequence };
  for (const question of ['reset', 'prepare', 'enter', 'welcome'] as const) link.ask(question);
  return link;
}
