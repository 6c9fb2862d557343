/**
 * How a client proves who it is: what a protocol asks of identity, step by step. Whatever takes time, such as a question
 * to an issuer or to the shared state, is `pending`: the session is woken once there is an answer.
 */
import type { ClientCertificate } from './certificate.ts';
import type { ProxyError } from './errors.ts';
import type { Identity } from './principal.ts';

/** What identity may know of the connection on which somebody logs in. */
export interface ClientConnection {
  /** As text, without port; null on a local socket. */
  readonly clientAddress: string | null;
  /** What the client showed in TLS; null: nothing, or it was not asked to, or there is no TLS yet. */
  certificate(): ClientCertificate | null;
  /** An answer that was pending is there. */
  wake(): void;
}

/** Identity as one listener's configuration has it. */
export interface IdentitySource {
  forConnection(connection: ClientConnection): IdentityPort;
}

export interface IdentityPort {
  /** How the client named `user` is to prove who it is. */
  login(user: string, connection: { readonly secured: boolean }): LoginPlan;
  /** The same for a client of the MySQL protocol. */
  mysqlLogin(user: string, connection: { readonly secured: boolean }): MysqlLoginPlan;
  /** 20 random bytes, for a client to answer to. */
  mysqlNonce(): Buffer;
}

export interface Pending<Answer> {
  /** Null: not yet. The session is woken when it is there. */
  answer(): Answer | null;
}

export type LoginPlan =
  | { readonly plan: 'trust'; readonly identity: Identity }
  | {
      readonly plan: 'sasl';
      readonly mechanisms: readonly string[];
      start(mechanism: string): SaslExchange | null;
    }
  /** The password itself, as the bytes before the terminator. Only where nobody can read along. */
  | { readonly plan: 'cleartext'; check(password: Buffer): PasswordStep }
  | { readonly plan: 'refused'; readonly error: ProxyError }
  | ({ readonly plan: 'pending' } & Pending<LoginPlan>);

export interface SaslExchange {
  /** The next message from the client; the result says what to answer. */
  step(message: Buffer): SaslStep;
}

export type SaslStep =
  | { readonly step: 'continue'; readonly data: Buffer }
  /** `data` null: the mechanism has no last word. */
  | { readonly step: 'done'; readonly data: Buffer | null; readonly identity: Identity }
  | { readonly step: 'failed'; readonly error: ProxyError }
  | ({ readonly step: 'pending' } & Pending<SaslStep>);

export type PasswordStep =
  | { readonly step: 'proven'; readonly identity: Identity }
  | { readonly step: 'failed'; readonly error: ProxyError }
  | ({ readonly step: 'pending' } & Pending<PasswordStep>);

export type MysqlLoginPlan =
  | { readonly plan: 'trust'; readonly identity: Identity }
  | ({ readonly plan: 'password' } & MysqlPasswordCheck)
  | { readonly plan: 'refused'; readonly error: ProxyError }
  | ({ readonly plan: 'pending' } & Pending<MysqlLoginPlan>);

/**
 * Checks of one user's answers. For a user that does not exist they take the same steps and the same time, and never
 * succeed. Digests give who the client has proven to be, or null.
 */
export interface MysqlPasswordCheck {
  /** Whether what is stored can check mysql_native_password; caching_sha2_password always can, given the password. */
  readonly takesNative: boolean;
  /**
   * Asks for the password as it is (mysql_clear_password) of clients without TLS, because nothing else can prove what
   * they have. Only on loopback.
   */
  readonly wantsCleartext: boolean;
  /** 20 bytes: SHA1(password) XOR SHA1(nonce, SHA1(SHA1(password))). */
  native(nonce: Buffer, answer: Buffer): Identity | null;
  /** 32 bytes: SHA256(password) XOR SHA256(SHA256(SHA256(password)), nonce). Null also where that is not known yet. */
  cachingSha2(nonce: Buffer, answer: Buffer): Identity | null;
  /** The password itself, as UTF-8 without terminator. */
  cleartext(password: Buffer): PasswordStep;
  /** The key under which a client without TLS may send its password; null where there is none. */
  readonly key: MysqlPasswordKey | null;
}

export interface MysqlPasswordKey {
  readonly publicPem: string;
  /** RSA-OAEP (SHA-1), as the protocol has it; null where the bytes are no such encryption. */
  decrypt(bytes: Buffer): Buffer | null;
}

/** What a client of HTTP has shown for itself. */
export interface HttpLogin {
  /** The value of its header field Authorization; null where it sent none. */
  readonly authorization: string | null;
  readonly clientAddress: string | null;
  /** Nobody can read along. */
  readonly secured: boolean;
}

export type HttpLoginAnswer =
  | { readonly answer: 'proven'; readonly identity: Identity }
  | { readonly answer: 'refused'; readonly error: ProxyError };

export interface HttpIdentity {
  /** Challenges for WWW-Authenticate (RFC 9110, 11.6.1). */
  readonly challenges: readonly string[];
  /** Never rejects. */
  check(login: HttpLogin): Promise<HttpLoginAnswer>;
}
