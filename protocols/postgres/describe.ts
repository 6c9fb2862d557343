/** What the server says of a result's columns. Read only where masks are in force. */
import { ByteReader } from '../../src/bytes/index.ts';
import type { PostgresResultField } from '../../src/core/masks.ts';

const BINARY = 1;

/** RowDescription. */
export function readRowDescription(
  bytes: Buffer,
  start: number,
  end: number,
): readonly PostgresResultField[] {
  const reader = new ByteReader(bytes, start, end);
  const count = reader.i16('number of fields') & 0xffff;
  const fields: PostgresResultField[] = [];
  for (let n = 0; n < count; n++) {
    const name = reader.cstring('field name');
    const tableOid = reader.u32('table of field');
    const columnNumber = reader.i16('column of field');
    const typeOid = reader.u32('type of field');
    reader.i16('size of field');
    const typeModifier = reader.i32('type modifier of field');
    const binary = reader.i16('format of field') === BINARY;
    fields.push({ dialect: 'postgres', name, tableOid, columnNumber, typeOid, typeModifier, binary });
  }
  reader.expectEnd('RowDescription');
  return fields;
}

export interface CopyOutDescription {
  readonly binary: boolean;
  readonly columns: number;
}

/** CopyOutResponse: the overall format, then one format for each column. */
export function readCopyOutResponse(bytes: Buffer, start: number, end: number): CopyOutDescription {
  const reader = new ByteReader(bytes, start, end);
  const binary = reader.u8('COPY format') === BINARY;
  const columns = reader.i16('number of columns') & 0xffff;
  for (let n = 0; n < columns; n++) reader.i16('format of column');
  reader.expectEnd('CopyOutResponse');
  return { binary, columns };
}
