/**
 * Sluice's own way into the server, up to its first ReadyForQuery:
 *
 *   connecting ──► tls-asked ──S──► securing ──► authenticating ──Ok──► starting ──Z──► done
 *        └───────(no TLS)────────────────────────────▲
 */
import { Accumulator } from '../../src/bytes/index.ts';
import { ProxyError } from '../../src/core/errors.ts';
import type { UpstreamAccount, UpstreamPort, UpstreamSasl } from '../../src/core/session.ts';
import {
  readAuthentication,
  readBackendKeyData,
  readErrorResponse,
  readParameterStatus,
  readReadyForQuery,
} from './decode.ts';
import {
  passwordMessage,
  SSL_REQUEST_PACKET,
  saslInitialResponse,
  saslResponse,
  startupMessage,
} from './encode.ts';
import { frameSize, HEADER_BYTES } from './frame.ts';
import { BACKEND, PROTOCOL_3_0 } from './messages.ts';
import { checkSetting } from './probe.ts';

const MESSAGE_BYTES_MAX = 64 * 1024;
const TLS_YES = 0x53; // S
const TLS_NO = 0x4e; // N

/** What the server said at start-up that the client should hear. */
export interface UpstreamReady {
  readonly parameters: ReadonlyMap<string, string>;
  readonly processId: number;
  readonly secret: Buffer;
  readonly status: number;
  /** Notices that came on the way, as they came. */
  readonly notices: readonly Buffer[];
}

type Phase = 'connecting' | 'tls-asked' | 'securing' | 'authenticating' | 'starting';

export class UpstreamHandshake {
  readonly #port: UpstreamPort;
  readonly #account: UpstreamAccount;
  readonly #settings: ReadonlyMap<string, string>;
  readonly #input = new Accumulator();
  readonly #parameters = new Map<string, string>();
  readonly #notices: Buffer[] = [];
  #phase: Phase = 'connecting';
  #secured = false;
  #sasl: UpstreamSasl | null = null;
  #proven = false;
  #key: { processId: number; secret: Buffer } = { processId: 0, secret: Buffer.alloc(0) };

  /** `settings`: what the client asked for at start-up and may have. */
  constructor(port: UpstreamPort, account: UpstreamAccount, settings: ReadonlyMap<string, string>) {
    this.#port = port;
    this.#account = account;
    this.#settings = settings;
  }

  connected(): void {
    if (this.#account.tls === 'disable') this.#start();
    else {
      this.#phase = 'tls-asked';
      this.#send(SSL_REQUEST_PACKET);
    }
  }

  secured(): void {
    this.#secured = true;
    this.#start();
  }

  #start(): void {
    this.#phase = 'authenticating';
    const { user, database, options } = this.#account;
    // What the operator sets for the account comes last, so that a client cannot undo it.
    const parameters = new Map([
      ['user', user],
      ['database', database],
      ['client_encoding', 'UTF8'],
      ...this.#settings,
      ...options,
    ]);
    this.#send(startupMessage(PROTOCOL_3_0, parameters));
  }

  /** Takes bytes; gives the result once the server is ready. What follows is in `rest`. */
  receive(bytes: Buffer, start: number, end: number): UpstreamReady | null {
    this.#input.append(bytes, start, end);
    if (this.#phase === 'tls-asked') {
      this.#tlsAnswer();
      return null;
    }
    while (this.#input.length >= HEADER_BYTES) {
      const input = this.#input.view();
      const size = frameSize(input, 0);
      if (size > MESSAGE_BYTES_MAX)
        throw new ProxyError('upstream-malformed', { detail: `${size} bytes at start-up` });
      if (input.length < size) return null;
      const ready = this.#message(input[0] ?? 0, input, HEADER_BYTES, size);
      this.#input.consume(size);
      if (ready !== null) return ready;
    }
    return null;
  }

  rest(): Buffer {
    return this.#input.takeAll();
  }

  #tlsAnswer(): void {
    const answer = this.#input.takeAll();
    if (answer.length === 0) return;
    if (answer.length > 1)
      throw new ProxyError('upstream-malformed', { detail: 'bytes behind the answer to SSLRequest' });
    if (answer[0] === TLS_YES) {
      this.#phase = 'securing';
      this.#port.startTls();
    } else if (answer[0] === TLS_NO && this.#account.tls === 'prefer') this.#start();
    else
      throw new ProxyError('upstream-refused', {
        detail: 'the server does not offer TLS, and sslmode demands it',
      });
  }

  #message(tag: number, bytes: Buffer, start: number, end: number): UpstreamReady | null {
    switch (tag) {
      case BACKEND.Authentication:
        this.#authenticate(bytes, start, end);
        return null;
      case BACKEND.ErrorResponse: {
        const { sqlstate, message } = readErrorResponse(bytes, start, end);
        // Before authentication the text is about Sluice's own account: that is for the log alone.
        const detail =
          this.#phase === 'starting' || sqlstate === '53300' || sqlstate.startsWith('57P')
            ? message
            : `SQLSTATE ${sqlstate}`;
        throw new ProxyError('upstream-refused', { detail, cause: new Error(message) });
      }
      case BACKEND.NoticeResponse:
        this.#notices.push(Buffer.from(bytes.subarray(start - HEADER_BYTES, end)));
        return null;
      default:
        return this.#phase === 'starting' ? this.#starting(tag, bytes, start, end) : this.#unexpected(tag);
    }
  }

  #starting(tag: number, bytes: Buffer, start: number, end: number): UpstreamReady | null {
    switch (tag) {
      case BACKEND.ParameterStatus: {
        const { name, value } = readParameterStatus(bytes, start, end);
        checkSetting(name, value);
        this.#parameters.set(name, value);
        return null;
      }
      case BACKEND.BackendKeyData:
        this.#key = readBackendKeyData(bytes, start, end);
        return null;
      case BACKEND.ReadyForQuery:
        return {
          parameters: this.#parameters,
          ...this.#key,
          status: readReadyForQuery(bytes, start, end),
          notices: this.#notices,
        };
      default:
        return this.#unexpected(tag);
    }
  }

  #unexpected(tag: number): never {
    throw new ProxyError('upstream-malformed', { detail: `a message of type ${tag} at start-up` });
  }

  #authenticate(bytes: Buffer, start: number, end: number): void {
    const request = readAuthentication(bytes, start, end);
    const { credential } = this.#account;
    switch (request.request) {
      case 'ok':
        if (this.#sasl !== null && !this.#proven) {
          throw new ProxyError('upstream-refused', {
            detail: 'the server did not prove that it knows the password',
          });
        }
        this.#phase = 'starting';
        return;
      case 'cleartext':
        this.#answer(
          credential.cleartext(this.#secured),
          'a password in clear text, which is sent over TLS only',
        );
        return;
      case 'md5':
        this.#answer(credential.md5(request.salt), 'an MD5 password');
        return;
      case 'sasl': {
        const sasl = credential.sasl(request.mechanisms, this.#secured);
        if (sasl === null) this.#cannot(`SASL by ${request.mechanisms.join(', ')}`);
        this.#sasl = sasl;
        this.#send(saslInitialResponse(sasl.mechanism, sasl.first));
        return;
      }
      case 'sasl-continue': {
        const answer = this.#sasl?.step(request.data) ?? null;
        if (answer === null) this.#cannot('a SASL exchange that does not hold');
        this.#send(saslResponse(answer));
        return;
      }
      case 'sasl-final':
        this.#proven = this.#sasl?.verify(request.data) ?? false;
        return;
      case 'unsupported':
        this.#cannot(`authentication method ${request.code}`);
    }
  }

  #answer(password: string | null, what: string): void {
    if (password === null) this.#cannot(what);
    this.#send(passwordMessage(password));
  }

  #cannot(what: string): never {
    throw new ProxyError('upstream-refused', { detail: `the server demands ${what}` });
  }

  #send(bytes: Buffer): void {
    this.#port.send(bytes, 0, bytes.length);
  }
}
