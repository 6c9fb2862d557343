/**
 * Frontend messages built by hand from the protocol's documentation, so that what Sluice reads was not written by
 * Sluice's own encoder (https://www.postgresql.org/docs/current/protocol-message-formats.html).
 */

const i32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const i16 = (value: number) => {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
};
const cstring = (text: string | Buffer) => Buffer.concat([Buffer.from(text), Buffer.from([0])]);

/** Any message: a tag and its body. */
export function frame(tag: string, ...body: readonly Buffer[]): Buffer {
  const content = Buffer.concat(body);
  return Buffer.concat([Buffer.from(tag, 'latin1'), i32(content.length + 4), content]);
}

export function startup(parameters: Readonly<Record<string, string>>, version = 0x30000): Buffer {
  const pairs = Object.entries(parameters).flatMap(([name, value]) => [cstring(name), cstring(value)]);
  const content = Buffer.concat([i32(version), ...pairs, Buffer.from([0])]);
  return Buffer.concat([i32(content.length + 4), content]);
}

/** SSLRequest, GSSENCRequest, and anything else with a code in the version's place. */
export function request(code: number, ...body: readonly Buffer[]): Buffer {
  const content = Buffer.concat([i32(code), ...body]);
  return Buffer.concat([i32(content.length + 4), content]);
}

export const SSL_REQUEST = request(80877103);
export const GSSENC_REQUEST = request(80877104);

export function cancelRequest(processId: number, secret: Buffer): Buffer {
  return request(80877102, i32(processId), secret);
}

export function query(sql: string | Buffer): Buffer {
  return frame('Q', cstring(sql));
}

export function parse(name: string, sql: string | Buffer, types: readonly number[] = []): Buffer {
  return frame('P', cstring(name), cstring(sql), i16(types.length), ...types.map(i32));
}

export interface BindOptions {
  readonly formats?: readonly (0 | 1)[];
  readonly results?: readonly (0 | 1)[];
}

export function bind(
  portal: string,
  statement: string,
  values: readonly (string | Buffer | null)[] = [],
  { formats = [], results = [] }: BindOptions = {},
): Buffer {
  const parameters = values.flatMap((value) => {
    if (value === null) return [i32(-1)];
    const bytes = Buffer.from(value);
    return [i32(bytes.length), bytes];
  });
  return frame(
    'B',
    cstring(portal),
    cstring(statement),
    i16(formats.length),
    ...formats.map(i16),
    i16(values.length),
    ...parameters,
    i16(results.length),
    ...results.map(i16),
  );
}

export function describe(kind: 'S' | 'P', name: string): Buffer {
  return frame('D', Buffer.from(kind), cstring(name));
}

export function execute(portal = '', rows = 0): Buffer {
  return frame('E', cstring(portal), i32(rows));
}

export function close(kind: 'S' | 'P', name: string): Buffer {
  return frame('C', Buffer.from(kind), cstring(name));
}

export const sync = (): Buffer => frame('S');
export const flush = (): Buffer => frame('H');
export const terminate = (): Buffer => frame('X');
export const copyData = (data: string | Buffer): Buffer => frame('d', Buffer.from(data));
export const copyDone = (): Buffer => frame('c');
export const copyFail = (reason: string): Buffer => frame('f', cstring(reason));
