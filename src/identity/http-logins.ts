/** Logins of HTTP clients: a token as Bearer (RFC 6750), a password or a session credential as Basic (RFC 7617). */
import { ProxyError } from '../core/errors.ts';
import type {
  HttpIdentity,
  HttpLogin,
  HttpLoginAnswer,
  IdentityPort,
  IdentitySource,
  Pending,
} from '../core/login.ts';
import { blockedLogin, isFailedLogin } from './limited-logins.ts';
import type { LoginAttempts } from './login-attempts.ts';
import type { OidcTokens } from './oidc-tokens.ts';
import { UpstreamPassword } from './upstream-password.ts';

/** Who comes without a name where everybody is trusted. */
const ANONYMOUS = 'anonymous';

export class HttpLogins implements HttpIdentity {
  readonly challenges: readonly string[];
  readonly #source: IdentitySource;
  readonly #tokens: OidcTokens | null;
  readonly #attempts: LoginAttempts;

  /** `source`: names with passwords, which does not count failures itself. `tokens` null: none are taken. */
  constructor(source: IdentitySource, tokens: OidcTokens | null, realm: string, attempts: LoginAttempts) {
    this.#attempts = attempts;
    this.#source = source;
    this.#tokens = tokens;
    const named = `realm=${JSON.stringify(realm)}`;
    this.challenges = [...(tokens === null ? [] : [`Bearer ${named}`]), `Basic ${named}, charset="UTF-8"`];
  }

  async check(login: HttpLogin): Promise<HttpLoginAnswer> {
    try {
      return await this.#check(login);
    } catch (error) {
      if (error instanceof ProxyError) return { answer: 'refused', error };
      return refused('the login could not be checked');
    }
  }

  async #check(login: HttpLogin): Promise<HttpLoginAnswer> {
    const { authorization } = login;
    if (authorization === null) return this.#password(ANONYMOUS, null, login);
    const [, scheme = '', rest = ''] = /^([A-Za-z]+) +([^\s]+)$/.exec(authorization.trim()) ?? [];
    switch (scheme.toLowerCase()) {
      case 'bearer':
        if (!isPrivate(login)) return refused('a token takes TLS');
        return this.#tokens === null ? refused('no tokens are taken here') : this.#tokens.check(rest);
      case 'basic': {
        if (!isPrivate(login)) return refused('a password takes TLS');
        const pair = Buffer.from(rest, 'base64').toString('utf8');
        const colon = pair.indexOf(':');
        if (colon < 1) return refused('the user has no name');
        return this.#limited(pair.slice(0, colon), pair.slice(colon + 1), login);
      }
      default:
        return refused('Authorization is neither Bearer nor Basic');
    }
  }

  /** A request has failed once, in however many ways its password was held against what is stored. */
  async #limited(user: string, password: string, login: HttpLogin): Promise<HttpLoginAnswer> {
    const { clientAddress } = login;
    if (clientAddress === null) return this.#password(user, password, login);
    const waitMs = this.#attempts.waitMs(user, clientAddress);
    if (waitMs > 0) return { answer: 'refused', error: blockedLogin(waitMs) };
    const answer = await this.#password(user, password, login);
    if (answer.answer === 'refused' && isFailedLogin(answer.error))
      this.#attempts.failed(user, clientAddress);
    return answer;
  }

  /** `password` null: none was shown. */
  async #password(user: string, password: string | null, login: HttpLogin): Promise<HttpLoginAnswer> {
    let wake = () => {};
    const port = this.#source.forConnection({
      clientAddress: login.clientAddress,
      certificate: () => null,
      wake: () => wake(),
    });
    const woken = () =>
      new Promise<void>((resolve) => {
        wake = resolve;
      });
    const { secured } = login;
    const plan = await settled(
      port.mysqlLogin(user, { secured }),
      (one) => (one.plan === 'pending' ? one : null),
      woken,
    );
    if (plan.plan === 'trust') return { answer: 'proven', identity: plan.identity };
    if (plan.plan === 'refused') return { answer: 'refused', error: plan.error };
    if (password === null || plan.plan === 'pending') return refused('nobody has logged in');
    const step = await settled(
      plan.cleartext(Buffer.from(password)),
      (one) => (one.step === 'pending' ? one : null),
      woken,
    );
    if (step.step === 'proven') return { answer: 'proven', identity: step.identity };
    const bySalt = await this.#bySalt(port, user, password, { secured, woken });
    if (bySalt !== null) return bySalt;
    return step.step === 'failed'
      ? { answer: 'refused', error: step.error }
      : refused('nobody has logged in');
  }

  /** A stored verifier of SCRAM is asked as a client that knows the password would ask it. Null: it does not prove it. */
  async #bySalt(
    port: IdentityPort,
    user: string,
    password: string,
    { secured, woken }: { readonly secured: boolean; readonly woken: () => Promise<void> },
  ): Promise<HttpLoginAnswer | null> {
    const plan = await settled(
      port.login(user, { secured }),
      (one) => (one.plan === 'pending' ? one : null),
      woken,
    );
    if (plan.plan !== 'sasl') return null;
    const client = new UpstreamPassword(user, password).sasl(plan.mechanisms);
    const server = client === null ? null : plan.start(client.mechanism);
    let message: Buffer | null = client?.first ?? null;
    while (client !== null && server !== null && message !== null) {
      const step = await settled(server.step(message), (one) => (one.step === 'pending' ? one : null), woken);
      if (step.step === 'done') return { answer: 'proven', identity: step.identity };
      if (step.step !== 'continue') return null;
      message = client.step(step.data);
    }
    return null;
  }
}

function refused(detail: string): HttpLoginAnswer {
  return { answer: 'refused', error: new ProxyError('login-failed', { detail }) };
}

/** What is shown can be read along by nobody who should not. */
function isPrivate({ secured, clientAddress }: HttpLogin): boolean {
  return secured || clientAddress === null || /^(?:::ffff:)?127\.|^::1$/.test(clientAddress);
}

/** What an answer comes to once nothing is pending any more. */
async function settled<Answer extends object>(
  first: Answer,
  pending: (answer: Answer) => Pending<Answer> | null,
  woken: () => Promise<void>,
): Promise<Answer> {
  for (let answer = first; ; ) {
    const waiting = pending(answer);
    if (waiting === null) return answer;
    const waits = woken();
    const next = waiting.answer();
    if (next === null) await waits;
    else answer = next;
  }
}
