/**
 * An MCP endpoint as an OAuth resource server: what it says of itself, what it asks of tokens, and what whoever comes
 * without the right one is told. Sources: RFC 9728, RFC 6750, RFC 8707; MCP 2025-11-25 and 2026-07-28, authorization.
 */
import {
  type Field,
  firstValue,
  PROBLEM_TYPE,
  type Problem,
  problemBody,
  valuesOf,
} from '../../../protocols/http/index.ts';
import { loopbackHosts } from '../../../protocols/mcp/origins.ts';
import {
  type AccessFault,
  bearerToken,
  challengeFor,
  identifierOf,
  isMetadataPath,
  metadataDocument,
  type ProtectedResource,
} from '../../../protocols/mcp/resource-server.ts';
import type { ErrorCode, ProxyError } from '../../core/errors.ts';
import type { Identity } from '../../core/principal.ts';
import { problem, problemOfError } from '../http-problems.ts';
import type { ClientMessage } from './judge.ts';

/** Scopes that some requests take, beyond those that all of them do. */
export interface StepUp {
  readonly scopes: readonly string[];
  speaksOf(message: ClientMessage): boolean;
}

export interface AccessSettings {
  /** The endpoint as clients address it; null: by a name of the loopback, and the port that it listens on. */
  readonly url: URL | null;
  readonly path: string;
  readonly secured: boolean;
  /** Otherwise nothing of OAuth plays a part. */
  readonly takesTokens: boolean;
  readonly authorizationServers: readonly string[];
  /** What every token has to have. */
  readonly scopes: readonly string[];
  readonly stepUps: readonly StepUp[];
  /** Audiences that are taken in place of the resource itself; null: none. */
  readonly audience: readonly string[] | null;
  /** Other ways to log in, as challenges (RFC 9110, 11.6.1). */
  readonly challenges: readonly string[];
}

export interface AccessAnswer {
  readonly status: number;
  readonly fields: readonly Field[];
  readonly body: Buffer;
}

/** What a request would take, and does not have. */
export interface MissingScopes {
  readonly needed: readonly string[];
  readonly why: string;
}

/** What is wrong with the token itself: another one may do. */
const TOKEN_FAULTS: ReadonlySet<ErrorCode> = new Set(['token-refused', 'login-expired', 'access-revoked']);
const METADATA_SECONDS = 300;

export class McpAccess {
  readonly #settings: AccessSettings;
  #port = 0;

  constructor(settings: AccessSettings) {
    this.#settings = settings;
  }

  /** Told once the listener has its port. */
  listensAt(port: number): void {
    this.#port = port;
  }

  /** What `aud` of a token has to be, or hold (RFC 8707, 2; RFC 9068, 4). */
  get audience(): readonly string[] {
    const { audience, url } = this.#settings;
    if (audience !== null) return audience;
    const resources = url === null ? loopbackHosts(this.#port).map((host) => this.#at(host)) : [url];
    // A bare host is written with and without its slash.
    return [...new Set(resources.flatMap((one) => [identifierOf(one), one.href]))];
  }

  #at(host: string): URL {
    const { secured, path } = this.#settings;
    return new URL(`${secured ? 'https' : 'http'}://${host}${path}`);
  }

  /** `host` is one of the endpoint's own: it has been looked at. */
  #resource(host: string): ProtectedResource {
    const { url, authorizationServers, scopes } = this.#settings;
    return { resource: url ?? this.#at(host), authorizationServers, scopes };
  }

  /**
   * The metadata (RFC 9728, 3), which pages of any origin may read: it says nothing that is not public. Null: the request
   * is not for it.
   */
  metadata(method: string, path: string, host: string): AccessAnswer | null {
    if (!this.#settings.takesTokens) return null;
    const resource = this.#resource(host);
    if (!isMetadataPath(resource, path)) return null;
    const open: readonly Field[] = [['access-control-allow-origin', '*']];
    if (method === 'OPTIONS') {
      const allowed: readonly Field[] = [
        ['access-control-allow-methods', 'GET, HEAD, OPTIONS'],
        ['access-control-allow-headers', 'mcp-protocol-version, accept, content-type'],
        ['access-control-max-age', String(METADATA_SECONDS)],
      ];
      return { status: 204, fields: [...open, ...allowed], body: Buffer.alloc(0) };
    }
    if (method !== 'GET' && method !== 'HEAD') {
      const told = problem(405, 'method-refused', 'the metadata can be read, and nothing else');
      return { ...answerOf(told, []), fields: [['allow', 'GET, HEAD, OPTIONS'], ...open] };
    }
    const fields: readonly Field[] = [
      ...open,
      ['content-type', 'application/json'],
      ['cache-control', `public, max-age=${METADATA_SECONDS}`],
    ];
    return { status: 200, fields, body: Buffer.from(metadataDocument(resource)) };
  }

  /** A token that is shown in a way in which none is taken; null: there is none such. `query` without its question mark. */
  malformed(fields: readonly Field[], query: string | null, host: string): AccessAnswer | null {
    const shown = valuesOf(fields, 'authorization');
    const isBearer = shown.some((one) => /^bearer(?: |$)/i.test(one.trim()));
    if (shown.length > 1)
      return this.#refuse(host, { fault: 'malformed', why: 'more than one Authorization came' });
    if (query !== null && new URLSearchParams(query).has('access_token'))
      return this.#refuse(host, {
        fault: 'malformed',
        why: 'tokens go into Authorization, and not into the URL',
      });
    if (isBearer && bearerToken(firstValue(fields, 'authorization')) === 'malformed')
      return this.#refuse(host, { fault: 'malformed', why: 'what came as a bearer token is none' });
    return null;
  }

  /** The login was refused. `authorization`: what was shown; null: nothing. */
  refused(error: ProxyError, authorization: string | null, host: string): AccessAnswer {
    const told = problemOfError(error);
    if (told.status !== 401) return answerOf(told, []);
    if (authorization === null) return this.#refuse(host, { fault: 'missing' });
    if (!/^bearer /i.test(authorization) || !TOKEN_FAULTS.has(error.code))
      return this.#refuse(host, { fault: 'missing' }, told);
    return this.#refuse(host, { fault: 'invalid', why: told.detail }, told);
  }

  /** Scopes are asked of tokens; who has logged in otherwise is judged by rules alone. Null: it has what it takes. */
  missing(actor: Identity, messages: readonly ClientMessage[]): MissingScopes | null {
    const { scopes: granted } = actor;
    if (granted === undefined) return null;
    const { scopes, stepUps } = this.#settings;
    const steps = stepUps.filter((step) => messages.some((message) => step.speaksOf(message)));
    const needed = [...new Set([...scopes, ...steps.flatMap((step) => step.scopes)])];
    const lacking = needed.filter((scope) => !granted.includes(scope));
    if (lacking.length === 0) return null;
    // A client may ask for exactly these: what it has and may need again is among them.
    const known = new Set([...scopes, ...stepUps.flatMap((step) => step.scopes)]);
    const kept = granted.filter((scope) => known.has(scope) && !needed.includes(scope));
    return { needed: [...needed, ...kept], why: `the token lacks the scope ${lacking.join(' and ')}` };
  }

  insufficient({ needed, why }: MissingScopes, host: string): AccessAnswer {
    return this.#refuse(host, { fault: 'scope', scopes: needed, why });
  }

  #refuse(host: string, fault: AccessFault, told?: Problem): AccessAnswer {
    const { takesTokens, challenges } = this.#settings;
    const { status, header } = challengeFor(this.#resource(host), fault);
    const others = fault.fault === 'scope' || fault.fault === 'malformed' ? [] : challenges;
    const text = fault.fault === 'missing' ? 'a login is needed here' : fault.why;
    const all = takesTokens ? [header, ...others] : others;
    return answerOf(told ?? problem(status, CODES[fault.fault], text), all);
  }
}

const CODES: Readonly<Record<AccessFault['fault'], string>> = {
  missing: 'login-needed',
  malformed: 'token-malformed',
  invalid: 'token-refused',
  scope: 'insufficient-scope',
};

function answerOf(told: Problem, challenges: readonly string[]): AccessAnswer {
  return {
    status: told.status,
    fields: [
      ['content-type', PROBLEM_TYPE],
      ['cache-control', 'no-store'],
      ...challenges.map((one): Field => ['www-authenticate', one]),
    ],
    body: problemBody(told),
  };
}
