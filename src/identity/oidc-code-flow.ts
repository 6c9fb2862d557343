/**
 * The authorization code flow (OpenID Connect Core 1.0, section 3.1) with PKCE (RFC 7636), for people in a browser:
 * where they are sent, and what the code is worth that they come back with.
 */
import { createHash, randomBytes } from 'node:crypto';
import { ProxyError } from '../core/errors.ts';
import { IssuerError, postForm } from './oidc-documents.ts';
import type { KnownIssuer } from './oidc-issuer.ts';
import type { OidcTokens, TokenAnswer } from './oidc-tokens.ts';

export interface CodeFlowClient {
  readonly id: string;
  /** Null: a client that keeps no secret, and has PKCE alone. */
  readonly secret: string | null;
  readonly scope: string;
}

/** What has to be known again when somebody comes back; never leaves this process. */
export interface CodeAttempt {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly redirectUri: string;
}

export class CodeFlow {
  readonly #tokens: OidcTokens;
  readonly #client: CodeFlowClient;

  constructor(tokens: OidcTokens, client: CodeFlowClient) {
    this.#tokens = tokens;
    this.#client = client;
  }

  /** Where to send a browser. Throws ProxyError. */
  async begin(redirectUri: string): Promise<{ readonly location: string; readonly attempt: CodeAttempt }> {
    const { metadata } = await this.#issuer();
    const endpoint = metadata.authorization_endpoint;
    if (endpoint === undefined) throw unavailable('the issuer has no authorization endpoint');
    const attempt = { state: secret(), nonce: secret(), verifier: secret(), redirectUri };
    const location = new URL(endpoint);
    const asked = {
      response_type: 'code',
      client_id: this.#client.id,
      redirect_uri: redirectUri,
      scope: this.#client.scope,
      state: attempt.state,
      nonce: attempt.nonce,
      code_challenge: createHash('sha256').update(attempt.verifier).digest('base64url'),
      code_challenge_method: 'S256',
    };
    for (const [name, value] of Object.entries(asked)) location.searchParams.set(name, value);
    return { location: location.href, attempt };
  }

  /** Who has come back with these parameters. Never rejects. */
  async finish(attempt: CodeAttempt, parameters: URLSearchParams): Promise<TokenAnswer> {
    try {
      return await this.#tokens.checkIdToken(
        await this.#idToken(attempt, parameters),
        this.#client.id,
        attempt.nonce,
      );
    } catch (error) {
      if (error instanceof ProxyError) return { answer: 'refused', error };
      if (error instanceof IssuerError) return { answer: 'refused', error: unavailable(error.message) };
      return { answer: 'refused', error: refused('the issuer answered what cannot be understood') };
    }
  }

  async #idToken(attempt: CodeAttempt, parameters: URLSearchParams): Promise<string> {
    const { metadata } = await this.#issuer();
    // RFC 9207: the answer of another issuer is not taken to this one.
    const iss = parameters.get('iss');
    if (iss !== null && iss !== metadata.issuer) throw refused('the answer is of another issuer');
    const failure = parameters.get('error');
    if (failure !== null) throw refused(`the issuer says ${/^[\w.-]{1,64}$/.test(failure) ? failure : 'no'}`);
    const code = parameters.get('code');
    if (code === null) throw refused('the issuer sent no code');
    const endpoint = metadata.token_endpoint;
    if (endpoint === undefined) throw unavailable('the issuer has no token endpoint');
    const form = new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: attempt.redirectUri,
      code_verifier: attempt.verifier,
    });
    const answer = await postForm(endpoint, form, this.#authorization(form));
    if (typeof answer !== 'object' || answer === null || !('id_token' in answer))
      throw refused('the issuer gave no ID token for the code');
    return String(answer.id_token);
  }

  /** RFC 6749, section 2.3.1; a client without a secret only names itself. */
  #authorization(form: URLSearchParams): string | null {
    const { id, secret: known } = this.#client;
    if (known === null) {
      form.set('client_id', id);
      return null;
    }
    const encoded = [id, known].map((part) => new URLSearchParams({ part }).toString().slice('part='.length));
    return `Basic ${Buffer.from(encoded.join(':')).toString('base64')}`;
  }

  async #issuer(): Promise<KnownIssuer> {
    const known = await this.#tokens.issuer.current();
    if (known === null) throw unavailable('the issuer of tokens cannot be reached');
    return known;
  }
}

function secret(): string {
  return randomBytes(32).toString('base64url');
}

function refused(detail: string): ProxyError {
  return new ProxyError('token-refused', { detail });
}

function unavailable(detail: string): ProxyError {
  return new ProxyError('identity-unavailable', { detail });
}
