/** What a request to an MCP endpoint has to be before its body is read: what it takes, what it brings, for whom it is. */
import type { Socket } from 'node:net';
import { bodyKindOf, type Field, firstValue, valuesOf } from '../../../protocols/http/index.ts';
import { loopbackHosts, type Origins } from '../../../protocols/mcp/origins.ts';
import { type Revision, revisionNamed } from '../../../protocols/mcp/revisions.ts';
import { remembered } from '../../core/remembered.ts';

/** Under which names an endpoint is reached, and which pages may use it. */
export interface Reachable {
  /** Of the configuration; null: only the path is known. */
  readonly url: URL | null;
  readonly hosts: readonly string[];
  readonly origins: readonly string[];
  readonly secured: boolean;
}

/** Names of the loopback are an endpoint's own wherever a connection has come in by the loopback. */
export function originsOf(reachable: Reachable, socket: Socket): Origins {
  // A connection belongs to one listener, and so to one endpoint: what it is reached by stays as it is.
  const known = ORIGINS.get(socket);
  if (known !== undefined) return known;
  const origins = originsAt(reachable, socket);
  ORIGINS.set(socket, origins);
  return origins;
}

const ORIGINS = new WeakMap<Socket, Origins>();

function originsAt({ url, hosts, origins, secured }: Reachable, socket: Socket): Origins {
  const isLocal = /^(?:::ffff:)?127\.|^::1$/.test(socket.localAddress ?? '');
  const local = isLocal ? loopbackHosts(socket.localPort ?? 0) : [];
  const scheme = secured ? 'https' : 'http';
  return {
    hosts: new Set([...local, ...hosts, ...(url === null ? [] : [url.host])]),
    origins: new Set([
      ...origins,
      ...local.map((host) => `${scheme}://${host}`),
      ...(url === null ? [] : [url.origin]),
    ]),
  };
}

/** RFC 9110, 12.5.1: whether a media type is taken; without the field everything is. */
export function accepts(fields: readonly Field[], type: AnswerType): boolean {
  return TAKEN[type](valuesOf(fields, 'accept').join(','));
}

type AnswerType = 'application/json' | 'text/event-stream';

const TAKEN: Readonly<Record<AnswerType, (written: string) => boolean>> = {
  'application/json': remembered((written) => takes(written, 'application/json')),
  'text/event-stream': remembered((written) => takes(written, 'text/event-stream')),
};

function takes(written: string, type: AnswerType): boolean {
  const [major] = type.split('/');
  return written.split(',').some((range) => {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const isRefused = parameters.some((one) => /^q=0(?:\.0*)?$/.test(one));
    return !isRefused && (name === type || name === `${major}/*` || name === '*/*');
  });
}

export function bringsJson(fields: readonly Field[]): boolean {
  const type = firstValue(fields, 'content-type');
  return type !== null && isJsonType(type);
}

const isJsonType = remembered(
  (type) => bodyKindOf(type) === 'json' && /^\s*application\/json\s*(?:;|$)/i.test(type),
);

/** MCP-Protocol-Version. `unknown`: it names none that is spoken here. */
export function namedRevision(fields: readonly Field[]): Revision | 'unknown' | null {
  const written = firstValue(fields, 'mcp-protocol-version');
  return written === null ? null : (revisionNamed(written) ?? 'unknown');
}

const ALLOWED_METHODS = 'GET, POST, DELETE, OPTIONS';
const ALLOWED_HEADERS =
  'authorization, content-type, accept, last-event-id, mcp-session-id, mcp-protocol-version, mcp-method, mcp-name';
const CORS_SECONDS = 600;

/** For a page of an origin that may use the endpoint (Fetch, CORS protocol). */
export function corsFields(fields: readonly Field[]): readonly Field[] {
  const origin = firstValue(fields, 'origin');
  if (origin === null) return [];
  return [
    ['access-control-allow-origin', origin],
    ['access-control-expose-headers', 'mcp-session-id, www-authenticate'],
    ['vary', 'origin'],
  ];
}

export function preflightFields(fields: readonly Field[]): readonly Field[] {
  const asked = (firstValue(fields, 'access-control-request-headers') ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => /^mcp-param-[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name));
  return [
    ...corsFields(fields),
    ['access-control-allow-methods', ALLOWED_METHODS],
    ['access-control-allow-headers', [ALLOWED_HEADERS, ...asked].join(', ')],
    ['access-control-max-age', String(CORS_SECONDS)],
  ];
}
