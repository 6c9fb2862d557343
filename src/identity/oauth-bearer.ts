/** OAUTHBEARER (RFC 7628): a token as a SASL mechanism, as Postgres 18 clients speak it. */
import { ProxyError } from '../core/errors.ts';
import type { PasswordStep, SaslExchange, SaslStep } from '../core/login.ts';

export const OAUTHBEARER = 'OAUTHBEARER';
const SEPARATOR = '\x01';

/** What a client that has no token, or none that is accepted, is told to get one by. */
export interface BearerHint {
  /** Where the issuer describes itself. */
  readonly configurationUrl: string;
  readonly scope: string;
}

export class OauthBearerExchange implements SaslExchange {
  readonly #user: string;
  readonly #hint: BearerHint;
  readonly #check: (token: string) => PasswordStep;
  /** Why the client was refused; it has to acknowledge that before it is told (section 3.2.3). */
  #refusal: ProxyError | null = null;

  constructor(user: string, hint: BearerHint, check: (token: string) => PasswordStep) {
    this.#user = user;
    this.#hint = hint;
    this.#check = check;
  }

  step(message: Buffer): SaslStep {
    if (this.#refusal !== null) return { step: 'failed', error: this.#refusal };
    // gs2-header, then key/value pairs, each ended by ^A, and another ^A (section 3.1).
    const [header = '', ...pairs] = message.toString('utf8').split(SEPARATOR);
    // A channel binding ("p=") was not offered.
    const gs2 = /^[ny],(?:a=([^,]*))?,$/.exec(header);
    if (gs2 === null || pairs.at(-1) !== '' || pairs.at(-2) !== '')
      return failed('protocol-violation', 'a malformed message of OAUTHBEARER');
    const authorized = gs2[1];
    if (authorized !== undefined && authorized !== '' && unescaped(authorized) !== this.#user)
      return failed('login-refused', 'OAUTHBEARER names another user than the start-up packet');
    const auth = pairs.find((pair) => pair.startsWith('auth='));
    if (auth === undefined) return failed('protocol-violation', 'no "auth" in the message of OAUTHBEARER');
    const token = /^auth=bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(auth)?.[1];
    // Without a token a client asks where to get one.
    if (token === undefined)
      return this.#refused(new ProxyError('token-refused', { detail: 'there is none' }));
    return this.#outcome(this.#check(token));
  }

  #outcome(step: PasswordStep): SaslStep {
    switch (step.step) {
      case 'proven':
        return { step: 'done', data: null, identity: step.identity };
      case 'failed':
        return this.#refused(step.error);
      case 'pending':
        return {
          step: 'pending',
          answer: () => {
            const settled = step.answer();
            return settled === null ? null : this.#outcome(settled);
          },
        };
    }
  }

  #refused(error: ProxyError): SaslStep {
    this.#refusal = error;
    const { configurationUrl, scope } = this.#hint;
    const told = { status: 'invalid_token', 'openid-configuration': configurationUrl, scope };
    return { step: 'continue', data: Buffer.from(JSON.stringify(told)) };
  }
}

function failed(code: 'protocol-violation' | 'login-refused', detail: string): SaslStep {
  return { step: 'failed', error: new ProxyError(code, { detail }) };
}

/** `=2C` is a comma and `=3D` an equals sign (RFC 5801, section 4). */
function unescaped(name: string): string {
  return name.replaceAll('=2C', ',').replaceAll('=3D', '=');
}
