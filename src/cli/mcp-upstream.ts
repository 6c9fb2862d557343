/** An MCP server behind a listener, for clients of every revision. */

import { resolve } from 'node:path';
import type { LoadedConfig } from '../config/load.ts';
import { isProgram, type McpListenerConfig, type McpProgram } from '../config/mcp-listener.ts';
import type { RequestSession } from '../engine/request-session.ts';
import { HttpListener } from '../transport/http-listener.ts';
import { ApprovalStates } from '../transport/mcp/approval-state.ts';
import { ApprovingJudge } from '../transport/mcp/approving-judge.ts';
import { BridgedSource, type BridgeOptions } from '../transport/mcp/bridge-source.ts';
import { ConversationJudge } from '../transport/mcp/conversation-judge.ts';
import { McpEndpoint } from '../transport/mcp/endpoint.ts';
import { HttpLegSource } from '../transport/mcp/http-leg-source.ts';
import { McpSessions } from '../transport/mcp/mcp-sessions.ts';
import { ToolHeaders } from '../transport/mcp/tool-headers.ts';
import type { Shared } from './listeners.ts';
import { type Listening, listening } from './listening.ts';
import { unlimitedLogins } from './logins.ts';
import { DEFAULT_PATH, listenerAccess } from './mcp-access.ts';
import { openJudges } from './mcp-judges.ts';
import { ProgramSource } from './program-source.ts';
import { listenerSettings, requestDomain, upstreamOf } from './request-listeners.ts';
import { shownUpstream } from './shown-upstream.ts';
import { servedEnvironment } from './stdio-config.ts';

/** A silent stream is taken for dead by what is between within a minute, mostly. */
const KEEP_ALIVE_MS = 15_000;

/** For a client to come back with what a server has asked for: people answer it. */
const INPUT_WITHIN_MS = 600_000;

export async function listenForMcp(
  loaded: LoadedConfig,
  n: number,
  listener: McpListenerConfig,
  shared: Shared,
): Promise<Listening> {
  const { url, hosts, origins, limits, timeouts, tls } = listener;
  const { access, login, logins } = listenerAccess(
    listener,
    unlimitedLogins(listener, { ...shared, tokens: null }),
    shared,
  );
  const { upstream } = listener;
  const domain = requestDomain(listener, shownUpstream(listener), shared);
  const sizes = { clientBytesMax: limits.request, serverBytesMax: limits.response };
  const secret = await shared.state.credentials.salt();
  const judges = openJudges({ name: listener.name, sql: listener.sql, secret, ...sizes }, domain, shared);
  const states = new ApprovalStates(secret);
  const judge = (session: RequestSession) =>
    new ApprovingJudge(new ConversationJudge(judges.ground, session), session, states);
  const toolHeaders = new ToolHeaders(limits.response);
  const straight = isProgram(upstream)
    ? programOf(upstream, listener, shared)
    : new HttpLegSource({
        upstream: upstreamOf(upstream, listener, shared, login),
        path: upstream.path,
        toolHeaders,
        memory: shared.memory,
        bytesMax: limits.response,
      });
  const bridged: BridgeOptions = {
    configured: listener.era,
    isSilenceLegacy: isProgram(upstream),
    sessionIdleMs: timeouts.session,
    sessionsMax: limits.sessions,
    inputWithinMs: INPUT_WITHIN_MS,
  };
  const perLogin = listener.credentials?.token_exchange === undefined ? 'principal' : 'login';
  const legs = new BridgedSource(straight, bridged, isProgram(upstream) ? 'session' : perLogin);
  const sessions = new McpSessions({
    domain,
    legs,
    judge,
    idleMs: timeouts.session,
    sessionsMax: limits.sessions,
  });
  const endpoint = new McpEndpoint({
    domain,
    access,
    legs,
    sessions,
    toolHeaders,
    reachable: { url: url ?? null, hosts, origins, secured: tls !== undefined },
    path: url?.pathname ?? DEFAULT_PATH,
    requestBytesMax: limits.request,
    keepAliveMs: KEEP_ALIVE_MS,
    judge,
  });
  const settings = listenerSettings(loaded, n, listener, shared.tlsFiles);
  const served = await listening(loaded, n, (at) => HttpListener.listen(at, settings, endpoint, logins));
  access.listensAt(served.port);
  return {
    port: served.port,
    async close() {
      await served.close();
      judges.close();
    },
    cut: () => served.cut?.(),
  };
}

function programOf(
  { command, environment, directory, dsn }: McpProgram,
  { limits, timeouts }: McpListenerConfig,
  shared: Shared,
): ProgramSource {
  const settings = {
    command,
    environment: servedEnvironment(process.env, environment),
    directory: resolve(shared.directory, directory ?? '.'),
    dsn: dsn?.listener ?? null,
    messageBytesMax: limits.response,
    idleMs: timeouts.session,
  };
  return new ProgramSource(settings, shared);
}
