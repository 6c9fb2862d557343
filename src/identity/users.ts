/** The users that the configuration names, and how a listener lets clients prove that they are one of them. */
import { createHmac, randomBytes } from 'node:crypto';
import { ProxyError } from '../core/errors.ts';
import type {
  IdentityPort,
  IdentitySource,
  LoginPlan,
  MysqlLoginPlan,
  MysqlPasswordKey,
  PasswordStep,
  SaslExchange,
  SaslStep,
} from '../core/login.ts';
import { type Identity, lastingIdentity } from '../core/principal.ts';
import {
  FAST_BYTES,
  fastDigest,
  freshNonce,
  isPasswordOf,
  type MysqlVerifier,
  mockOf,
  NATIVE_BYTES,
  provesFast,
  provesNative,
} from './mysql-password.ts';
import { MECHANISM, ScramServer, type ScramVerifier } from './scram.ts';

export interface User {
  readonly name: string;
  readonly groups: readonly string[];
  /** What is stored of the password, for either protocol. Both are null for a user that can only come by `trust`. */
  readonly verifier: ScramVerifier | null;
  readonly mysql: MysqlVerifier | null;
}

export type AuthMethod = 'password' | 'trust';

/** Salts and keys of users that do not exist: always the same for one name, so that guessing names tells nothing. */
const MOCK_SECRET = randomBytes(32);
const MOCK_ITERATIONS = 4096;

export class ListenerIdentity implements IdentityPort, IdentitySource {
  readonly #users: ReadonlyMap<string, User>;
  readonly #methods: ReadonlySet<AuthMethod>;
  readonly #key: MysqlPasswordKey | null;
  /** SHA256(SHA256(password)) of users that have shown their password, as the server keeps it: MySQL's fast login. */
  readonly #fast = new Map<string, Buffer>();

  /** `key` is for MySQL clients that come without TLS. */
  constructor(
    users: ReadonlyMap<string, User>,
    methods: readonly AuthMethod[],
    key: MysqlPasswordKey | null = null,
  ) {
    this.#users = users;
    this.#methods = new Set(methods);
    this.#key = key;
  }

  forConnection(): IdentityPort {
    return this;
  }

  /** Where it does not, everybody is asked for one and nobody has it. */
  get #takesPasswords(): boolean {
    return this.#methods.has('password');
  }

  hasPassword(name: string, protocol: 'postgres' | 'mysql'): boolean {
    const user = this.#users.get(name);
    const stored = protocol === 'postgres' ? user?.verifier : user?.mysql;
    return this.#takesPasswords && (stored ?? null) !== null;
  }

  /** Comes by `trust`: always, or because there is no password to ask for. */
  #isTrusted(user: User | undefined): boolean {
    if (!this.#methods.has('trust')) return false;
    const hasPassword = user !== undefined && (user.verifier !== null || user.mysql !== null);
    return !this.#methods.has('password') || !hasPassword;
  }

  login(name: string): LoginPlan {
    const user = this.#users.get(name);
    if (this.#isTrusted(user)) {
      return { plan: 'trust', identity: lastingIdentity({ name, groups: user?.groups ?? [] }, 'trust') };
    }
    const verifier = this.#takesPasswords ? (user?.verifier ?? null) : null;
    const identity = lastingIdentity({ name, groups: user?.groups ?? [] }, 'password');
    return {
      plan: 'sasl',
      mechanisms: [MECHANISM],
      start: (mechanism) =>
        mechanism === MECHANISM
          ? new ScramExchange(verifier ?? mockVerifier(name), verifier !== null, identity)
          : null,
    };
  }

  mysqlLogin(name: string): MysqlLoginPlan {
    const user = this.#users.get(name);
    const principal = { name, groups: user?.groups ?? [] };
    if (this.#isTrusted(user)) return { plan: 'trust', identity: lastingIdentity(principal, 'trust') };
    const identity = lastingIdentity(principal, 'password');
    const stored = this.#takesPasswords ? (user?.mysql ?? null) : null;
    const exists = stored !== null;
    const verifier = stored ?? this.#mock(name);
    const native = verifier.kind === 'digests' || verifier.kind === 'native' ? verifier.native : null;
    const whom = (proven: boolean) => (proven && exists ? identity : null);
    return {
      plan: 'password',
      takesNative: native !== null,
      wantsCleartext: false,
      key: this.#key,
      native: (nonce, answer) => whom(provesNative(native ?? NO_NATIVE, nonce, answer)),
      cachingSha2: (nonce, answer) => {
        const known = verifier.kind === 'digests' ? verifier.fast : this.#fast.get(name);
        return whom(provesFast(known ?? NO_FAST, nonce, answer));
      },
      cleartext: (password): PasswordStep => {
        const proven = whom(isPasswordOf(verifier, password));
        if (proven === null) return { step: 'failed', error: loginFailed(name) };
        this.#fast.set(name, fastDigest(password));
        return { step: 'proven', identity: proven };
      },
    };
  }

  mysqlNonce(): Buffer {
    return freshNonce();
  }

  /** A user that does not exist is asked like one that does: like which, its name decides. */
  #mock(name: string): MysqlVerifier {
    const derive = (what: string) => derived(what, name);
    const real = [...this.#users.values()].flatMap(({ mysql }) => (mysql === null ? [] : [mysql]));
    const like = real[derive('like').readUInt32BE() % Math.max(1, real.length)];
    return mockOf(like ?? { kind: 'digests', native: NO_NATIVE, fast: NO_FAST }, derive);
  }
}

/** Digests of no password that anybody knows. */
const NO_NATIVE = randomBytes(NATIVE_BYTES);
const NO_FAST = randomBytes(FAST_BYTES);

function derived(what: string, name: string): Buffer {
  return createHmac('sha256', MOCK_SECRET).update(`${what} ${name}`).digest();
}

class ScramExchange implements SaslExchange {
  readonly #server: ScramServer;
  readonly #exists: boolean;
  readonly #identity: Identity;

  constructor(verifier: ScramVerifier, exists: boolean, identity: Identity) {
    this.#server = new ScramServer(verifier);
    this.#exists = exists;
    this.#identity = identity;
  }

  step(message: Buffer): SaslStep {
    const step = this.#server.step(message);
    switch (step.step) {
      case 'continue':
        return step;
      case 'proven':
        if (this.#exists) return { step: 'done', data: step.data, identity: this.#identity };
        return this.#failed();
      case 'failed':
        return this.#failed();
    }
  }

  #failed(): SaslStep {
    return { step: 'failed', error: loginFailed(this.#identity.principal.name) };
  }
}

function loginFailed(name: string): ProxyError {
  return new ProxyError('login-failed', { detail: `for user "${name}"` });
}

function mockVerifier(name: string): ScramVerifier {
  const derive = (what: string) => derived(what, name);
  return {
    iterations: MOCK_ITERATIONS,
    salt: derive('salt').subarray(0, 16),
    storedKey: derive('stored'),
    serverKey: derive('server'),
  };
}
