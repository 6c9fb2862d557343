/**
 * Which eras a server speaks, found out by asking it (MCP 2026-07-28, versioning, backward compatibility): whatever
 * answers server/discover, if only with an error that no other era has, is modern; a session that begins is legacy.
 */
import { modernRequest } from '../../../protocols/mcp/bridge/legacy-to-modern.ts';
import { RPC_ERRORS } from '../../../protocols/mcp/message.ts';
import { type Era, NEWEST, NEWEST_LEGACY } from '../../../protocols/mcp/revisions.ts';
import {
  answeredBy,
  answerIn,
  errorCode,
  plainRequest,
  type ReadMessage,
  readBytes,
  requestOf,
} from './bridge-messages.ts';
import { LegError, type ServerLeg } from './legs.ts';

const KNOWN_FOR_MS = 300_000;
const PROBE_MS = 10_000;

/** Sluice asks for itself, and says nothing of whom it asks for. */
const OWN_CLIENT = {
  revision: NEWEST_LEGACY,
  info: Buffer.from('{"name":"sluice","version":"0"}'),
  capabilities: Buffer.from('{}'),
};

/** Errors that only modern servers have. */
const MODERN_ERRORS: ReadonlySet<number> = new Set([
  RPC_ERRORS.headerMismatch,
  RPC_ERRORS.missingCapability,
  RPC_ERRORS.unsupportedVersion,
]);

export interface EraOptions {
  /** What the configuration says; `auto`: the server is asked. */
  readonly configured: Era | 'auto';
  /** A program that does not know server/discover may say nothing at all; over HTTP silence is a fault. */
  readonly isSilenceLegacy: boolean;
}

interface Known {
  readonly speaks: boolean;
  readonly untilMs: number;
}

export class ServerEras {
  readonly #options: EraOptions;
  readonly #known = new Map<Era, Known>();
  #asking: Promise<boolean> | null = null;

  constructor(options: EraOptions) {
    this.#options = options;
  }

  /** Null: it is not known yet. */
  speaks(era: Era): boolean | null {
    const { configured } = this.#options;
    if (configured !== 'auto') return configured === era;
    const known = this.#known.get(era);
    return known !== undefined && known.untilMs > Date.now() ? known.speaks : null;
  }

  learn(era: Era, speaks: boolean): void {
    this.#known.set(era, { speaks, untilMs: Date.now() + KNOWN_FOR_MS });
  }

  /** It was wrong, or the server has become another one. */
  forget(): void {
    this.#known.clear();
  }

  /** Asks the server where it is not known. `open` gives a leg of the modern era. Rejects with LegError. */
  async speaksModern(open: () => Promise<ServerLeg>): Promise<boolean> {
    const known = this.speaks('modern');
    if (known !== null) return known;
    this.#asking ??= this.#ask(open).finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  async #ask(open: () => Promise<ServerLeg>): Promise<boolean> {
    const leg = await open();
    try {
      const speaks = await this.#discovers(leg);
      this.learn('modern', speaks);
      return speaks;
    } finally {
      await leg.end().catch(() => {});
    }
  }

  async #discovers(leg: ServerLeg): Promise<boolean> {
    const { document, message } = readBytes(plainRequest(1, 'server/discover', Buffer.from('{}')));
    const params = message.kind === 'request' ? message.params : -1;
    const bytes = modernRequest(document, { node: document.root, params }, OWN_CLIENT, null);
    const silence = AbortSignal.timeout(PROBE_MS);
    try {
      return isModern(await answeredBy(leg.send(requestOf(bytes, NEWEST, silence))).then(answerIn));
    } catch (error) {
      if (silence.aborted) {
        if (this.#options.isSilenceLegacy) return false;
        throw new LegError('timed-out', 'the server does not say which revisions it speaks');
      }
      if (!(error instanceof LegError)) throw error;
      // Answers that are none of MCP, and programs that end at what they do not know, are of the legacy era.
      if (error.fault === 'refused' || error.fault === 'not-mcp') return false;
      if (error.fault === 'ended' && this.#options.isSilenceLegacy) return false;
      throw error;
    }
  }
}

function isModern({ document, message }: ReadMessage): boolean {
  if (message.kind === 'error') return MODERN_ERRORS.has(errorCode(document, message.error));
  if (message.kind !== 'result') return false;
  const versions = document.member(message.result, 'supportedVersions');
  return (
    document.isArray(versions) &&
    [...document.children(versions)].some((node) => document.text(node) === NEWEST)
  );
}
