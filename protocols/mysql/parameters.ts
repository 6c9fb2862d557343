/**
 * The parameters of COM_STMT_EXECUTE: which are NULL, which came ahead as long data, of which types they are, and
 * where their values lie. Enough is read of each type to find its end, and integers are read whole for LIMIT
 * (https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_stmt_execute.html).
 */
import { MalformedBytes } from '../../src/bytes/index.ts';
import type { BoundParameter } from '../../src/core/gate.ts';
import { lengthEncodedAt } from './length-encoded.ts';
import { TYPE, widthOf } from './types.ts';

export interface ParameterType {
  readonly type: number;
  readonly unsigned: boolean;
}

export interface Execution {
  readonly id: number;
  /** Cursor flags: 0 for none, 1 for a read-only one. */
  readonly flags: number;
  readonly types: readonly ParameterType[];
  readonly parameters: readonly BoundParameter[];
}

const COMMAND_BYTES = 1;
const ID_BYTES = 4;
/** Command, id, flags and how many times: always once. */
const FIXED_BYTES = COMMAND_BYTES + ID_BYTES + 1 + 4;
const UNSIGNED = 0x80;

export function readStatementId(bytes: Buffer, start: number, end: number): number {
  if (end - start < COMMAND_BYTES + ID_BYTES) throw new MalformedBytes('a command without its statement id');
  return bytes.readUInt32LE(start + COMMAND_BYTES);
}

/**
 * Reads the payload of an execution of a statement with `count` parameters. `known`: their types as bound before;
 * `longData` gives what came ahead for a parameter. Null where the server would call the arguments incorrect.
 */
export function readExecution(
  bytes: Buffer,
  start: number,
  end: number,
  count: number,
  known: readonly ParameterType[] | null,
  longData: (n: number) => Buffer | null,
): Execution | null {
  if (end - start < FIXED_BYTES) throw new MalformedBytes('an execution without its header');
  const id = readStatementId(bytes, start, end);
  const flags = bytes[start + COMMAND_BYTES + ID_BYTES] ?? 0;
  if (bytes.readUInt32LE(start + FIXED_BYTES - 4) !== 1) return null;
  let at = start + FIXED_BYTES;
  // MariaDB's connector says that it binds types where there is nothing to bind; servers read no further.
  if (count === 0) return end - at <= 1 ? { id, flags, types: [], parameters: [] } : null;
  const nullsAt = at;
  at += (count + 7) >> 3;
  if (at >= end) return null;
  const isBound = bytes[at++];
  let types = known;
  if (isBound === 1) {
    if (at + count * 2 > end) return null;
    const bound: ParameterType[] = [];
    for (let n = 0; n < count; n++, at += 2)
      bound.push({ type: bytes[at] ?? 0, unsigned: ((bytes[at + 1] ?? 0) & UNSIGNED) !== 0 });
    types = bound;
  } else if (isBound !== 0) return null;
  if (types === null) return null;
  const parameters: BoundParameter[] = [];
  for (let n = 0; n < count; n++) {
    const ahead = longData(n);
    if (ahead !== null) {
      parameters.push({ bytes: ahead, binary: true });
      continue;
    }
    const type = types[n]?.type ?? TYPE.Null;
    if (((bytes[nullsAt + (n >> 3)] ?? 0) & (1 << (n & 7))) !== 0 || type === TYPE.Null) {
      parameters.push({ bytes: null, binary: true });
      continue;
    }
    const value = valueAt(bytes, at, end, type);
    if (value === null) return null;
    parameters.push({ bytes: bytes.subarray(value.start, value.end), binary: isBinary(type) });
    at = value.end;
  }
  return at === end ? { id, flags, types, parameters } : null;
}

/** Strings, decimals and JSON are text in the binary protocol as well. */
function isBinary(type: number): boolean {
  return widthOf(type) !== 'string';
}

function valueAt(
  bytes: Buffer,
  at: number,
  end: number,
  type: number,
): { start: number; end: number } | null {
  const width = widthOf(type);
  if (width === null) return null;
  if (width === 'temporal') {
    const to = at + 1 + (bytes[at] ?? 0);
    return at < end && to <= end ? { start: at + 1, end: to } : null;
  }
  if (width === 'string') {
    const length = lengthEncodedAt(bytes, at, end);
    if (length === null) return null;
    const to = length.next + length.value;
    return to <= end ? { start: length.next, end: to } : null;
  }
  return at + width <= end ? { start: at, end: at + width } : null;
}

const TEXTS: ReadonlySet<number> = new Set([
  TYPE.VarChar,
  TYPE.VarString,
  TYPE.String,
  TYPE.TinyBlob,
  TYPE.MediumBlob,
  TYPE.LongBlob,
  TYPE.Blob,
]);

/** Whether the server compares a bound parameter as a text: NULL equals nothing. */
export function isTextParameter({ parameters, types }: Execution, index: number): boolean {
  const type = types[index - 1]?.type ?? TYPE.Null;
  return TEXTS.has(type) || (parameters[index - 1]?.bytes ?? null) === null;
}

/** A bound parameter as a row count: null where it is NULL, negative, no integer, or of a type not understood. */
export function integerParameter(
  parameter: BoundParameter | undefined,
  type: ParameterType | undefined,
): number | null {
  const bytes = parameter?.bytes ?? null;
  if (bytes === null || type === undefined) return null;
  const { unsigned } = type;
  switch (type.type) {
    case TYPE.Tiny:
      return bytes.length === 1 ? nonNegative(unsigned ? bytes.readUInt8(0) : bytes.readInt8(0)) : null;
    case TYPE.Short:
    case TYPE.Year:
      return bytes.length === 2 ? nonNegative(unsigned ? bytes.readUInt16LE(0) : bytes.readInt16LE(0)) : null;
    case TYPE.Long:
    case TYPE.Int24:
      return bytes.length === 4 ? nonNegative(unsigned ? bytes.readUInt32LE(0) : bytes.readInt32LE(0)) : null;
    case TYPE.LongLong:
      if (bytes.length !== 8) return null;
      return nonNegative(Number(unsigned ? bytes.readBigUInt64LE(0) : bytes.readBigInt64LE(0)));
    case TYPE.Double:
      return bytes.length === 8 ? whole(bytes.readDoubleLE(0)) : null;
    case TYPE.Float:
      return bytes.length === 4 ? whole(bytes.readFloatLE(0)) : null;
    default: {
      // A string is read as a number; only what can be read in one way counts as one.
      const text = widthOf(type.type) === 'string' && bytes.length <= 15 ? bytes.toString('latin1') : '';
      return /^\d+$/.test(text) ? Number(text) : null;
    }
  }
}

/** mysql2 sends every number as a double. */
function whole(value: number): number | null {
  return Number.isInteger(value) ? nonNegative(value) : null;
}

function nonNegative(value: number): number | null {
  return value >= 0 ? value : null;
}
