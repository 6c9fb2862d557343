/** Column definitions (https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset_column_definition.html). */
import { MalformedBytes } from '../../src/bytes/index.ts';
import type { MysqlResultField } from '../../src/core/masks.ts';
import { PayloadReader } from './payload-reader.ts';

const FIXED_BYTES = 0x0c;

export function readColumn(bytes: Buffer, start: number, end: number, binary: boolean): MysqlResultField {
  const reader = new PayloadReader(bytes, start, end);
  reader.lengthBytes('catalog');
  const schema = reader.lengthText('schema');
  reader.lengthBytes('table');
  const table = reader.lengthText('base table');
  const name = reader.lengthText('column');
  const column = reader.lengthText('base column');
  if (reader.length('fixed fields') !== FIXED_BYTES) throw new MalformedBytes('a column definition');
  const charset = reader.u16('character set');
  const lengthMax = reader.u32('column length');
  const type = reader.u8('type');
  const flags = reader.u16('flags');
  const decimals = reader.u8('decimals');
  reader.skip(2, 'filler');
  reader.expectEnd('a column definition');
  return {
    dialect: 'mysql',
    name,
    schema,
    table,
    column,
    type,
    flags,
    charset,
    lengthMax,
    decimals,
    binary,
  };
}

/** The number of columns of a result, which is the whole packet. */
export function readColumnCount(bytes: Buffer, start: number, end: number): number {
  const reader = new PayloadReader(bytes, start, end);
  const count = reader.length('number of columns');
  reader.expectEnd('number of columns');
  if (count === 0 || count > COLUMNS_MAX) throw new MalformedBytes(`${count} columns`);
  return count;
}

const COLUMNS_MAX = 65_535;

export interface PrepareOk {
  readonly id: number;
  readonly columns: number;
  readonly parameters: number;
}

/** COM_STMT_PREPARE_OK behind its first byte. */
export function readPrepareOk(bytes: Buffer, start: number, end: number): PrepareOk {
  const reader = new PayloadReader(bytes, start, end);
  const id = reader.u32('statement id');
  const columns = reader.u16('number of columns');
  const parameters = reader.u16('number of parameters');
  reader.skip(1, 'filler');
  // Servers of before 5.0 have no count of warnings here.
  if (reader.remaining > 0) reader.u16('warnings');
  reader.expectEnd('the answer to a prepare');
  return { id, columns, parameters };
}
