/**
 * Logins by session credentials, beside whatever else a listener takes. All that a name may log in with is looked up
 * before the client is asked, since SCRAM tells the salt first; then an answer is held against each of them.
 */
import { randomBytes } from 'node:crypto';
import { ProxyError } from '../core/errors.ts';
import type {
  ClientConnection,
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
import { isPasswordOf, provesFast, provesNative } from './mysql-password.ts';
import { pendingOf } from './pending.ts';
import {
  ITERATIONS,
  MECHANISM,
  makeVerifier,
  parseVerifier,
  ScramServer,
  type ScramVerifier,
} from './scram.ts';
import {
  type Candidate,
  candidateOf,
  isSecret,
  type ScramSalt,
  saltFor,
  sameSalt,
} from './session-credential.ts';
import type { FoundCredentials, SessionCredentials } from './session-credentials.ts';
import { isVerifier } from './stored-password.ts';

/** A user of the configuration. */
export interface ConfiguredUser {
  readonly name: string;
  readonly groups: readonly string[];
  /** The password or a verifier of it, as the configuration has it; null: none, or the listener takes no passwords. */
  readonly password: string | null;
}

export interface SessionLoginGround {
  readonly listener: string;
  readonly users: ReadonlyMap<string, ConfiguredUser>;
  readonly credentials: SessionCredentials;
  /** For MySQL clients that come without TLS. */
  readonly key: MysqlPasswordKey | null;
}

interface ScramCandidate {
  readonly scram: ScramVerifier;
  readonly identity: Identity;
}

const KEY_BYTES = 32;

/** What to hold answers against; null: the store could not be asked, and the name may have other ways to log in. */
type Candidates = { readonly own: readonly Candidate[]; readonly mockSalt: ScramSalt } | null;

export class SessionLogins implements IdentitySource {
  readonly #other: IdentitySource;
  readonly #ground: SessionLoginGround;
  /** Verifiers of passwords that the configuration has in clear text, by user. */
  readonly #derived = new Map<string, ScramVerifier>();

  /** `other`: how clients log in that have no session credential. */
  constructor(other: IdentitySource, ground: SessionLoginGround) {
    this.#other = other;
    this.#ground = ground;
  }

  forConnection(connection: ClientConnection): IdentityPort {
    const other = this.#other.forConnection(connection);
    return {
      mysqlNonce: () => other.mysqlNonce(),
      login: (user, how) => {
        const plan = other.login(user, how);
        if (plan.plan === 'trust') return plan;
        const found = this.#candidates(user).then((candidates) => this.#plan(user, plan, candidates));
        return { plan: 'pending', ...pendingOf(found, () => connection.wake()) };
      },
      mysqlLogin: (user, how) => {
        const plan = other.mysqlLogin(user, how);
        if (plan.plan === 'trust') return plan;
        const found = this.#candidates(user).then((candidates) => this.#mysqlPlan(user, plan, candidates));
        return { plan: 'pending', ...pendingOf(found, () => connection.wake()) };
      },
    };
  }

  async #candidates(name: string): Promise<Candidates> {
    let found: FoundCredentials;
    try {
      found = await this.#ground.credentials.of(name);
    } catch {
      // What is wrong with the store is logged by the store.
      return null;
    }
    const user = this.#ground.users.get(name);
    const own = found.credentials.flatMap((stored) => {
      const candidate = candidateOf(stored, this.#ground.listener, user?.groups ?? null);
      return candidate === null ? [] : [candidate];
    });
    return { own, mockSalt: saltFor(found.storeSalt, name, ITERATIONS) };
  }

  #hasPassword(name: string): boolean {
    return (this.#ground.users.get(name)?.password ?? null) !== null;
  }

  #plan(name: string, other: LoginPlan, candidates: Candidates): LoginPlan {
    // Who comes by a token of an issuer needs no store, and no question that only a password answers.
    const isByToken =
      other.plan === 'cleartext' || (other.plan === 'sasl' && !other.mechanisms.includes(MECHANISM));
    if (candidates === null) return this.#hasPassword(name) || isByToken ? other : UNAVAILABLE;
    if (isByToken && other.plan === 'sasl' && candidates.own.length === 0) return other;
    switch (other.plan) {
      case 'trust':
        return other;
      case 'cleartext':
        return {
          plan: 'cleartext',
          check: (password) =>
            isSecret(password) ? checked(name, password, candidates.own) : other.check(password),
        };
      case 'sasl': {
        const rest = other.mechanisms.filter((mechanism) => mechanism !== MECHANISM);
        return {
          plan: 'sasl',
          mechanisms: [MECHANISM, ...rest],
          start: (mechanism) =>
            mechanism === MECHANISM ? this.#scram(name, candidates) : other.start(mechanism),
        };
      }
      // What is refused without TLS may still come by SCRAM, which tells nobody anything.
      case 'refused':
        return {
          plan: 'sasl',
          mechanisms: [MECHANISM],
          start: (mechanism) => (mechanism === MECHANISM ? this.#scram(name, candidates) : null),
        };
      case 'pending':
        return {
          plan: 'pending',
          answer: () => {
            const settled = other.answer();
            return settled === null ? null : this.#plan(name, settled, candidates);
          },
        };
    }
  }

  #scram(name: string, { own, mockSalt }: NonNullable<Candidates>): SaslExchange {
    const scrams = own.flatMap(({ scram, identity }) => (scram === null ? [] : [{ scram, identity }]));
    const password = this.#passwordVerifier(name, scrams[0]?.scram ?? mockSalt);
    const all = password === null ? scrams : [password, ...scrams];
    // One salt is told: that of the password, which may stand in a file, else that of the newest credential.
    const told = all[0]?.scram ?? mockSalt;
    const usable = all.filter(({ scram }) => sameSalt(scram, told));
    return new CandidateScram(name, told, usable);
  }

  /** A password that is known as such can be checked with any salt. */
  #passwordVerifier(name: string, wanted: ScramSalt): ScramCandidate | null {
    const user = this.#ground.users.get(name);
    const password = user?.password ?? null;
    if (user === undefined || password === null) return null;
    const scram = isVerifier(password)
      ? parseVerifier(password)
      : this.#derivedVerifier(name, password, wanted);
    const identity = lastingIdentity({ name, groups: user.groups }, 'password');
    return scram === null ? null : { scram, identity };
  }

  /** It takes milliseconds to make, and the salt stays. */
  #derivedVerifier(name: string, password: string, wanted: ScramSalt): ScramVerifier {
    const known = this.#derived.get(name);
    if (known !== undefined && sameSalt(known, wanted)) return known;
    const made = makeVerifier(password, wanted.salt, wanted.iterations);
    this.#derived.set(name, made);
    return made;
  }

  #mysqlPlan(name: string, other: MysqlLoginPlan, candidates: Candidates): MysqlLoginPlan {
    if (candidates === null) {
      const hasOther = this.#hasPassword(name) || (other.plan === 'password' && other.wantsCleartext);
      return hasOther ? other : UNAVAILABLE;
    }
    const { own } = candidates;
    switch (other.plan) {
      case 'trust':
        return other;
      case 'password':
        return {
          ...other,
          native: (nonce, answer) => found(own, 'native', nonce, answer) ?? other.native(nonce, answer),
          cachingSha2: (nonce, answer) =>
            found(own, 'fast', nonce, answer) ?? other.cachingSha2(nonce, answer),
          cleartext: (password) =>
            isSecret(password) ? checked(name, password, own) : other.cleartext(password),
        };
      case 'refused':
        return {
          plan: 'password',
          takesNative: true,
          wantsCleartext: false,
          native: (nonce, answer) => found(own, 'native', nonce, answer),
          cachingSha2: (nonce, answer) => found(own, 'fast', nonce, answer),
          cleartext: (password) => checked(name, password, own),
          key: this.#ground.key,
        };
      case 'pending':
        return {
          plan: 'pending',
          answer: () => {
            const settled = other.answer();
            return settled === null ? null : this.#mysqlPlan(name, settled, candidates);
          },
        };
    }
  }
}

const UNAVAILABLE = {
  plan: 'refused',
  error: new ProxyError('identity-unavailable', { detail: 'the state store does not answer' }),
} as const;

/** Every candidate is tried, whichever was right. */
function found(
  own: readonly Candidate[],
  how: 'native' | 'fast',
  nonce: Buffer,
  answer: Buffer,
): Identity | null {
  let right: Identity | null = null;
  for (const { mysql, identity } of own) {
    if (mysql?.kind !== 'digests') continue;
    const proves =
      how === 'native' ? provesNative(mysql.native, nonce, answer) : provesFast(mysql.fast, nonce, answer);
    if (proves) right ??= identity;
  }
  return right;
}

function checked(name: string, password: Buffer, own: readonly Candidate[]): PasswordStep {
  let right: Identity | null = null;
  for (const { mysql, identity } of own)
    if (mysql?.kind === 'digests' && isPasswordOf(mysql, password)) right ??= identity;
  return right === null ? { step: 'failed', error: failed(name) } : { step: 'proven', identity: right };
}

/** With nobody to be proven it is the same exchange, which never succeeds. */
class CandidateScram implements SaslExchange {
  readonly #name: string;
  readonly #server: ScramServer;
  readonly #identities: readonly Identity[];

  constructor(name: string, told: ScramSalt, candidates: readonly ScramCandidate[]) {
    this.#name = name;
    this.#identities = candidates.map(({ identity }) => identity);
    const [first, ...others] = candidates.map(({ scram }) => scram);
    const nobody = { ...told, storedKey: randomBytes(KEY_BYTES), serverKey: randomBytes(KEY_BYTES) };
    this.#server = new ScramServer(first ?? nobody, undefined, others);
  }

  step(message: Buffer): SaslStep {
    const step = this.#server.step(message);
    switch (step.step) {
      case 'continue':
        return step;
      case 'proven': {
        const identity = this.#identities[step.by];
        if (identity !== undefined) return { step: 'done', data: step.data, identity };
        return { step: 'failed', error: failed(this.#name) };
      }
      case 'failed':
        return { step: 'failed', error: failed(this.#name) };
    }
  }
}

function failed(name: string): ProxyError {
  return new ProxyError('login-failed', { detail: `for user "${name}"` });
}
