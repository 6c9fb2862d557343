/**
 * The admin listener: health, metrics, the API, the console. Everything that it says of itself to a browser is here
 * (no inline script, no frames, no foreign origin), and the order in which a request is checked: host, origin, login,
 * role, token against forgery, shape.
 */
import { createServer } from 'node:https';
import { Server as TlsServer } from 'node:tls';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Identity } from '../core/principal.ts';
import { Attempts } from './attempts.ts';
import { type Asking, askingByToken, checkRole } from './bearer.ts';
import { consoleFiles, type ServedFile } from './console-files.ts';
import { cookieOf } from './cookies.ts';
import { ExpectedHosts, isOwnOrigin } from './hosts.ts';
import { LiveEvents } from './live-events.ts';
import { isSame, type Login, Logins } from './logins.ts';
import { serveMcp } from './mcp/endpoint.ts';
import { openApiDocument } from './openapi.ts';
import type { AdminPorts } from './ports.ts';
import { Refusal } from './refusal.ts';
import { type RoleGroups, roleOf } from './roles.ts';
import { type Caller, checked, type Route } from './route.ts';
import { meOf, ROUTES } from './routes.ts';
import { SIGN_ON_PATH, serveSignOn } from './sign-on.ts';
import { loginSchema, type Role } from './wire.ts';

export interface AdminOptions {
  readonly host: string;
  readonly port: number;
  /** How people reach it, where that is not its address. */
  readonly url: string | null;
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | null;
  readonly roles: RoleGroups;
}

export interface RunningAdmin {
  readonly port: number;
  /** Where a browser finds it. */
  readonly url: string;
  /** Connections from now on get this certificate. Throws where it does not fit its key. */
  useTls(tls: { readonly cert: Buffer; readonly key: Buffer }): void;
  close(): Promise<void>;
}

const BODY_BYTES_MAX = 256 * 1024;
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
  'cache-control': 'no-store',
} as const;
/** What probes ask for, by whatever name they know the machine. */
const PROBES: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

export async function startAdmin(options: AdminOptions, ports: AdminPorts): Promise<RunningAdmin> {
  const admin = new Admin(options, ports);
  const { app } = admin;
  await app.listen({ host: options.host, port: options.port });
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    port,
    url: options.url ?? `${options.tls === null ? 'http' : 'https'}://${host}:${port}/`,
    useTls(tls) {
      if (app.server instanceof TlsServer) app.server.setSecureContext(tls);
    },
    close: () => admin.close(),
  };
}

/** The type of a TLS server is a plain one's and more, so that Fastify makes the same thing of both. */
function newApp(tls: AdminOptions['tls']): FastifyInstance {
  const settings = { bodyLimit: BODY_BYTES_MAX, requestTimeout: 30_000, forceCloseConnections: true };
  if (tls === null) return Fastify(settings);
  return Fastify({ ...settings, serverFactory: (handler) => createServer(tls, handler) });
}

class Admin {
  readonly app: FastifyInstance;
  readonly #options: AdminOptions;
  readonly #ports: AdminPorts;
  readonly #logins: Logins;
  readonly #attempts: Attempts;
  readonly #hosts: ExpectedHosts;
  readonly #events: LiveEvents;
  readonly #cookie: string;

  constructor(options: AdminOptions, ports: AdminPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#logins = new Logins(ports.now);
    this.#attempts = new Attempts(ports.now);
    this.#hosts = new ExpectedHosts(options.url);
    this.#events = new LiveEvents(
      ports.live,
      async () => (await ports.approvals.list({ state: 'pending', limit: 100 })).length,
    );
    this.#cookie = this.#isSecured ? '__Host-sluice' : 'sluice';
    this.app = newApp(options.tls);
    this.app.removeContentTypeParser('text/plain');
    this.app.addHook('onRequest', async (request, reply) => this.#receive(request, reply));
    this.app.setErrorHandler((error, _request, reply) => this.#fail(error, reply));
    this.app.setNotFoundHandler((_request, reply) =>
      this.#fail(new Refusal(404, 'There is no such path; /api/openapi.json lists those of the API.'), reply),
    );
    this.#serveFiles(consoleFiles());
    this.#serveHealth();
    this.#serveLogin();
    serveSignOn(this.app, ports, {
      cookie: this.#cookie,
      isSecured: this.#isSecured,
      url: options.url,
      begin: (identity, request, reply) => void this.#begin(identity, request, reply),
    });
    this.#serveEvents();
    serveMcp(this.app, ports, {
      origin: ({ headers }) =>
        options.url?.replace(/\/$/, '') ?? `${this.#isSecured ? 'https' : 'http'}://${headers.host ?? ''}`,
      roleOf: (identity) => this.#roleOf(identity),
    });
    for (const route of ROUTES) this.#serve(route);
    const document = openApiDocument(ports.version);
    this.app.get('/api/openapi.json', async () => document);
  }

  /** Whether browsers come over TLS, be it ours or that of a server before us. */
  get #isSecured(): boolean {
    return this.#options.tls !== null || this.#options.url?.startsWith('https:') === true;
  }

  async #receive(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    reply.headers(HEADERS);
    if (this.#isSecured) reply.header('strict-transport-security', 'max-age=31536000');
    const { host, origin } = request.headers;
    if (!PROBES.has(request.url) && !this.#hosts.allows(host))
      throw new Refusal(421, 'Set admin.url in sluice.yaml to the URL by which you reach Sluice.');
    if (request.method !== 'GET' && !isOwnOrigin(origin, host))
      throw new Refusal(403, 'The request comes from a page of another origin.');
  }

  #fail(error: unknown, reply: FastifyReply): FastifyReply {
    const refusal = refusalOf(error);
    if (refusal.status === 500) {
      const message = error instanceof Error ? error.message : String(error);
      this.#ports.log('error', 'a request to the admin API failed', { error: message });
    }
    if (refusal.status === 401 && this.#ports.bearer !== null && !reply.hasHeader('www-authenticate'))
      reply.header('www-authenticate', 'Bearer');
    if (refusal.retryAfterS !== null) reply.header('retry-after', refusal.retryAfterS);
    return reply.code(refusal.status).type('application/problem+json').send(JSON.stringify(refusal.problem));
  }

  #serveFiles(files: ReadonlyMap<string, ServedFile>): void {
    for (const [path, { type, body }] of files)
      this.app.get(path, async (_request, reply) => reply.type(type).send(body));
  }

  #serveHealth(): void {
    this.app.get('/healthz', async () => ({ ok: true }));
    this.app.get('/readyz', async (_request, reply) => {
      const checks = await this.#ports.readiness();
      const ok = checks.every((check) => check.ok);
      return reply.code(ok ? 200 : 503).send({ ok, checks });
    });
    this.app.get('/metrics', async (_request, reply) => {
      const { type, text } = await this.#ports.metrics();
      return reply.type(type).send(text);
    });
  }

  #serveLogin(): void {
    // For a page that is opened: nobody being logged in is no failure.
    this.app.get('/api/v1/login', async (request) => {
      const login = this.#login(request);
      return {
        me: login === null ? null : meOf(callerOf(login), this.#ports),
        signOn: this.#ports.signOn === null ? null : SIGN_ON_PATH,
      };
    });
    this.app.post('/api/v1/login', async (request, reply) => {
      const { user, password } = checked(loginSchema, request.body);
      const waitS = this.#attempts.waitS(user, request.ip);
      if (waitS > 0)
        throw new Refusal(429, `Wait ${waitS} s before the next attempt.`, { retryAfterS: waitS });
      // Counted before it is known to fail: many at once are no way around.
      this.#attempts.failed(user, request.ip);
      const identity = await this.#ports.password(user, password);
      if (identity === null || this.#ports.isRevoked(identity)) {
        this.#ports.log('warn', 'a login to the console failed', { user, client: request.ip });
        throw new Refusal(401, 'Name and password do not belong together.');
      }
      this.#attempts.succeeded(user, request.ip);
      const login = this.#begin(identity, request, reply);
      return reply.send(meOf(callerOf(login), this.#ports));
    });
    this.app.post('/api/v1/logout', async (request, reply) => {
      await this.#caller(request, 'viewer');
      this.#logins.end(this.#tokenOf(request));
      return reply.header('set-cookie', `${this.#cookie}=; Max-Age=0; ${this.#cookieAttributes}`).send({});
    });
  }

  /** Logs in whoever that is, if that is somebody who may do anything here; throws a Refusal otherwise. */
  #begin(identity: Identity, request: FastifyRequest, reply: FastifyReply): Login {
    const role = this.#roleOf(identity);
    const { issuer, subject } = identity.proof;
    const from = issuer === null ? {} : { issuer, subject };
    if (!this.#ports.record(identity.principal.name, 'login', { client: request.ip, role, ...from }))
      throw new Refusal(503, 'The journal cannot be written, and without a record nobody logs in.');
    const { token, login } = this.#logins.begin(identity, role);
    reply.header('set-cookie', `${this.#cookie}=${token}; ${this.#cookieAttributes}`);
    return login;
  }

  #roleOf({ principal }: Identity): Role {
    const role = roleOf(principal.groups, this.#options.roles);
    if (role !== null) return role;
    throw new Refusal(403, 'None of your groups has a role: admin.roles in sluice.yaml names those that do.');
  }

  get #cookieAttributes(): string {
    return `Path=/; HttpOnly; SameSite=Strict${this.#isSecured ? '; Secure' : ''}`;
  }

  #tokenOf(request: FastifyRequest): string {
    return cookieOf(request, this.#cookie);
  }

  #login(request: FastifyRequest): Login | null {
    const login = this.#logins.find(this.#tokenOf(request));
    return login === null || this.#ports.isRevoked(login.identity) ? null : login;
  }

  /** Who asks; throws a Refusal where that is nobody, or nobody who may. */
  async #caller(request: FastifyRequest, role: Role): Promise<Caller> {
    return (await this.#asking(request, role)).caller;
  }

  /** `isAllowed`: whether who asks may still be told more. */
  async #asking(request: FastifyRequest, role: Role): Promise<Asking> {
    const { authorization } = request.headers;
    if (authorization !== undefined)
      return askingByToken(authorization, role, this.#ports, (identity) => this.#roleOf(identity));
    const login = this.#login(request);
    if (login === null) throw new Refusal(401, 'POST /api/v1/login logs in, as does the console.');
    checkRole(login.role, role);
    const given = request.headers['x-csrf-token'];
    if (request.method !== 'GET' && (typeof given !== 'string' || !isSame(given, login.csrf)))
      throw new Refusal(403, 'Send the `csrf` of /api/v1/me as the header X-CSRF-Token.', {
        type: 'urn:sluice:csrf',
      });
    return { caller: callerOf(login), isAllowed: () => this.#login(request) !== null };
  }

  #serve(route: Route): void {
    this.app.route({
      method: route.method,
      url: route.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      handler: async (request, reply) => {
        const caller = await this.#caller(request, route.role);
        const { params, query, body } = request;
        return reply.send(await route.handle({ params, query, body }, caller, this.#ports));
      },
    });
  }

  #serveEvents(): void {
    this.app.get('/api/v1/live/events', async (request, reply) => {
      const { isAllowed } = await this.#asking(request, 'viewer');
      if (this.#events.isFull) throw new Refusal(503, 'Too many are looking; /api/v1/live answers once.');
      reply.hijack();
      reply.raw.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream' });
      this.#events.add(reply.raw, isAllowed);
    });
  }

  async close(): Promise<void> {
    this.#events.close();
    await this.app.close();
  }
}

function callerOf({ identity, role, csrf }: Login): Caller {
  return { identity, principal: identity.principal, role, csrf };
}

const BODY_REFUSALS: Readonly<Record<number, Refusal>> = {
  400: new Refusal(400, 'The body is not JSON.'),
  413: new Refusal(413, `Bodies may have up to ${BODY_BYTES_MAX / 1024} KiB.`),
  415: new Refusal(400, 'Send JSON, with the content type application/json.'),
};

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const code = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  const known = BODY_REFUSALS[code];
  if (known !== undefined) return known;
  if (error instanceof Error && /^(IndexUnavailable|StoreUnavailable)$/.test(error.name))
    return new Refusal(503, `${error.message}. Try again in a moment.`);
  return new Refusal(500, 'What happened is in the log of Sluice.');
}
