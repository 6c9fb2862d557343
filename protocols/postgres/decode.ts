/** Messages that Sluice reads. Each reader is given one whole frame's body, checks every length, and takes all of it. */
import { ByteReader, MalformedBytes } from '../../src/bytes/index.ts';
import type { BoundParameter } from '../../src/core/gate.ts';
import { AUTHENTICATION } from './messages.ts';

const BINARY_FORMAT = 1;
const STATEMENT = 0x53; // S
const PORTAL = 0x50; // P

/** Where the text of a Query or Parse lies, without its terminator. */
export interface TextSpan {
  readonly start: number;
  readonly end: number;
}

/** Query: one string, which fills the frame. A NUL inside would end it earlier for the server. */
export function readQuery(bytes: Buffer, start: number, end: number): TextSpan {
  const nul = bytes.indexOf(0, start);
  if (nul !== end - 1) throw new MalformedBytes('Query does not end with its text');
  return { start, end: nul };
}

export interface ParseMessage {
  readonly name: string;
  readonly text: TextSpan;
  /** Object ids of the parameter types that the client gave; 0 where it left one open. */
  readonly parameterTypes: readonly number[];
}

export function readParse(bytes: Buffer, start: number, end: number): ParseMessage {
  const reader = new ByteReader(bytes, start, end);
  const name = reader.cstring('statement name');
  const textStart = reader.offset;
  const textEnd = reader.skipCstring('statement text');
  const count = reader.i16('number of parameter types');
  if (count < 0) throw new MalformedBytes('a negative number of parameter types');
  const parameterTypes: number[] = [];
  for (let n = 0; n < count; n++) parameterTypes.push(reader.u32('parameter type'));
  reader.expectEnd('Parse');
  return { name, text: { start: textStart, end: textEnd }, parameterTypes };
}

export interface BindMessage {
  readonly portal: string;
  readonly statement: string;
  /** Views into the frame: valid as long as it is. */
  readonly parameters: readonly BoundParameter[];
  /** One for all columns, one for each, or none: text. */
  readonly resultFormats: readonly number[];
}

export function readBind(bytes: Buffer, start: number, end: number): BindMessage {
  const reader = new ByteReader(bytes, start, end);
  const portal = reader.cstring('portal name');
  const statement = reader.cstring('statement name');
  const formats = readFormats(reader, 'parameter format');
  const count = reader.i16('number of parameters') & 0xffff;
  if (formats.length > 1 && formats.length !== count)
    throw new MalformedBytes('parameter formats do not match');
  const parameters: BoundParameter[] = [];
  for (let n = 0; n < count; n++) {
    const length = reader.i32('parameter length');
    const format = formats.length === 1 ? formats[0] : formats[n];
    if (length < -1) throw new MalformedBytes('negative length of parameter');
    const value = length === -1 ? null : reader.bytes(length, 'parameter');
    parameters.push({ bytes: value, binary: format === BINARY_FORMAT });
  }
  const resultFormats = readFormats(reader, 'result format');
  reader.expectEnd('Bind');
  return { portal, statement, parameters, resultFormats };
}

function readFormats(reader: ByteReader, what: string): readonly number[] {
  const count = reader.i16(`number of ${what}s`) & 0xffff;
  const formats: number[] = [];
  for (let n = 0; n < count; n++) formats.push(reader.i16(what));
  return formats;
}

export interface NamedObject {
  readonly kind: 'statement' | 'portal';
  readonly name: string;
}

/** Describe and Close: which kind of object, and its name. */
export function readNamedObject(bytes: Buffer, start: number, end: number, what: string): NamedObject {
  const reader = new ByteReader(bytes, start, end);
  const kind = reader.u8(`kind of ${what}`);
  const name = reader.cstring(`name in ${what}`);
  reader.expectEnd(what);
  if (kind !== STATEMENT && kind !== PORTAL)
    throw new MalformedBytes(`${what} of neither statement nor portal`);
  return { kind: kind === STATEMENT ? 'statement' : 'portal', name };
}

/** Execute: the portal's name. The row count behind it is the server's affair. */
export function readExecute(bytes: Buffer, start: number, end: number): string {
  const reader = new ByteReader(bytes, start, end);
  const portal = reader.cstring('portal name');
  reader.i32('row limit');
  reader.expectEnd('Execute');
  return portal;
}

export function readEmpty(bytes: Buffer, start: number, end: number, what: string): void {
  new ByteReader(bytes, start, end).expectEnd(what);
}

export interface SaslInitialResponse {
  readonly mechanism: string;
  readonly data: Buffer;
}

export function readSaslInitialResponse(bytes: Buffer, start: number, end: number): SaslInitialResponse {
  const reader = new ByteReader(bytes, start, end);
  const mechanism = reader.cstring('SASL mechanism');
  const length = reader.i32('length of SASL data');
  const data = length === -1 ? Buffer.alloc(0) : reader.bytes(length, 'SASL data');
  reader.expectEnd('SASLInitialResponse');
  return { mechanism, data };
}

/** The bytes of a PasswordMessage before its terminator, as a view. */
export function readPassword(bytes: Buffer, start: number, end: number): Buffer {
  const last = end - 1;
  if (last < start || bytes.indexOf(0, start) !== last) throw new MalformedBytes('PasswordMessage');
  return bytes.subarray(start, last);
}

export type AuthenticationRequest =
  | { readonly request: 'ok' }
  | { readonly request: 'cleartext' }
  | { readonly request: 'md5'; readonly salt: Buffer }
  | { readonly request: 'sasl'; readonly mechanisms: readonly string[] }
  | { readonly request: 'sasl-continue'; readonly data: Buffer }
  | { readonly request: 'sasl-final'; readonly data: Buffer }
  | { readonly request: 'unsupported'; readonly code: number };

export function readAuthentication(bytes: Buffer, start: number, end: number): AuthenticationRequest {
  const reader = new ByteReader(bytes, start, end);
  const code = reader.i32('authentication code');
  switch (code) {
    case AUTHENTICATION.Ok:
      reader.expectEnd('AuthenticationOk');
      return { request: 'ok' };
    case AUTHENTICATION.CleartextPassword:
      return { request: 'cleartext' };
    case AUTHENTICATION.MD5Password:
      return { request: 'md5', salt: Buffer.from(reader.bytes(4, 'salt')) };
    case AUTHENTICATION.SASL: {
      const mechanisms: string[] = [];
      for (
        let name = reader.cstring('SASL mechanism');
        name !== '';
        name = reader.cstring('SASL mechanism')
      ) {
        mechanisms.push(name);
      }
      return { request: 'sasl', mechanisms };
    }
    case AUTHENTICATION.SASLContinue:
      return { request: 'sasl-continue', data: Buffer.from(reader.bytes(reader.remaining, 'SASL data')) };
    case AUTHENTICATION.SASLFinal:
      return { request: 'sasl-final', data: Buffer.from(reader.bytes(reader.remaining, 'SASL data')) };
    default:
      return { request: 'unsupported', code };
  }
}

export interface ParameterStatus {
  readonly name: string;
  readonly value: string;
}

export function readParameterStatus(bytes: Buffer, start: number, end: number): ParameterStatus {
  const reader = new ByteReader(bytes, start, end);
  const name = reader.cstring('parameter name');
  const value = reader.cstring('parameter value');
  reader.expectEnd('ParameterStatus');
  return { name, value };
}

export function readBackendKeyData(
  bytes: Buffer,
  start: number,
  end: number,
): { processId: number; secret: Buffer } {
  const reader = new ByteReader(bytes, start, end);
  const processId = reader.i32('process id');
  return { processId, secret: Buffer.from(reader.bytes(reader.remaining, 'cancel key')) };
}

export function readReadyForQuery(bytes: Buffer, start: number, end: number): number {
  const reader = new ByteReader(bytes, start, end);
  const status = reader.u8('transaction status');
  reader.expectEnd('ReadyForQuery');
  return status;
}

export function readCommandTag(bytes: Buffer, start: number, end: number): string {
  const reader = new ByteReader(bytes, start, end);
  const tag = reader.cstring('command tag');
  reader.expectEnd('CommandComplete');
  return tag;
}

export interface ServerError {
  /** `ERROR`, `FATAL` or `PANIC`, untranslated. */
  readonly severity: string;
  readonly sqlstate: string;
  readonly message: string;
}

export function readErrorResponse(bytes: Buffer, start: number, end: number): ServerError {
  const reader = new ByteReader(bytes, start, end);
  let severity = '';
  let sqlstate = '';
  let message = '';
  for (let code = reader.u8('error field'); code !== 0; code = reader.u8('error field')) {
    const value = reader.cstring('error field');
    if (code === 0x56)
      severity = value; // V
    else if (code === 0x53 && severity === '')
      severity = value; // S
    else if (code === 0x43)
      sqlstate = value; // C
    else if (code === 0x4d) message = value; // M
  }
  reader.expectEnd('ErrorResponse');
  return { severity, sqlstate, message };
}

/** The cells of a DataRow of text values; null is SQL NULL. */
export function readTextRow(bytes: Buffer, start: number, end: number): readonly (string | null)[] {
  const reader = new ByteReader(bytes, start, end);
  const count = reader.i16('number of cells');
  const cells: (string | null)[] = [];
  for (let n = 0; n < count; n++) {
    const length = reader.i32('cell length');
    if (length < -1) throw new MalformedBytes('negative length of cell');
    cells.push(length === -1 ? null : reader.bytes(length, 'cell').toString('utf8'));
  }
  reader.expectEnd('DataRow');
  return cells;
}
