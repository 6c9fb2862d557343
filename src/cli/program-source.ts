/**
 * MCP servers that Sluice starts as programs, one for each session. Each gets logins of its own at the listeners that its
 * connection strings lead to, good for as long as the session, so that its SQL is known to be that session's.
 */
import { randomUUID } from 'node:crypto';
import type { Era } from '../../protocols/mcp/revisions.ts';
import type { Config } from '../config/schema.ts';
import { sqlListenersOf } from '../config/schema.ts';
import { ProxyError } from '../core/errors.ts';
import { MessageMaskers } from '../engine/message-maskers.ts';
import type { RequestSession } from '../engine/request-session.ts';
import { WITHHELD } from '../masking/index.ts';
import type { Credential } from '../state/store.ts';
import { LegError, type LegSource, type ServerLeg } from '../transport/mcp/legs.ts';
import { StdioLeg } from '../transport/mcp/stdio-leg.ts';
import type { Shared } from './listeners.ts';
import { MintingRefusal, mint } from './minting.ts';
import type { ListenedDatabase } from './program-database.ts';
import { DsnError, type ProgramText, type RewrittenProgram, rewriteProgram } from './program-dsns.ts';

export interface ProgramSettings extends ProgramText {
  readonly directory: string;
  /** The listener that the program is told of, whatever it is configured with; null: none. */
  readonly dsn: string | null;
  /** Of a message of the program. */
  readonly messageBytesMax: number;
  /** Programs for modern clients that nobody has used for so long are ended. */
  readonly idleMs: number;
}

type Ground = Pick<Shared, 'config' | 'state' | 'ports' | 'sessions' | 'log' | 'masks'>;

/** A session that lasts longer has to begin anew. */
const LOGIN_MS_MAX = 7 * 86_400_000;
const LOOK_EVERY_MS = 15_000;

interface Minted {
  readonly secret: string;
  readonly credential: Credential;
}

export class ProgramSource implements LegSource {
  readonly #settings: ProgramSettings;
  readonly #ground: Ground;
  readonly #maskers: MessageMaskers;
  /** Modern clients have no sessions: whoever they are keeps one program for what they ask. */
  readonly #modern = new Map<RequestSession, { readonly leg: Promise<ProgramLeg>; usedMs: number }>();
  readonly #open = new Set<ProgramLeg>();
  readonly #looking: NodeJS.Timeout;

  constructor(settings: ProgramSettings, ground: Ground) {
    this.#settings = settings;
    this.#ground = ground;
    this.#maskers = new MessageMaskers(ground.masks, null);
    this.#looking = setInterval(() => this.#look(), LOOK_EVERY_MS);
    this.#looking.unref();
  }

  async open(era: Era, session: RequestSession): Promise<ServerLeg> {
    if (era === 'legacy') return this.#start(era, session);
    const known = this.#modern.get(session);
    if (known !== undefined) {
      known.usedMs = performance.now();
      const leg = await known.leg;
      if (leg.error === null) return shared(leg);
    }
    const leg = this.#start(era, session);
    this.#modern.set(session, { leg, usedMs: performance.now() });
    leg.catch(() => this.#modern.delete(session));
    return shared(await leg);
  }

  /** Ends programs of modern clients that are gone, or ask for nothing any more. */
  #look(): void {
    const now = performance.now();
    for (const [session, { leg, usedMs }] of this.#modern) {
      if (!session.isOver && (session.running > 0 || now < usedMs + this.#settings.idleMs)) continue;
      this.#modern.delete(session);
      void leg.then((one) => one.end()).catch(() => {});
    }
  }

  async #start(era: Era, session: RequestSession): Promise<ProgramLeg> {
    const minted = new Map<string, Minted>();
    try {
      const program = await this.#program(session, minted);
      const leg = this.#leg(era, session, program, minted);
      this.#open.add(leg);
      return leg;
    } catch (error) {
      await this.#takeBack(minted);
      if (!(error instanceof DsnError || error instanceof MintingRefusal)) throw error;
      this.#ground.log.error({ session: session.id, error: error.message }, 'the MCP server is not started');
      throw new LegError('unreachable', 'the MCP server is not started: its log says why');
    }
  }

  async #program(session: RequestSession, minted: Map<string, Minted>): Promise<RewrittenProgram> {
    const { settings, databases } = { settings: this.#settings, databases: this.#databases() };
    const { name } = session.actor.principal;
    // Which listeners it leads to is known once it has been rewritten: first to nowhere, then with logins.
    const wanted = rewriteProgram(settings, databases, settings.dsn, () => ({ user: name, password: '' }));
    for (const listener of wanted.listeners) minted.set(listener, await this.#mint(session, listener));
    return rewriteProgram(settings, databases, settings.dsn, (listener) => ({
      user: name,
      password: minted.get(listener)?.secret ?? '',
    }));
  }

  async #mint(session: RequestSession, listener: string): Promise<Minted> {
    const { config, state } = this.#ground;
    const { principal, proof } = session.actor;
    const left = proof.expiresAtMs === null ? LOGIN_MS_MAX : proof.expiresAtMs - session.domain.clock();
    return mint(
      {
        principal: principal.name,
        groups: principal.groups,
        listener,
        ttlMs: Math.min(LOGIN_MS_MAX, left),
        isForeign: true,
        by: `mcp session ${session.id}`,
      },
      config,
      state,
    );
  }

  #databases(): readonly ListenedDatabase[] {
    const { config, ports } = this.#ground;
    return databasesOf(config, ports);
  }

  #leg(
    era: Era,
    session: RequestSession,
    program: RewrittenProgram,
    minted: ReadonlyMap<string, Minted>,
  ): ProgramLeg {
    const { log, sessions } = this.#ground;
    const { directory, messageBytesMax } = this.#settings;
    const id = randomUUID().slice(0, 8);
    const about = { session: session.id, program: id };
    if (program.past.length > 0)
      log.warn({ ...about, places: program.past }, 'connection strings of the MCP server lead past Sluice');
    const stdio = new StdioLeg(
      {
        command: program.command,
        environment: program.environment,
        directory,
        messageBytesMax,
        secrets: [...minted.values()].map(({ secret }) => secret),
        log: (line) => log.info({ ...about, line: this.#shown(session, line) }, 'the MCP server says'),
      },
      era,
    );
    log.info(
      { ...about, file: program.command[0], listeners: program.listeners },
      'the MCP server is started',
    );
    const links = [...minted.values()].map(({ credential }) =>
      sessions.causes.link(credential.id, session.calls),
    );
    const leg = new ProgramLeg(stdio, async () => {
      this.#open.delete(leg);
      for (const unlink of links) unlink();
      await this.#takeBack(minted);
    });
    void stdio.over.then((error) => {
      log.info({ ...about, error: error.message }, 'the MCP server has ended');
      return leg.end();
    });
    return leg;
  }

  /** What a program writes may be rows, and logs of `sluice stdio` are the client's to read. */
  #shown(session: RequestSession, line: string): string {
    if (!session.mayShow(line)) return WITHHELD;
    const masker = this.#maskers.for(session.masks);
    return masker === null ? line : (masker.text(Buffer.from(line))?.toString('utf8') ?? WITHHELD);
  }

  /** Its logins serve nobody any more, and what is logged in by them is cut. */
  async #takeBack(minted: ReadonlyMap<string, Minted>): Promise<void> {
    const { state, sessions, log } = this.#ground;
    const ids = new Set([...minted.values()].map(({ credential }) => credential.id));
    if (ids.size === 0) return;
    for (const session of sessions.matching(({ actor }) => ids.has(actor?.proof.credential ?? '')))
      session.terminate(new ProxyError('login-expired'));
    for (const id of ids) {
      await state.credentials.remove(id).catch((error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        log.error({ credential: id, error: why }, 'a credential could not be removed; it expires by itself');
      });
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#looking);
    this.#modern.clear();
    await Promise.all([...this.#open].map((leg) => leg.end()));
  }
}

/** Databases behind the listeners of a configuration that take session credentials and listen. */
export function databasesOf(config: Config, ports: ReadonlyMap<string, number>): readonly ListenedDatabase[] {
  return sqlListenersOf(config).flatMap(({ listener }) => {
    const { name, protocol, upstream, listen } = listener;
    const port = ports.get(name);
    if (port === undefined) return [];
    const { host, port: upstreamPort, database } = upstream;
    const own = listen.host === '0.0.0.0' ? '127.0.0.1' : listen.host === '::' ? '::1' : listen.host;
    return [{ listener: name, protocol, host, port: upstreamPort, database, at: { host: own, port } }];
  });
}

class ProgramLeg implements ServerLeg {
  readonly #leg: StdioLeg;
  readonly #afterwards: () => Promise<void>;
  #ending: Promise<void> | null = null;
  error: LegError | null = null;

  constructor(leg: StdioLeg, afterwards: () => Promise<void>) {
    this.#leg = leg;
    this.#afterwards = afterwards;
    void leg.over.then((error) => {
      this.error = error;
    });
  }

  send(...message: Parameters<ServerLeg['send']>): ReturnType<ServerLeg['send']> {
    return this.#leg.send(...message);
  }

  listen(...which: Parameters<ServerLeg['listen']>): ReturnType<ServerLeg['listen']> {
    const [lastEventId, signal] = which;
    return this.#leg.listen(lastEventId, signal);
  }

  end(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    try {
      await this.#leg.end();
    } finally {
      await this.#afterwards();
    }
  }
}

/** For one request of a modern client: its end is not that of the program. */
function shared(leg: ServerLeg): ServerLeg {
  return {
    send: (message) => leg.send(message),
    listen: (...which) => leg.listen(...which),
    end: async () => {},
  };
}
