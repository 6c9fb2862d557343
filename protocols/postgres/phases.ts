/** The phases of a session, each with what belongs to it alone. */
import type { ProxyError } from '../../src/core/errors.ts';
import type { EnginePort, SessionActivity } from '../../src/core/session.ts';
import { sentBy } from '../sql/run.ts';
import type { Backend } from './backend.ts';
import {
  AUTHENTICATION_OK,
  backendKeyData,
  failureResponse,
  parameterStatus,
  readyForQuery,
  TERMINATE,
} from './encode.ts';
import type { Frontend } from './frontend.ts';
import type { Handshake } from './handshake.ts';
import { BLOCK, type Link } from './link.ts';
import { STATUS_IDLE } from './messages.ts';
import { MINOR_LONG_KEYS, type Startup } from './startup.ts';
import type { UpstreamHandshake, UpstreamReady } from './upstream.ts';

export type Phase =
  | { readonly phase: 'startup'; readonly handshake: Handshake; readonly deadlineMs: number }
  | {
      readonly phase: 'dialling';
      readonly upstream: UpstreamHandshake;
      readonly startup: Startup;
      readonly link: Link;
      /** What the client sends ahead of the server's readiness. */
      readonly early: Buffer[];
      readonly deadlineMs: number;
    }
  | { readonly phase: 'serving'; readonly link: Link; readonly frontend: Frontend; readonly backend: Backend }
  | { readonly phase: 'closed' };

/** 4 bytes of secret in protocol 3.0 (its field is an int32); longer since 3.2. */
const SHORT_SECRET_BYTES = 4;
const LONG_SECRET_BYTES = 32;

/** The server is ready: the client is told what it would have been, with a cancel key of Sluice's own. */
export function welcome(engine: EnginePort, { minor }: Startup, ready: UpstreamReady): void {
  const { downstream } = engine;
  const send = (bytes: Buffer) => downstream.send(bytes, 0, bytes.length);
  send(AUTHENTICATION_OK);
  for (const [name, value] of ready.parameters) send(parameterStatus(name, value));
  const key = engine.cancelKey(minor >= MINOR_LONG_KEYS ? LONG_SECRET_BYTES : SHORT_SECRET_BYTES);
  send(backendKeyData(key.processId, key.secret));
  for (const notice of ready.notices) send(notice);
  send(readyForQuery(ready.status));
}

/**
 * The error where the client can read it. Before it knows that it speaks to a Postgres server it can all the same
 * (libpq does). In the middle of a message it cannot: it would take the error for the rest of a row.
 */
export function failureFor(phase: Phase, error: ProxyError): Buffer | null {
  return phase.phase === 'serving' && phase.backend.isInsideMessage ? null : failureResponse(error);
}

/** What a session does now, for those who watch it. `total`: rows and bytes sent, once it is over. */
export function activityOf(
  phase: Phase,
  total: { readonly rows: number; readonly bytes: number },
): SessionActivity {
  if (phase.phase !== 'serving') return { phase: phase.phase === 'closed' ? 'closed' : 'startup', ...total };
  const { link } = phase;
  const held = (link.blocks & BLOCK.answer) !== 0 || link.awaitsPeople;
  const idle = link.replies.size === 0 && !link.unsynced && link.status === STATUS_IDLE;
  return { phase: held ? 'held' : idle ? 'idle' : 'busy', ...sentBy(link, link.currentRun()) };
}

/** The session is over: the server is told, and what was held is given back. */
export function leave(phase: Phase, engine: EnginePort): void {
  if (phase.phase !== 'serving') return;
  const { link, frontend, backend } = phase;
  // What still runs there runs for nobody.
  if (link.replies.size > 0) engine.upstream.cancel();
  else engine.upstream.send(TERMINATE, 0, TERMINATE.length);
  if (link.definitionsMoved || link.namesMoved) link.gate.definitionsAbandoned();
  link.tape?.stop();
  frontend.abandon();
  backend.close();
}
