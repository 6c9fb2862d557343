/** Packets and payloads that Sluice makes itself. */
import { ERRORS, type ProxyError } from '../../src/core/errors.ts';
import { CAPABILITY } from './capabilities.ts';
import { MYSQL_ERRORS } from './errors.ts';
import { PayloadWriter } from './payload-writer.ts';

const OK = 0x00;
const EOF = 0xfe;
const ERR = 0xff;
const AUTH_SWITCH = 0xfe;
const PROTOCOL_VERSION = 10;
const NUL = Buffer.from([0]);
const NOTHING = Buffer.alloc(0);
const MESSAGE_BYTES_MAX = 8192;

export interface Greeting {
  readonly version: string;
  readonly connectionId: number;
  /** 20 bytes. */
  readonly nonce: Buffer;
  readonly capabilities: number;
  readonly collation: number;
  readonly status: number;
  readonly plugin: string;
}

/** HandshakeV10. */
export function greetingPacket(greeting: Greeting): Buffer {
  const { nonce, capabilities } = greeting;
  return new PayloadWriter()
    .u8(PROTOCOL_VERSION)
    .ctext(greeting.version)
    .u32(greeting.connectionId)
    .raw(nonce.subarray(0, 8))
    .u8(0)
    .u16(capabilities & 0xffff)
    .u8(greeting.collation)
    .u16(greeting.status)
    .u16(capabilities >>> 16)
    .u8(nonce.length + 1)
    .zeros(10)
    .raw(nonce.subarray(8))
    .u8(0)
    .ctext(greeting.plugin)
    .packet(0);
}

export interface OkFields {
  readonly affected: number | bigint;
  readonly insertId: number | bigint;
  readonly status: number;
  readonly warnings: number;
  /** Text for people. */
  readonly info: Buffer;
  /** Session state information; null where there is none, or the client does not track it. */
  readonly sessionState: Buffer | null;
  /** Of a result's end (DEPRECATE_EOF), which has another first byte. */
  readonly endsResult: boolean;
}

/** `capabilities`: those agreed with the client, since the form depends on SESSION_TRACK. */
export function okPacket(fields: OkFields, capabilities: number, sequence: number): Buffer {
  const writer = new PayloadWriter(64 + fields.info.length + (fields.sessionState?.length ?? 0))
    .u8(fields.endsResult ? EOF : OK)
    .length(fields.affected)
    .length(fields.insertId)
    .u16(fields.status)
    .u16(fields.warnings);
  const tracks = (capabilities & CAPABILITY.SESSION_TRACK) !== 0 && fields.sessionState !== null;
  if (fields.info.length > 0 || tracks) writer.lengthBytes(fields.info);
  if (fields.sessionState !== null && tracks) writer.lengthBytes(fields.sessionState);
  return writer.packet(sequence);
}

/** An OK packet with nothing in it but the status. */
export function plainOk(status: number, capabilities: number, sequence: number): Buffer {
  const fields = {
    affected: 0,
    insertId: 0,
    warnings: 0,
    info: NOTHING,
    sessionState: null,
    endsResult: false,
  };
  return okPacket({ ...fields, status }, capabilities, sequence);
}

export function eofPacket(status: number, warnings: number, sequence: number): Buffer {
  return new PayloadWriter(8).u8(EOF).u16(warnings).u16(status).packet(sequence);
}

export interface ErrFields {
  readonly errno: number;
  /** Five characters. */
  readonly sqlstate: string;
  readonly message: string;
}

export function errPacket(fields: ErrFields, sequence: number): Buffer {
  const message = Buffer.from(fields.message.replaceAll('\0', ''));
  return new PayloadWriter(16 + message.length)
    .u8(ERR)
    .u16(fields.errno)
    .text(`#${fields.sqlstate}`)
    .raw(message.subarray(0, MESSAGE_BYTES_MAX))
    .packet(sequence);
}

/** A row of the error table as the client reads it. */
export function failurePacket(error: ProxyError, sequence: number): Buffer {
  const { message } = ERRORS[error.code];
  const text = error.detail === null ? message : `${message}: ${error.detail}`;
  return errPacket({ ...MYSQL_ERRORS[error.code], message: text }, sequence);
}

/** Payload of AuthSwitchRequest. */
export function authSwitchRequest(plugin: string, nonce: Buffer): Buffer {
  return Buffer.concat([Buffer.from([AUTH_SWITCH]), Buffer.from(`${plugin}\0`), nonce, NUL]);
}

/** Any payload of fewer than 2^24 - 1 bytes as a packet. */
export function packetOf(payload: Uint8Array, sequence: number): Buffer {
  return new PayloadWriter(payload.length).raw(payload).packet(sequence);
}

export interface LoginFields {
  readonly capabilities: number;
  readonly collation: number;
  readonly user: string;
  readonly answer: Buffer;
  /** Null where no schema is selected. */
  readonly database: string | null;
  readonly plugin: string;
}

/** What Sluice takes in one packet of a server's: as much as the protocol has. */
const PACKET_BYTES_MAX = 0x40000000;

function loginHead(capabilities: number, collation: number): PayloadWriter {
  return new PayloadWriter()
    .u32(capabilities >>> 0)
    .u32(PACKET_BYTES_MAX)
    .u8(collation)
    .zeros(23);
}

/** SSLRequest: the head of the login, by itself. */
export function sslRequestPacket(capabilities: number, collation: number, sequence: number): Buffer {
  return loginHead(capabilities, collation).packet(sequence);
}

/** HandshakeResponse41. The answer's length is written as an integer of the length-encoded kind. */
export function loginPacket(fields: LoginFields, sequence: number): Buffer {
  const writer = loginHead(fields.capabilities, fields.collation)
    .ctext(fields.user)
    .lengthBytes(fields.answer);
  if (fields.database !== null) writer.ctext(fields.database);
  return writer.ctext(fields.plugin).packet(sequence);
}

/** A command whose argument is a text, such as COM_QUERY (3). */
export function commandPacket(command: number, text: string): Buffer {
  return new PayloadWriter(1 + text.length).u8(command).text(text).packet(0);
}
