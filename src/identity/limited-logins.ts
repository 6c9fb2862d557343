/** Logins that are turned away unasked while too many from there have failed. */
import { type ErrorCode, ProxyError } from '../core/errors.ts';
import type {
  ClientConnection,
  IdentityPort,
  IdentitySource,
  LoginPlan,
  MysqlLoginPlan,
  PasswordStep,
  SaslExchange,
  SaslStep,
} from '../core/login.ts';
import type { LoginAttempts } from './login-attempts.ts';

/** Failures of who logs in. What is ours, such as a store that does not answer, is not held against them. */
const COUNTED: ReadonlySet<ErrorCode> = new Set(['login-failed', 'token-refused']);

export function isFailedLogin({ code }: ProxyError): boolean {
  return COUNTED.has(code);
}

export function blockedLogin(waitMs: number): ProxyError {
  return new ProxyError('login-blocked', { detail: `in ${Math.ceil(waitMs / 1000)} seconds` });
}

export class LimitedLogins implements IdentitySource {
  readonly #logins: IdentitySource;
  readonly #attempts: LoginAttempts;

  constructor(logins: IdentitySource, attempts: LoginAttempts) {
    this.#logins = logins;
    this.#attempts = attempts;
  }

  forConnection(connection: ClientConnection): IdentityPort {
    const logins = this.#logins.forConnection(connection);
    // Who comes by a local socket is known to the machine.
    const { clientAddress } = connection;
    if (clientAddress === null) return logins;
    const watch = (user: string) =>
      new Watched({
        failed: (error) => {
          if (error === null || isFailedLogin(error)) this.#attempts.failed(user, clientAddress);
        },
        unanswered: () => this.#attempts.unanswered(clientAddress),
        answered: () => this.#attempts.answered(clientAddress),
      });
    return {
      mysqlNonce: () => logins.mysqlNonce(),
      login: (user, how) => {
        const blocked = this.#blocked(user, clientAddress);
        if (blocked === null) return watch(user).plan(logins.login(user, how));
        return { plan: 'refused', error: blocked };
      },
      mysqlLogin: (user, how) => {
        const blocked = this.#blocked(user, clientAddress);
        if (blocked === null) return watch(user).mysqlPlan(logins.mysqlLogin(user, how));
        return { plan: 'refused', error: blocked };
      },
    };
  }

  #blocked(user: string, address: string): ProxyError | null {
    const waitMs = this.#attempts.waitMs(user, address);
    return waitMs === 0 ? null : blockedLogin(waitMs);
  }
}

interface Told {
  failed(error: ProxyError | null): void;
  unanswered(): void;
  answered(): void;
}

/** Tells of a failure wherever in a login it comes to light; null: an answer that proves nothing. */
class Watched {
  readonly #told: Told;
  /** The client was told that its fast answer proves nothing, and is asked for its password. */
  #isAsked = false;

  constructor(told: Told) {
    this.#told = told;
  }

  #failed(error: ProxyError | null): void {
    this.#told.failed(error);
  }

  plan(plan: LoginPlan): LoginPlan {
    switch (plan.plan) {
      case 'trust':
      case 'refused':
        return plan;
      case 'sasl':
        return {
          ...plan,
          start: (mechanism) => {
            const exchange = plan.start(mechanism);
            return exchange === null ? null : this.#exchange(exchange);
          },
        };
      case 'cleartext':
        return { plan: 'cleartext', check: (password) => this.#step(plan.check(password)) };
      case 'pending':
        return { plan: 'pending', answer: () => mapped(plan.answer(), (settled) => this.plan(settled)) };
    }
  }

  mysqlPlan(plan: MysqlLoginPlan): MysqlLoginPlan {
    switch (plan.plan) {
      case 'trust':
      case 'refused':
        return plan;
      case 'password':
        return {
          ...plan,
          native: (nonce, answer) => {
            const identity = plan.native(nonce, answer);
            if (identity === null) this.#failed(null);
            return identity;
          },
          cachingSha2: (nonce, answer) => {
            const identity = plan.cachingSha2(nonce, answer);
            if (identity === null) {
              this.#isAsked = true;
              this.#told.unanswered();
            }
            return identity;
          },
          cleartext: (password) => {
            if (this.#isAsked) this.#told.answered();
            this.#isAsked = false;
            return this.#step(plan.cleartext(password));
          },
        };
      case 'pending':
        return { plan: 'pending', answer: () => mapped(plan.answer(), (settled) => this.mysqlPlan(settled)) };
    }
  }

  #exchange(exchange: SaslExchange): SaslExchange {
    return { step: (message) => this.#saslStep(exchange.step(message)) };
  }

  #saslStep(step: SaslStep): SaslStep {
    if (step.step === 'failed') this.#failed(step.error);
    if (step.step !== 'pending') return step;
    return { step: 'pending', answer: () => mapped(step.answer(), (settled) => this.#saslStep(settled)) };
  }

  #step(step: PasswordStep): PasswordStep {
    if (step.step === 'failed') this.#failed(step.error);
    if (step.step !== 'pending') return step;
    return { step: 'pending', answer: () => mapped(step.answer(), (settled) => this.#step(settled)) };
  }
}

function mapped<Answer>(answer: Answer | null, map: (answer: Answer) => Answer): Answer | null {
  return answer === null ? null : map(answer);
}
