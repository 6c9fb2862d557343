/**
 * How a client proves who it is, in the connection phase and in COM_CHANGE_USER: payloads in, payloads out.
 *
 *   begin ──► plugin's answer ──► proven | failed | full ──password──► proven | failed
 *     ├──► switch ──answer──────────────▲             └──key asked──► key ──encrypted──► proven | failed
 *     └──► clear ──password──► proven | failed
 *
 * Which steps are taken depends on the client and on what kind of password is stored, never on whether a user exists
 * or an answer was nearly right.
 */
import { ProxyError } from '../../src/core/errors.ts';
import type {
  IdentityPort,
  MysqlLoginPlan,
  MysqlPasswordCheck,
  PasswordStep,
  Pending,
} from '../../src/core/login.ts';
import type { Identity } from '../../src/core/principal.ts';
import { authSwitchRequest } from './encode.ts';

export const CACHING_SHA2 = 'caching_sha2_password';
export const NATIVE = 'mysql_native_password';
export const CLEAR = 'mysql_clear_password';
export const NONCE_BYTES = 20;

/** First byte of what the server says within caching_sha2_password, after that of AuthMoreData. */
const FAST_PROVEN = Buffer.from([0x01, 0x03]);
const FULL_WANTED = Buffer.from([0x01, 0x04]);
const MORE_DATA = 0x01;
const KEY_ASKED = 0x02;
/** A password in clear text; the servers take 256 bytes and fewer, but tokens of an issuer are longer. */
const PASSWORD_BYTES_MAX = 64 * 1024;

export type AuthStep =
  /** A payload for the client; its answer goes to `step`. */
  | { readonly step: 'continue'; readonly payload: Buffer }
  /** `payload`, if there is one, goes to the client before the OK packet. */
  | { readonly step: 'proven'; readonly identity: Identity; readonly payload: Buffer | null }
  | { readonly step: 'failed'; readonly error: ProxyError }
  /** Identity asks elsewhere. Nothing more is read of the client until it has its answer. */
  | ({ readonly step: 'pending' } & Pending<AuthStep>);

export interface ClientLogin {
  readonly user: string;
  readonly identity: IdentityPort;
  /**
   * What the client was greeted with: an answer by another plugin than that was not made with this nonce, or not made
   * at all. Null in COM_CHANGE_USER, whose answer is never looked at: clients differ in which nonce they make it with,
   * and with a fresh one it cannot be one of before.
   */
  readonly greeted: { readonly plugin: string; readonly nonce: Buffer } | null;
  readonly secured: boolean;
  /** The client can be asked to change to another plugin (PLUGIN_AUTH). */
  readonly switches: boolean;
}

type Phase = 'begin' | 'native' | 'fast' | 'full' | 'encrypted' | 'clear' | 'over';

export class ClientAuthentication {
  readonly #login: ClientLogin;
  #plan: MysqlLoginPlan;
  #nonce: Buffer;
  #phase: Phase = 'begin';

  constructor(login: ClientLogin) {
    this.#login = login;
    this.#plan = login.identity.mysqlLogin(login.user, { secured: login.secured });
    this.#nonce = login.greeted?.nonce ?? login.identity.mysqlNonce();
  }

  /** The answer that came with the login, and the plugin by which the client made it. */
  begin(plugin: string, answer: Buffer): AuthStep {
    const plan = this.#plan;
    switch (plan.plan) {
      case 'refused':
        return this.#failed(plan.error);
      case 'pending':
        return this.#awaitPlan(plan, plugin, Buffer.from(answer));
      case 'trust':
        return this.#trusted(plugin, answer, plan.identity);
      case 'password':
        if (this.#login.secured ? plugin === CLEAR : plan.wantsCleartext) return this.#switch(CLEAR);
        if (plugin === this.#login.greeted?.plugin) {
          if (plugin === CACHING_SHA2) return this.#fast(plan, answer);
          if (plugin === NATIVE && plan.takesNative) return this.#native(plan, answer);
        }
        return this.#switch(plugin === NATIVE && plan.takesNative ? NATIVE : CACHING_SHA2);
    }
  }

  #awaitPlan(plan: Pending<MysqlLoginPlan>, plugin: string, answer: Buffer): AuthStep {
    return {
      step: 'pending',
      answer: () => {
        const settled = plan.answer();
        if (settled === null) return null;
        this.#plan = settled;
        return this.begin(plugin, answer);
      },
    };
  }

  /** The client's next payload, as a view. */
  step(answer: Buffer): AuthStep {
    const plan = this.#plan;
    if (plan.plan !== 'password') return this.#failed(unexpected());
    switch (this.#phase) {
      case 'native':
        return this.#native(plan, answer);
      case 'fast':
        return this.#fast(plan, answer);
      case 'full':
        return this.#full(plan, answer);
      case 'encrypted':
        return this.#encrypted(plan, answer);
      case 'clear':
        return this.#password(plan, answer);
      case 'begin':
      case 'over':
        return this.#failed(unexpected());
    }
  }

  /** The plugin waits to be told that its answer was right, unless it has said that there is no password. */
  #trusted(plugin: string, answer: Buffer, identity: Identity): AuthStep {
    this.#phase = 'over';
    const waits = plugin === CACHING_SHA2 && !isEmpty(answer);
    return { step: 'proven', identity, payload: waits ? FAST_PROVEN : null };
  }

  #switch(plugin: typeof NATIVE | typeof CACHING_SHA2 | typeof CLEAR): AuthStep {
    if (!this.#login.switches) {
      return this.#failed(new ProxyError('login-refused', { detail: `the client cannot do ${plugin}` }));
    }
    this.#phase = SWITCHED[plugin];
    this.#nonce = this.#login.identity.mysqlNonce();
    return { step: 'continue', payload: authSwitchRequest(plugin, this.#nonce) };
  }

  #native(plan: MysqlPasswordCheck, answer: Buffer): AuthStep {
    return this.#outcome(plan.native(this.#nonce, answer), null);
  }

  #fast(plan: MysqlPasswordCheck, answer: Buffer): AuthStep {
    // Without a password the plugin is done, and takes no further question.
    if (isEmpty(answer)) return this.#outcome(null, null);
    const identity = plan.cachingSha2(this.#nonce, answer);
    if (identity !== null) return this.#outcome(identity, FAST_PROVEN);
    this.#phase = 'full';
    return { step: 'continue', payload: FULL_WANTED };
  }

  #full(plan: MysqlPasswordCheck, answer: Buffer): AuthStep {
    if (this.#login.secured) return this.#password(plan, answer);
    const { key } = plan;
    if (answer.length === 1 && answer[0] === KEY_ASKED && key !== null) {
      this.#phase = 'encrypted';
      return {
        step: 'continue',
        payload: Buffer.concat([Buffer.from([MORE_DATA]), Buffer.from(key.publicPem)]),
      };
    }
    // A client that has the key from elsewhere does not ask for it. One that sends its password in the clear fails here.
    return this.#encrypted(plan, answer);
  }

  #encrypted(plan: MysqlPasswordCheck, answer: Buffer): AuthStep {
    const hidden = plan.key?.decrypt(answer) ?? null;
    if (hidden === null) {
      return this.#failed(
        new ProxyError('login-refused', {
          detail: 'the password has to come over TLS, or under the RSA key of the server',
        }),
      );
    }
    for (let n = 0; n < hidden.length; n++)
      hidden[n] = (hidden[n] ?? 0) ^ (this.#nonce[n % NONCE_BYTES] ?? 0);
    return this.#password(plan, hidden);
  }

  /** NUL-terminated. */
  #password(plan: MysqlPasswordCheck, bytes: Buffer): AuthStep {
    const end = bytes.length - 1;
    if (end < 0 || end > PASSWORD_BYTES_MAX || bytes.indexOf(0) !== end) return this.#outcome(null, null);
    return this.#passwordStep(plan.cleartext(bytes.subarray(0, end)));
  }

  #passwordStep(step: PasswordStep): AuthStep {
    switch (step.step) {
      case 'failed':
        return this.#failed(step.error);
      case 'proven':
        return this.#outcome(step.identity, null);
      case 'pending':
        return {
          step: 'pending',
          answer: () => {
            const settled = step.answer();
            return settled === null ? null : this.#passwordStep(settled);
          },
        };
    }
  }

  #outcome(identity: Identity | null, payload: Buffer | null): AuthStep {
    if (identity === null) {
      return this.#failed(new ProxyError('login-failed', { detail: `for user "${this.#login.user}"` }));
    }
    this.#phase = 'over';
    return { step: 'proven', identity, payload };
  }

  #failed(error: ProxyError): AuthStep {
    this.#phase = 'over';
    return { step: 'failed', error };
  }
}

const SWITCHED = { [NATIVE]: 'native', [CACHING_SHA2]: 'fast', [CLEAR]: 'clear' } as const;

/** How a plugin says that there is no password: nothing at all, or a lone terminator. */
function isEmpty(answer: Buffer): boolean {
  return answer.length === 0 || (answer.length === 1 && answer[0] === 0);
}

function unexpected(): ProxyError {
  return new ProxyError('protocol-violation', { detail: 'an answer to no question' });
}
