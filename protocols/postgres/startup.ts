/** The start-up packet: versions, requests in its place, and which parameters a client may set with it. */
import { ByteReader, MalformedBytes } from '../../src/bytes/index.ts';
import { ProxyError } from '../../src/core/errors.ts';
import { CANCEL_REQUEST, GSSENC_REQUEST, PROTOCOL_3_2, SSL_REQUEST } from './messages.ts';

export type StartupPacket =
  | { readonly packet: 'ssl-request' }
  | { readonly packet: 'gssenc-request' }
  | { readonly packet: 'cancel-request'; readonly processId: number; readonly secret: Buffer }
  | { readonly packet: 'startup'; readonly startup: Startup };

export interface Startup {
  /** Minor version of protocol 3 that the client asked for. */
  readonly minor: number;
  readonly user: string;
  readonly database: string | null;
  readonly application: string | null;
  /** Settings for the server session, allowed ones only. */
  readonly settings: ReadonlyMap<string, string>;
  /** `_pq_.` options, none of which are known. */
  readonly protocolOptions: readonly string[];
}

/** Minor versions of protocol 3 served in full; a client that asks for more is told. */
export const MINOR_MAX = PROTOCOL_3_2 & 0xffff;
/** BackendKeyData is longer from here on. */
export const MINOR_LONG_KEYS = 2;
const SECRET_BYTES_MAX = 256;

/** Reads the packet after its length word. Throws MalformedBytes or ProxyError. */
export function readStartupPacket(bytes: Buffer, start: number, end: number): StartupPacket {
  const reader = new ByteReader(bytes, start, end);
  const code = reader.i32('protocol version');
  switch (code) {
    case SSL_REQUEST:
      reader.expectEnd('SSLRequest');
      return { packet: 'ssl-request' };
    case GSSENC_REQUEST:
      reader.expectEnd('GSSENCRequest');
      return { packet: 'gssenc-request' };
    case CANCEL_REQUEST: {
      const processId = reader.i32('process id');
      if (reader.remaining < 4 || reader.remaining > SECRET_BYTES_MAX)
        throw new MalformedBytes('cancel key length');
      return {
        packet: 'cancel-request',
        processId,
        secret: Buffer.from(reader.bytes(reader.remaining, 'cancel key')),
      };
    }
    default:
      break;
  }
  const major = code >>> 16;
  if (major !== 3) {
    throw new ProxyError('unsafe-startup', {
      detail: `protocol ${major}.${code & 0xffff} is not served, only 3.0 to 3.2`,
    });
  }
  return { packet: 'startup', startup: readParameters(reader, code & 0xffff) };
}

function readParameters(reader: ByteReader, minor: number): Startup {
  const settings = new Map<string, string>();
  const protocolOptions: string[] = [];
  let user = '';
  let database: string | null = null;
  let application: string | null = null;
  for (let name = reader.cstring('parameter name'); name !== ''; name = reader.cstring('parameter name')) {
    const value = reader.cstring('parameter value');
    if (name === 'user') user = value;
    else if (name === 'database') database = value;
    else if (name === 'replication') refuseReplication(value);
    else if (name === 'options')
      for (const [key, setting] of readOptions(value)) allow(settings, key, setting);
    else if (name.startsWith('_pq_.')) protocolOptions.push(name);
    else {
      if (name === 'application_name') application = value;
      allow(settings, name, value);
    }
  }
  reader.expectEnd('StartupMessage');
  if (user === '') throw new ProxyError('unsafe-startup', { detail: 'no user name in the start-up packet' });
  return { minor, user, database, application, settings, protocolOptions };
}

function refuseReplication(value: string): void {
  if (/^(false|off|no|0|f|n)$/i.test(value)) return;
  throw new ProxyError('unsafe-startup', { detail: 'replication copies data past every rule' });
}

/** Settings that change neither how text is read nor who the session is. Values are checked where they matter. */
const ALLOWED_SETTINGS: ReadonlySet<string> = new Set([
  'application_name',
  'bytea_output',
  'client_encoding',
  'client_min_messages',
  'datestyle',
  'default_transaction_deferrable',
  'default_transaction_isolation',
  'default_transaction_read_only',
  'extra_float_digits',
  'fallback_application_name',
  'geqo',
  'idle_in_transaction_session_timeout',
  'idle_session_timeout',
  'intervalstyle',
  'jit',
  'lc_messages',
  'lc_monetary',
  'lc_numeric',
  'lc_time',
  'lock_timeout',
  'plan_cache_mode',
  'search_path',
  'standard_conforming_strings',
  'statement_timeout',
  'synchronous_commit',
  'timezone',
  'transaction_timeout',
  'work_mem',
]);

function allow(settings: Map<string, string>, name: string, value: string): void {
  const key = name.toLowerCase();
  if (!ALLOWED_SETTINGS.has(key)) {
    throw new ProxyError('unsafe-startup', { detail: `the start-up parameter "${name}" is not passed on` });
  }
  if (key === 'client_encoding') {
    // SQL_ASCII means "whatever the bytes are", which psql says in the C locale: UTF8 serves it as well.
    if (!/^'?(utf-?_?8|unicode|sql_ascii)'?$/i.test(value)) {
      throw new ProxyError('unsafe-startup', {
        detail: `client_encoding has to be UTF8, not ${value}; set PGCLIENTENCODING=UTF8`,
      });
    }
    settings.set(key, 'UTF8');
    return;
  }
  if (key === 'standard_conforming_strings' && !/^(on|true|yes|1|t|y)$/i.test(value)) {
    throw new ProxyError('unsafe-startup', { detail: 'standard_conforming_strings has to be on' });
  }
  settings.set(key === 'fallback_application_name' ? 'application_name' : key, value);
}

/** `-c name=value --other-name=value`, backslash before a space, as the server splits it (pg_split_opts). */
function* readOptions(options: string): Iterable<[string, string]> {
  const words = (options.match(/(?:\\.|[^\s\\])+/g) ?? []).map((word) => word.replaceAll(/\\(.)/g, '$1'));
  for (let n = 0; n < words.length; n++) {
    const word = words[n] ?? '';
    let assignment: string | undefined;
    if (word === '-c') assignment = words[++n];
    else if (word.startsWith('-c')) assignment = word.slice(2);
    else if (word.startsWith('--')) assignment = word.slice(2);
    const equals = assignment?.indexOf('=') ?? -1;
    if (assignment === undefined || equals < 1) {
      throw new ProxyError('unsafe-startup', { detail: `the start-up option "${word}" is not passed on` });
    }
    yield [assignment.slice(0, equals).replaceAll('-', '_'), assignment.slice(equals + 1)];
  }
}
