/** The phases of a session, each with what belongs to it alone. */
import type { ProxyError } from '../../src/core/errors.ts';
import type { SqlGate } from '../../src/core/gate.ts';
import type { EnginePort, SessionActivity } from '../../src/core/session.ts';
import { sentBy } from '../sql/run.ts';
import type { Backend } from './backend.ts';
import type { UserChange } from './change-user.ts';
import { COMMAND } from './commands.ts';
import { commandPacket, failurePacket } from './encode.ts';
import type { Frontend } from './frontend.ts';
import type { Handshake, Login } from './handshake.ts';
import { BLOCK, type Link } from './link.ts';
import type { UpstreamHandshake } from './upstream.ts';

export type Phase =
  | { readonly phase: 'startup'; readonly handshake: Handshake; readonly deadlineMs: number }
  | {
      readonly phase: 'dialling';
      readonly handshake: Handshake;
      readonly upstream: UpstreamHandshake;
      readonly login: Login;
      readonly gate: SqlGate;
      readonly deadlineMs: number;
    }
  /** The server is ready; whether the client may begin in its database is being judged. */
  | { readonly phase: 'entering'; readonly link: Link; readonly login: Login; readonly handshake: Handshake }
  | { readonly phase: 'serving'; readonly link: Link; readonly frontend: Frontend; readonly backend: Backend }
  /** The client is proving that it is another. */
  | {
      readonly phase: 'changing';
      readonly link: Link;
      readonly change: UserChange;
      readonly handshake: Handshake;
      readonly deadlineMs: number;
    }
  | { readonly phase: 'closed' };

/** The error where the client can read it; in the middle of a packet it would take it for the rest of a row. */
export function failureFor(phase: Phase, error: ProxyError): Buffer | null {
  switch (phase.phase) {
    case 'startup':
      return phase.handshake.failure(error);
    case 'dialling':
    case 'entering':
      return failurePacket(error, phase.login.sequence);
    case 'changing':
      return failurePacket(error, phase.change.sequence);
    case 'serving': {
      const { newcomer } = phase.link;
      if (newcomer !== null) return failurePacket(error, newcomer.sequence);
      return phase.backend.isInsideMessage ? null : failurePacket(error, phase.backend.clientSequence);
    }
    case 'closed':
      return null;
  }
}

/** `total`: rows and bytes sent, once the session is over. */
export function activityOf(
  phase: Phase,
  total: { readonly rows: number; readonly bytes: number },
): SessionActivity {
  if (phase.phase !== 'serving') return { phase: phase.phase === 'closed' ? 'closed' : 'startup', ...total };
  const { link } = phase;
  const held = (link.blocks & BLOCK.answer) !== 0 || link.awaitsPeople;
  const idle = !link.isBusy && !link.isInTransaction;
  return { phase: held ? 'held' : idle ? 'idle' : 'busy', ...sentBy(link, link.currentRun()) };
}

const QUIT = commandPacket(COMMAND.Quit, '');

/** The session is over: the server is told, and what was held is given back. */
export function leave(phase: Phase, engine: EnginePort): void {
  if (phase.phase !== 'serving' && phase.phase !== 'entering' && phase.phase !== 'changing') return;
  const { link } = phase;
  link.tape?.stop();
  // What still runs there runs for nobody.
  if (link.currentRun() !== null) engine.upstream.cancel();
  else engine.upstream.send(QUIT, 0, QUIT.length);
  if (link.isDefining) link.gate.definitionsAbandoned();
  if (phase.phase !== 'serving') return;
  phase.frontend.abandon();
  phase.backend.close();
}
