/** The users that the configuration names, and how a listener lets clients prove that they are one of them. */
import { createHmac, randomBytes } from 'node:crypto';
import { ProxyError } from '../core/errors.ts';
import type { Principal } from '../core/principal.ts';
import type { IdentityPort, LoginPlan, SaslExchange, SaslStep } from '../core/session.ts';
import { MECHANISM, ScramServer, type ScramVerifier } from './scram.ts';

export interface User {
  readonly name: string;
  readonly groups: readonly string[];
  /** Null for a user that can only come by `trust`. */
  readonly verifier: ScramVerifier | null;
}

export type AuthMethod = 'password' | 'trust';

/** Salts and keys of users that do not exist: always the same for one name, so that guessing names tells nothing. */
const MOCK_SECRET = randomBytes(32);
const MOCK_ITERATIONS = 4096;

export class ListenerIdentity implements IdentityPort {
  readonly #users: ReadonlyMap<string, User>;
  readonly #methods: ReadonlySet<AuthMethod>;

  constructor(users: ReadonlyMap<string, User>, methods: readonly AuthMethod[]) {
    this.#users = users;
    this.#methods = new Set(methods);
  }

  login(name: string): LoginPlan {
    const user = this.#users.get(name);
    const trusted = this.#methods.has('trust');
    if (trusted && (!this.#methods.has('password') || (user?.verifier ?? null) === null)) {
      return { plan: 'trust', principal: { name, groups: user?.groups ?? [] } };
    }
    const verifier = user?.verifier ?? null;
    const principal: Principal = { name, groups: user?.groups ?? [] };
    return {
      plan: 'sasl',
      mechanisms: [MECHANISM],
      start: (mechanism) =>
        mechanism === MECHANISM
          ? new ScramExchange(verifier ?? mockVerifier(name), verifier !== null, principal)
          : null,
    };
  }
}

class ScramExchange implements SaslExchange {
  readonly #server: ScramServer;
  readonly #exists: boolean;
  readonly #principal: Principal;

  constructor(verifier: ScramVerifier, exists: boolean, principal: Principal) {
    this.#server = new ScramServer(verifier);
    this.#exists = exists;
    this.#principal = principal;
  }

  step(message: Buffer): SaslStep {
    const step = this.#server.step(message);
    switch (step.step) {
      case 'continue':
        return step;
      case 'proven':
        if (this.#exists) return { step: 'done', data: step.data, principal: this.#principal };
        return this.#failed();
      case 'failed':
        return this.#failed();
    }
  }

  #failed(): SaslStep {
    return {
      step: 'failed',
      error: new ProxyError('login-failed', { detail: `for user "${this.#principal.name}"` }),
    };
  }
}

function mockVerifier(name: string): ScramVerifier {
  const derive = (what: string) => createHmac('sha256', MOCK_SECRET).update(`${what} ${name}`).digest();
  return {
    iterations: MOCK_ITERATIONS,
    salt: derive('salt').subarray(0, 16),
    storedKey: derive('stored'),
    serverKey: derive('server'),
  };
}
