/**
 * Tokens by which Sluice itself logs in at a server: its own (client credentials, RFC 6749, 4.4), or one for whoever asks
 * (token exchange, RFC 8693). They are kept until shortly before they expire, and are told to nobody.
 */
import { hash } from 'node:crypto';
import { z } from 'zod';
import type { Identity } from '../core/principal.ts';
import { fetchMetadata, IssuerError, postForm } from './oidc-documents.ts';
import type { SubjectTokens } from './subject-tokens.ts';

/** A client that is known to an authorization server. */
export interface TokenClient {
  /** Where tokens are had: the endpoint itself, or the issuer that says where it is. */
  readonly from: { readonly endpoint: string } | { readonly issuer: string };
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scopes: readonly string[];
  /** The server that the token is for (RFC 8707); null: the authorization server knows. */
  readonly resource: string | null;
  /** What some authorization servers ask for in its place. */
  readonly audience: string | null;
}

/** Why there is no token: a sentence for the log, without anything secret. */
export class UpstreamTokenError extends Error {
  override readonly name = 'UpstreamTokenError';
}

interface Kept {
  readonly token: Promise<string>;
  /** By the monotonic clock; not known before the token is there. */
  freshUntilMs: number;
}
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
/** Kinds of what comes of an exchange that can be shown as a bearer token (RFC 8693, 3). */
const SHOWABLE: ReadonlySet<string> = new Set([ACCESS_TOKEN, 'urn:ietf:params:oauth:token-type:jwt']);

const answerSchema = z.object({
  access_token: z.string().regex(/^[\x21-\x7e]+$/),
  token_type: z.string(),
  issued_token_type: z.string().optional(),
  expires_in: z.number().optional(),
});
const errorSchema = z.object({ error: z.string().regex(/^[\x21-\x7e]{1,100}$/) });

/** Before its end, so that it is still good when it arrives. */
const EARLY_MS = 30_000;
/** Where the authorization server does not say. */
const UNSAID_MS = 5 * 60_000;
/** An authorization server that gives none is not asked again at once, however many requests come. */
const PAUSE_MS = 1_000;
/** What those who ask are told apart by; the one that was used longest ago goes. */
const KEPT_MAX = 1_000;
const OWN = '';

export class UpstreamTokens {
  readonly #client: TokenClient;
  readonly #subjects: SubjectTokens | null;
  readonly #now: () => number;
  readonly #kept = new Map<string, Kept>();
  #endpoint: string | null = null;

  /** `subjects` null: one token, for Sluice itself. `now`: a clock that only goes forward, in milliseconds. */
  constructor(
    client: TokenClient,
    subjects: SubjectTokens | null,
    now: () => number = () => performance.now(),
  ) {
    this.#client = client;
    this.#subjects = subjects;
    this.#now = now;
  }

  /** For requests of `actor`; whoever asks at once shares one question. Rejects with UpstreamTokenError. */
  async token(actor: Identity | null): Promise<string> {
    const subject = this.#subjectOf(actor);
    const key = subject === null ? OWN : hash('sha256', subject, 'hex');
    const known = this.#kept.get(key);
    if (known !== undefined && this.#now() < known.freshUntilMs) {
      this.#kept.delete(key);
      this.#kept.set(key, known);
      return known.token;
    }
    const kept: Kept = { token: this.#ask(subject, (ms) => this.#lasts(kept, ms)), freshUntilMs: Infinity };
    this.#keep(key, kept);
    try {
      return await kept.token;
    } catch (error) {
      if (kept.freshUntilMs === Infinity) kept.freshUntilMs = this.#now() + PAUSE_MS;
      throw error;
    }
  }

  /** The server does not take this one (401): another is asked for next time. */
  async refused(actor: Identity | null, token: string): Promise<void> {
    const subject = this.#subjectOf(actor);
    const key = subject === null ? OWN : hash('sha256', subject, 'hex');
    const known = this.#kept.get(key);
    // Whoever asked for it has been told that there is none.
    const held = await known?.token.catch(() => null);
    if (held === token && this.#kept.get(key) === known) this.#kept.delete(key);
  }

  #subjectOf(actor: Identity | null): string | null {
    if (this.#subjects === null) return null;
    const token = actor === null ? null : this.#subjects.of(actor);
    if (token === null)
      throw new UpstreamTokenError('a token cannot be exchanged for somebody who has shown none');
    return token;
  }

  #keep(key: string, kept: Kept): void {
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT_MAX && oldest !== undefined) this.#kept.delete(oldest);
  }

  #lasts(kept: Kept, ms: number): void {
    // One that lasts for less than that is used, but not kept.
    kept.freshUntilMs = this.#now() + ms - Math.min(EARLY_MS, ms / 2);
  }

  async #ask(subject: string | null, lasts: (ms: number) => void): Promise<string> {
    const { clientId, clientSecret } = this.#client;
    // RFC 6749, 2.3.1: both are encoded as forms are before they are joined.
    const pair = [clientId, clientSecret]
      .map((one) => new URLSearchParams({ '': one }).toString().slice(1))
      .join(':');
    const authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
    try {
      const answer = await postForm(await this.#endpointUrl(), this.#form(subject), authorization);
      const parsed = answerSchema.safeParse(answer);
      if (!parsed.success) {
        const refusal = errorSchema.safeParse(answer);
        throw new UpstreamTokenError(
          `the authorization server of the upstream gives no token${refusal.success ? `: ${refusal.data.error}` : ''}`,
        );
      }
      const {
        access_token: token,
        token_type: type,
        issued_token_type: kind,
        expires_in: seconds,
      } = parsed.data;
      // Promise 11: what a client has shown goes no further, not even by way of a server that exchanges nothing.
      if (token === subject)
        throw new UpstreamTokenError(
          'the authorization server of the upstream gives back the token of the client',
        );
      if (subject !== null && kind !== undefined && !SHOWABLE.has(kind))
        throw new UpstreamTokenError('the authorization server of the upstream gives no access token');
      // Another type is presented in another way (RFC 6749, 7.1).
      if (type.toLowerCase() !== 'bearer' && type !== 'N_A')
        throw new UpstreamTokenError('the authorization server of the upstream gives no bearer token');
      lasts(seconds === undefined ? UNSAID_MS : seconds * 1000);
      return token;
    } catch (error) {
      if (!(error instanceof IssuerError)) throw error;
      throw new UpstreamTokenError(
        `the authorization server of the upstream cannot be used: ${error.message}`,
      );
    }
  }

  #form(subject: string | null): URLSearchParams {
    const { scopes, resource, audience } = this.#client;
    const form = new URLSearchParams(
      subject === null
        ? { grant_type: 'client_credentials' }
        : {
            grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
            subject_token: subject,
            subject_token_type: ACCESS_TOKEN,
            requested_token_type: ACCESS_TOKEN,
          },
    );
    if (scopes.length > 0) form.set('scope', scopes.join(' '));
    if (resource !== null) form.set('resource', resource);
    if (audience !== null) form.set('audience', audience);
    return form;
  }

  async #endpointUrl(): Promise<string> {
    const { from } = this.#client;
    if ('endpoint' in from) return from.endpoint;
    if (this.#endpoint !== null) return this.#endpoint;
    const { token_endpoint: endpoint } = await fetchMetadata(from.issuer);
    if (endpoint === undefined) throw new IssuerError('it names no token endpoint');
    this.#endpoint = endpoint;
    return endpoint;
  }
}
