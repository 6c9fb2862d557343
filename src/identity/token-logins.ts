/**
 * Logins by a token of an issuer: as the password, or by OAUTHBEARER. Whoever has a stored password goes on proving it
 * as before, where the listener takes passwords too; everybody else is asked for a token.
 */
import { ProxyError } from '../core/errors.ts';
import type {
  ClientConnection,
  IdentityPort,
  IdentitySource,
  LoginPlan,
  MysqlLoginPlan,
  PasswordStep,
} from '../core/login.ts';
import { type BearerHint, OAUTHBEARER, OauthBearerExchange } from './oauth-bearer.ts';
import type { OidcTokens } from './oidc-tokens.ts';
import { pendingOf } from './pending.ts';

/** Users whose passwords are stored. */
export interface StoredLogins extends IdentitySource {
  /** Whether this user has a password that a client of that protocol can prove here. */
  hasPassword(user: string, protocol: 'postgres' | 'mysql'): boolean;
}

export interface TokenLoginSettings {
  /** How Postgres clients are asked: for the password, which any client can send, or by OAUTHBEARER. */
  readonly postgres: 'cleartext' | 'oauthbearer';
  readonly hint: BearerHint;
}

export class TokenLogins implements IdentitySource {
  readonly #stored: StoredLogins;
  readonly #tokens: OidcTokens;
  readonly #settings: TokenLoginSettings;

  constructor(stored: StoredLogins, tokens: OidcTokens, settings: TokenLoginSettings) {
    this.#stored = stored;
    this.#tokens = tokens;
    this.#settings = settings;
  }

  forConnection(connection: ClientConnection): IdentityPort {
    const stored = this.#stored.forConnection(connection);
    return {
      mysqlNonce: () => stored.mysqlNonce(),
      login: (user, { secured }): LoginPlan => {
        if (this.#stored.hasPassword(user, 'postgres')) return stored.login(user, { secured });
        if (!secured && !isLoopback(connection)) return NEEDS_TLS;
        const check = (token: string) => this.#check(user, token, connection);
        if (this.#settings.postgres === 'cleartext')
          return { plan: 'cleartext', check: (password) => check(password.toString('utf8')) };
        return {
          plan: 'sasl',
          mechanisms: [OAUTHBEARER],
          start: (mechanism) =>
            mechanism === OAUTHBEARER ? new OauthBearerExchange(user, this.#settings.hint, check) : null,
        };
      },
      mysqlLogin: (user, { secured }): MysqlLoginPlan => {
        const plan = stored.mysqlLogin(user, { secured });
        if (plan.plan !== 'password' || this.#stored.hasPassword(user, 'mysql')) return plan;
        if (!secured && !isLoopback(connection)) return NEEDS_TLS;
        return {
          ...plan,
          // Only caching_sha2_password, in full, and mysql_clear_password bring the password itself.
          takesNative: false,
          wantsCleartext: !secured,
          cleartext: (password) => this.#check(user, password.toString('utf8'), connection),
        };
      },
    };
  }

  #check(user: string, token: string, connection: ClientConnection): PasswordStep {
    const answered = this.#tokens.check(token).then((answer): PasswordStep => {
      if (answer.answer === 'refused') return { step: 'failed', error: answer.error };
      const { identity } = answer;
      // Who names nobody is whom the token names.
      if (user === '' || identity.principal.name === user) return { step: 'proven', identity };
      const detail = 'it is for another user than the one who logs in';
      return { step: 'failed', error: new ProxyError('token-refused', { detail }) };
    });
    return { step: 'pending', ...pendingOf(answered, () => connection.wake()) };
  }
}

const NEEDS_TLS = {
  plan: 'refused',
  error: new ProxyError('login-refused', { detail: 'tokens are taken over TLS only' }),
} as const;

/** Nobody but this machine reads along. */
export function isLoopback({ clientAddress }: ClientConnection): boolean {
  return clientAddress === null || clientAddress === '::1' || /^(?:::ffff:)?127\./.test(clientAddress);
}
