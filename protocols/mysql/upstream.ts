/**
 * Sluice's own way into the server, up to the session that a client gets:
 *
 *   greeting ──► login ──OK──► preparing ──OK──► ready
 *      └──SSLRequest──► securing ──▲
 *
 * What the server says of itself is checked before any secret goes to it, and passwords go by the plugins alone.
 */
import { ProxyError } from '../../src/core/errors.ts';
import type { UpstreamAccount, UpstreamPort } from '../../src/core/session.ts';
import { CACHING_SHA2, NATIVE, NONCE_BYTES } from './auth.ts';
import { agreedWithServer, CAPABILITY, DEMANDED } from './capabilities.ts';
import { collationForServer } from './collations.ts';
import { readAuthSwitch, readGreeting, readOk, type ServerGreeting } from './decode.ts';
import { commandPacket, loginPacket, packetOf, sslRequestPacket } from './encode.ts';
import { PacketReader } from './packet.ts';
import { readServerVersion, type ServerVersion } from './server-version.ts';
import { preparation, type ResultsCharset, readSessionState, resultsCharset } from './session-track.ts';
import type { UpstreamLogin, UpstreamReady } from './upstream-login.ts';
import { demands, malformed, refused } from './upstream-refusal.ts';

const PACKET_BYTES_MAX = 64 * 1024;
const ED25519 = 'client_ed25519';
const CLEAR = 'mysql_clear_password';
const ED25519_NONCE_BYTES = 32;
/** What a server may say before it lets Sluice in: an account of MariaDB's may be tried by several plugins in turn. */
const AUTH_PACKETS_MAX = 32;

const OK = 0x00;
const MORE_DATA = 0x01;
const AUTH_SWITCH = 0xfe;
const ERR = 0xff;
const FAST_PROVEN = 0x03;
const FULL_WANTED = 0x04;
const KEY_ASKED = 0x02;
const COM_QUERY = 0x03;

/** An option of the account: without TLS, take the server's RSA key as it comes, from whoever answers. */
export const KEY_OPTION = 'get-server-public-key';

type Phase = 'greeting' | 'securing' | 'authenticating' | 'preparing';

export class UpstreamHandshake {
  /** The server's leg, from its first byte to its last: the session goes on with it. */
  readonly reader = new PacketReader();
  readonly #port: UpstreamPort;
  readonly #account: UpstreamAccount;
  readonly #login: UpstreamLogin;
  #phase: Phase = 'greeting';
  #secured = false;
  #results: ResultsCharset = 'set';
  #greeting: ServerGreeting | null = null;
  #version: ServerVersion | null = null;
  #capabilities = 0;
  #plugin = '';
  #nonce: Buffer = Buffer.alloc(0);
  /** The server has been given an answer that holds only if it knows the password, or one that hides it. */
  #asked = false;
  #keyAsked = false;
  #authPackets = 0;

  constructor(port: UpstreamPort, account: UpstreamAccount, login: UpstreamLogin) {
    this.#port = port;
    this.#account = account;
    this.#login = login;
  }

  secured(): void {
    this.#secured = true;
    this.#sendLogin();
  }

  /** Takes bytes; gives the result once the server is ready. What follows stays in `reader`. Throws ProxyError, MalformedBytes. */
  receive(bytes: Buffer, start: number, end: number): UpstreamReady | null {
    const { reader } = this;
    reader.feed(bytes, start, end);
    if (this.#phase === 'securing') malformed('bytes behind its greeting');
    while (reader.next(PACKET_BYTES_MAX)) {
      const ready = this.#packet(reader.bytes, reader.start, reader.end);
      if (ready !== null) {
        reader.keep();
        return ready;
      }
    }
    return null;
  }

  #packet(bytes: Buffer, start: number, end: number): UpstreamReady | null {
    const first = start < end ? (bytes[start] ?? 0) : -1;
    if (first === ERR) refused(this.#login.database, bytes, start + 1, end);
    switch (this.#phase) {
      case 'greeting':
        this.#greeted(readGreeting(bytes, start, end));
        return null;
      case 'securing':
        return malformed('a packet where TLS was to begin');
      case 'authenticating':
        this.#authenticate(first, bytes, start + 1, end);
        return null;
      case 'preparing':
        if (first !== OK) malformed(`packet ${first} in place of OK`);
        return this.#ready(bytes, start + 1, end);
    }
  }

  #greeted(greeting: ServerGreeting): void {
    const version = readServerVersion(greeting.version);
    if (version === null) malformed('a version that is none');
    if ((greeting.capabilities & DEMANDED) !== DEMANDED || greeting.nonce.length !== NONCE_BYTES) {
      throw new ProxyError('upstream-refused', {
        detail: 'the server speaks the protocol of before MySQL 4.1',
      });
    }
    const { tls } = this.#account;
    const offersTls = (greeting.capabilities & CAPABILITY.SSL) !== 0;
    if (tls === 'require' && !offersTls) {
      throw new ProxyError('upstream-refused', {
        detail: 'the server does not offer TLS, and sslmode demands it',
      });
    }
    const useTls = tls !== 'disable' && offersTls;
    const agreed = agreedWithServer(this.#login.capabilities, greeting.capabilities, {
      database: this.#login.database !== null,
      tls: useTls,
    });
    if (agreed === null) {
      throw new ProxyError('upstream-refused', {
        detail: `version ${version.text} of the server is not served`,
      });
    }
    this.#greeting = greeting;
    this.#version = version;
    this.#capabilities = agreed;
    this.#nonce = greeting.nonce;
    if (!useTls) {
      this.#sendLogin();
      return;
    }
    if (this.reader.unread > 0) malformed('bytes behind its greeting');
    this.#phase = 'securing';
    this.#send(sslRequestPacket(agreed, this.#collation(version), this.reader.due));
    this.#port.startTls();
  }

  #collation(version: ServerVersion): number {
    return collationForServer(this.#login.collation, version.flavour);
  }

  #sendLogin(): void {
    const greeting = this.#greeting;
    const version = this.#version;
    if (greeting === null || version === null)
      throw new ProxyError('invariant', { detail: 'login before greeting' });
    this.#phase = 'authenticating';
    // A plugin that cannot answer in the login is left to the server to ask for.
    this.#plugin = greeting.plugin === CACHING_SHA2 ? CACHING_SHA2 : NATIVE;
    this.#send(
      loginPacket(
        {
          capabilities: this.#capabilities,
          collation: this.#collation(version),
          user: this.#account.user,
          answer: this.#answer(),
          database: this.#login.database,
          plugin: this.#plugin,
        },
        this.reader.due,
      ),
    );
  }

  /** The plugin's answer to the nonce. */
  #answer(): Buffer {
    const { credential } = this.#account;
    this.#asked = true;
    switch (this.#plugin) {
      case NATIVE:
        return credential.mysqlNative(this.#nonce);
      case CACHING_SHA2:
        return credential.cachingSha2(this.#nonce);
      case ED25519:
        return credential.ed25519(this.#nonce);
      default:
        return demands(`the plugin ${this.#plugin}`);
    }
  }

  #authenticate(first: number, bytes: Buffer, start: number, end: number): void {
    if (++this.#authPackets > AUTH_PACKETS_MAX) malformed('an authentication without end');
    switch (first) {
      case OK:
        this.#prepare(readOk(bytes, start, end, this.#capabilities).sessionState);
        return;
      case AUTH_SWITCH:
        this.#switch(bytes, start, end);
        return;
      case MORE_DATA:
        this.#more(bytes, start, end);
        return;
      default:
        malformed(`packet ${first} during authentication`);
    }
  }

  #switch(bytes: Buffer, start: number, end: number): void {
    const { plugin, nonce } = readAuthSwitch(bytes, start, end);
    this.#plugin = plugin;
    this.#nonce = nonce;
    this.#keyAsked = false;
    if (plugin === CLEAR) {
      this.#sendPassword('a password in clear text, which is sent over TLS only');
      return;
    }
    const expected = plugin === ED25519 ? ED25519_NONCE_BYTES : NONCE_BYTES;
    if (plugin !== NATIVE && plugin !== CACHING_SHA2 && plugin !== ED25519) {
      demands(plugin === '' ? 'a password of before MySQL 4.1' : `the plugin ${plugin}`);
    }
    if (nonce.length !== expected) malformed(`a nonce of ${nonce.length} bytes`);
    this.#reply(this.#answer());
  }

  /** What caching_sha2_password says behind the first answer. */
  #more(bytes: Buffer, start: number, end: number): void {
    if (this.#plugin !== CACHING_SHA2 || !this.#asked || start === end)
      malformed('more data than was asked for');
    if (this.#keyAsked) {
      this.#sendEncrypted(bytes.toString('latin1', start, end));
      return;
    }
    if (end - start !== 1) malformed('data of caching_sha2_password');
    if (bytes[start] === FAST_PROVEN) return;
    if (bytes[start] !== FULL_WANTED) malformed('data of caching_sha2_password');
    if (this.#secured) {
      this.#sendPassword('a password, of which the account has none');
      return;
    }
    if (this.#account.options.get(KEY_OPTION) !== 'true') {
      demands(
        `a password in full, which is sent over TLS, or without it where the connection string has ${KEY_OPTION}=true`,
      );
    }
    this.#keyAsked = true;
    this.#reply(Buffer.from([KEY_ASKED]));
  }

  #sendPassword(what: string): void {
    const password = this.#account.credential.cleartext(this.#secured);
    if (password === null) demands(what);
    this.#reply(Buffer.from(`${password}\0`));
  }

  #sendEncrypted(publicPem: string): void {
    const encrypted = this.#account.credential.encrypted(publicPem, this.#nonce);
    if (encrypted === null) malformed('an RSA key that is none');
    this.#keyAsked = false;
    this.#reply(encrypted);
  }

  /** `state`: newer MariaDB says at once how the session stands. */
  #prepare(state: Buffer): void {
    const version = this.#version;
    if (version === null) throw new ProxyError('invariant', { detail: 'OK before greeting' });
    this.#phase = 'preparing';
    this.#results = resultsCharset(version.flavour, state);
    const collation = this.#collation(version);
    const text = preparation(version.flavour, collation, false, this.#results, this.#login.isPatient);
    const packet = commandPacket(COM_QUERY, text);
    this.#port.send(packet, 0, packet.length);
    this.reader.due = 1;
  }

  #ready(bytes: Buffer, start: number, end: number): UpstreamReady {
    const greeting = this.#greeting;
    const version = this.#version;
    if (greeting === null || version === null)
      throw new ProxyError('invariant', { detail: 'OK before greeting' });
    const ok = readOk(bytes, start, end, this.#capabilities);
    const changes = readSessionState(ok.sessionState, 0, ok.sessionState.length);
    if (!changes.variables.has('sql_mode') || changes.variables.get('character_set_client') !== 'utf8mb4') {
      throw new ProxyError('upstream-refused', {
        detail: 'the server does not report how it reads statements',
      });
    }
    return {
      connectionId: greeting.connectionId,
      serverVersion: greeting.version,
      version,
      capabilities: this.#capabilities,
      status: ok.status,
      results: this.#results,
      session: { schema: changes.schema ?? this.#login.database ?? '', variables: changes.variables },
    };
  }

  #reply(payload: Buffer): void {
    this.#send(packetOf(payload, this.reader.due));
  }

  #send(packet: Buffer): void {
    this.#port.send(packet, 0, packet.length);
    this.reader.due = (this.reader.due + 1) & 0xff;
  }
}
