/** Packets that Sluice reads in the connection phase, and those of general form. Each reader takes all of its payload. */
import { MalformedBytes } from '../../src/bytes/index.ts';
import { CAPABILITY } from './capabilities.ts';
import { NULL_CELL, PayloadReader } from './payload-reader.ts';

const LOGIN_HEAD_BYTES = 32;
const FILLER_BYTES = 23;
const ATTRIBUTES_MAX = 256;
const NAME_BYTES_MAX = 1024;
const PROTOCOL_10 = 10;

export interface LoginRequest {
  /** As the client sent them, offered or not. */
  readonly capabilities: number;
  readonly collation: number;
  readonly user: string;
  readonly answer: Buffer;
  readonly database: string | null;
  /** Null where the client names none. */
  readonly plugin: string | null;
  readonly attributes: ReadonlyMap<string, string>;
}

export type LoginPacket =
  | { readonly packet: 'ssl-request' }
  | { readonly packet: 'login'; readonly request: LoginRequest };

/** SSLRequest or HandshakeResponse41: the first is the head of the second. */
export function readLogin(bytes: Buffer, start: number, end: number): LoginPacket {
  const reader = new PayloadReader(bytes, start, end);
  const capabilities =
    reader.u16('capabilities') | (reader.remaining >= 2 ? reader.u16('capabilities') << 16 : 0);
  if ((capabilities & CAPABILITY.PROTOCOL_41) === 0) throw new MalformedBytes('a login of before MySQL 4.1');
  reader.u32('packet size');
  const collation = reader.u8('collation');
  reader.skip(FILLER_BYTES, 'filler');
  const isRequest = (capabilities & CAPABILITY.SSL) !== 0 && end - start === LOGIN_HEAD_BYTES;
  if (isRequest) return { packet: 'ssl-request' };
  const user = name(reader, 'user name');
  const answer = Buffer.from(readAnswer(reader, capabilities));
  const has = (flag: number) => (capabilities & flag) !== 0 && reader.remaining > 0;
  const database = has(CAPABILITY.CONNECT_WITH_DB) ? name(reader, 'database name') : '';
  const plugin = has(CAPABILITY.PLUGIN_AUTH) ? name(reader, 'plugin name') : null;
  const attributes = has(CAPABILITY.CONNECT_ATTRS) ? readAttributes(reader) : new Map<string, string>();
  // A client that would compress says by how much, whether that was offered or not.
  if (has(CAPABILITY.ZSTD_COMPRESSION_ALGORITHM)) reader.u8('compression level');
  reader.expectEnd('HandshakeResponse');
  return {
    packet: 'login',
    request: {
      capabilities,
      collation,
      user,
      answer,
      database: database === '' ? null : database,
      plugin: plugin === '' ? null : plugin,
      attributes,
    },
  };
}

/** A NUL-terminated name of UTF-8: bytes that are none would name somebody else once they are replaced. */
function name(reader: PayloadReader, what: string): string {
  const bytes = reader.cbytes(what);
  if (bytes.length > NAME_BYTES_MAX) throw new MalformedBytes(`a ${what} of ${bytes.length} bytes`);
  const text = bytes.toString('utf8');
  if (text.includes('\ufffd')) throw new MalformedBytes(`a ${what} that is no UTF-8`);
  return text;
}

function readAnswer(reader: PayloadReader, capabilities: number): Buffer {
  if ((capabilities & CAPABILITY.PLUGIN_AUTH_LENENC_CLIENT_DATA) !== 0) return reader.lengthBytes('answer');
  if ((capabilities & CAPABILITY.SECURE_CONNECTION) !== 0) return reader.bytes(reader.u8('answer'), 'answer');
  return reader.cbytes('answer');
}

/** Connection attributes. They are for people, so bytes that are no UTF-8 may be replaced. */
function readAttributes(reader: PayloadReader): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>();
  const size = reader.length('connection attributes');
  if (size > reader.remaining)
    throw new MalformedBytes('connection attributes run past the end of their packet');
  const end = reader.remaining - size;
  while (reader.remaining > end) {
    const key = reader.lengthText('connection attribute');
    attributes.set(key, reader.lengthText('connection attribute'));
    if (attributes.size > ATTRIBUTES_MAX) throw new MalformedBytes('too many connection attributes');
  }
  if (reader.remaining !== end) throw new MalformedBytes('connection attributes of another length');
  return attributes;
}

export interface ChangeUser {
  readonly user: string;
  readonly answer: Buffer;
  readonly database: string | null;
  /** Null where the client says none. */
  readonly collation: number | null;
  readonly plugin: string | null;
  readonly attributes: ReadonlyMap<string, string>;
}

/** COM_CHANGE_USER behind its command byte; `capabilities` are those of the session. */
export function readChangeUser(bytes: Buffer, start: number, end: number, capabilities: number): ChangeUser {
  const reader = new PayloadReader(bytes, start, end);
  const user = name(reader, 'user name');
  const answer = Buffer.from(reader.bytes(reader.u8('answer'), 'answer'));
  const database = name(reader, 'database name');
  const collation = reader.remaining > 0 ? reader.u16('collation') : null;
  const has = (flag: number) => (capabilities & flag) !== 0 && reader.remaining > 0;
  const plugin = has(CAPABILITY.PLUGIN_AUTH) ? name(reader, 'plugin name') : null;
  const attributes = has(CAPABILITY.CONNECT_ATTRS) ? readAttributes(reader) : new Map<string, string>();
  reader.expectEnd('COM_CHANGE_USER');
  return {
    user,
    answer,
    database: database === '' ? null : database,
    collation,
    plugin: plugin === '' ? null : plugin,
    attributes,
  };
}

export interface ServerGreeting {
  readonly version: string;
  readonly connectionId: number;
  readonly nonce: Buffer;
  readonly capabilities: number;
  readonly collation: number;
  readonly status: number;
  /** Null where the server names none. */
  readonly plugin: string | null;
}

/** HandshakeV10 of a server. */
export function readGreeting(bytes: Buffer, start: number, end: number): ServerGreeting {
  const reader = new PayloadReader(bytes, start, end);
  const protocol = reader.u8('protocol version');
  if (protocol !== PROTOCOL_10) throw new MalformedBytes(`a greeting of protocol ${protocol}`);
  const version = reader.ctext('server version');
  const connectionId = reader.u32('connection id');
  const first = reader.bytes(8, 'nonce');
  reader.u8('filler');
  const low = reader.u16('capabilities');
  const collation = reader.u8('collation');
  const status = reader.u16('status');
  const capabilities = low | (reader.u16('capabilities') << 16);
  const nonceBytes = reader.u8('length of the nonce');
  reader.skip(10, 'filler');
  const second = reader.bytes(Math.max(13, nonceBytes - 8), 'nonce');
  const plugin =
    (capabilities & CAPABILITY.PLUGIN_AUTH) !== 0 && reader.remaining > 0 ? readLast(reader) : null;
  reader.expectEnd('the greeting');
  // The last byte is a terminator.
  const nonce = Buffer.concat([first, second.subarray(0, -1)]);
  return { version, connectionId, nonce, capabilities, collation, status, plugin };
}

/** A string up to its terminator or, as old servers have it, to the packet's end. */
function readLast(reader: PayloadReader): string {
  const bytes = reader.rest();
  const nul = bytes.indexOf(0);
  if (nul >= 0 && nul !== bytes.length - 1) throw new MalformedBytes('bytes behind the plugin name');
  return bytes.toString('utf8', 0, nul < 0 ? bytes.length : nul);
}

export interface AuthSwitch {
  readonly plugin: string;
  /** Without its terminator. */
  readonly nonce: Buffer;
}

/** AuthSwitchRequest behind its first byte. One without a plugin is of before MySQL 4.1, and reads as ''. */
export function readAuthSwitch(bytes: Buffer, start: number, end: number): AuthSwitch {
  if (start === end) return { plugin: '', nonce: Buffer.alloc(0) };
  const reader = new PayloadReader(bytes, start, end);
  const plugin = reader.ctext('plugin name');
  const data = reader.rest();
  const nonce = data.length > 0 && data.at(-1) === 0 ? data.subarray(0, -1) : data;
  return { plugin, nonce: Buffer.from(nonce) };
}

/** An OK packet; also the end of a result under DEPRECATE_EOF, whose first byte is another. Buffers are views. */
export interface Ok {
  readonly affected: bigint;
  readonly insertId: bigint;
  readonly status: number;
  readonly warnings: number;
  readonly info: Buffer;
  /** Session state information, for `readSessionState`; empty where nothing has changed. */
  readonly sessionState: Buffer;
}

const NOTHING = Buffer.alloc(0);
const STATE_CHANGED = 1 << 14;

/** Reads an OK packet behind its first byte; `capabilities` are those of the leg it came by. */
export function readOk(bytes: Buffer, start: number, end: number, capabilities: number): Ok {
  const reader = new PayloadReader(bytes, start, end);
  const affected = reader.number64('affected rows');
  const insertId = reader.number64('insert id');
  const status = reader.u16('status');
  const warnings = reader.u16('warnings');
  let info: Buffer = NOTHING;
  let sessionState: Buffer = NOTHING;
  if ((capabilities & CAPABILITY.SESSION_TRACK) === 0) info = reader.rest();
  else if (reader.remaining > 0) {
    info = reader.lengthBytes('info');
    if ((status & STATE_CHANGED) !== 0) sessionState = reader.lengthBytes('session state');
    reader.expectEnd('OK');
  }
  return { affected, insertId, status, warnings, info, sessionState };
}

export interface Eof {
  readonly warnings: number;
  readonly status: number;
}

/** Reads an EOF packet behind its first byte. */
export function readEof(bytes: Buffer, start: number, end: number): Eof {
  const reader = new PayloadReader(bytes, start, end);
  const warnings = reader.u16('warnings');
  const status = reader.u16('status');
  reader.expectEnd('EOF');
  return { warnings, status };
}

export interface Err {
  readonly errno: number;
  /** `HY000` where the server sends none, as it does before a login. */
  readonly sqlstate: string;
  readonly message: string;
}

const SQLSTATE_MARK = 0x23;

/** Reads an ERR packet behind its first byte. */
export function readErr(bytes: Buffer, start: number, end: number): Err {
  const reader = new PayloadReader(bytes, start, end);
  const errno = reader.u16('error number');
  let sqlstate = 'HY000';
  if (reader.ahead === SQLSTATE_MARK && reader.remaining >= 6) {
    reader.skip(1, 'SQLSTATE');
    sqlstate = reader.bytes(5, 'SQLSTATE').toString('latin1');
  }
  return { errno, sqlstate, message: reader.rest().toString('utf8') };
}

/** The cells of a row in the text protocol; null is SQL NULL. For answers to questions of Sluice's own. */
export function readTextRow(bytes: Buffer, start: number, end: number): readonly (string | null)[] {
  const reader = new PayloadReader(bytes, start, end);
  const cells: (string | null)[] = [];
  while (reader.remaining > 0) {
    if (reader.ahead === NULL_CELL) {
      reader.skip(1, 'NULL');
      cells.push(null);
    } else cells.push(reader.lengthText('cell'));
  }
  return cells;
}
