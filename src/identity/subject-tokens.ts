/**
 * Tokens with which clients have logged in, for as long as they are somebody: to be exchanged for others (RFC 8693) and
 * for nothing else. Whoever holds an identity holds no secret; it is only to be had here.
 */
import type { HttpIdentity, HttpLogin, HttpLoginAnswer } from '../core/login.ts';
import type { Identity } from '../core/principal.ts';

export class SubjectTokens {
  readonly #tokens = new WeakMap<Identity, string>();

  /** The token that was shown; null: none was. */
  of(actor: Identity): string | null {
    return this.#tokens.get(actor) ?? null;
  }

  /** Logins as before, of which the tokens are remembered. */
  remembering(logins: HttpIdentity): HttpIdentity {
    return {
      challenges: logins.challenges,
      check: async (login) => this.#remember(login, await logins.check(login)),
    };
  }

  #remember({ authorization }: HttpLogin, answer: HttpLoginAnswer): HttpLoginAnswer {
    const token = /^Bearer +([^\s]+)$/i.exec(authorization?.trim() ?? '')?.[1];
    if (answer.answer === 'proven' && answer.identity.proof.via === 'oidc' && token !== undefined)
      this.#tokens.set(answer.identity, token);
    return answer;
  }
}
