import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RowMasker } from '../../../protocols/mysql/masked-rows.ts';
import { CELL_OUTCOME, type CellMask, type MysqlResultField } from '../../../src/core/masks.ts';

const VARCHAR = 253;
const COLUMNS = 3;
/** On both sides of each size of a length. */
const SIZES = [0, 1, 30, 31, 32, 250, 251, 252, 300, 65_535, 65_536];
const KINDS = ['keep', 'null', 'short', 'long'] as const;

function field(binary: boolean): MysqlResultField {
  return {
    dialect: 'mysql',
    name: 'c',
    schema: 's',
    table: 't',
    column: 'c',
    type: VARCHAR,
    flags: 0,
    charset: 45,
    lengthMax: 1e6,
    decimals: 0,
    binary,
  };
}

function lengthEncoded(size: number): Buffer {
  if (size < 251) return Buffer.of(size);
  if (size <= 0xffff) return Buffer.of(0xfc, size & 0xff, size >> 8);
  return Buffer.of(0xfd, size & 0xff, (size >> 8) & 0xff, size >> 16);
}

function packetOf(cells: readonly (Buffer | null)[], sequence: number, binary: boolean): Buffer {
  const strings = cells.map((cell) =>
    cell === null ? null : Buffer.concat([lengthEncoded(cell.length), cell]),
  );
  const bitmap = cells.reduce((bits, cell, n) => bits | (cell === null ? 1 << (n + 2) : 0), 0);
  const body = binary
    ? [Buffer.of(0, bitmap), ...strings.map((cell) => cell ?? Buffer.alloc(0))]
    : strings.map((cell) => cell ?? Buffer.of(0xfb));
  const payload = Buffer.concat(body);
  const header = Buffer.of(
    payload.length & 0xff,
    (payload.length >> 8) & 0xff,
    payload.length >> 16,
    sequence & 0xff,
  );
  return Buffer.concat([header, payload]);
}

/** What becomes of a cell follows from its first byte, so that neighbours in a column differ. */
function maskedBy(cell: Buffer | null): Buffer | null {
  if (cell === null) return Buffer.from('of null');
  switch (KINDS[(cell[0] ?? 0) % KINDS.length]) {
    case 'null':
      return null;
    case 'short':
      return Buffer.from('***');
    case 'long':
      return Buffer.concat([cell, cell]);
    default:
      return cell;
  }
}

const mask: CellMask = {
  ofNull: Buffer.from('of null'),
  mask(source, start, end, out) {
    const cell = source.subarray(start, end);
    const masked = maskedBy(cell);
    if (masked === null) return CELL_OUTCOME.nulled;
    if (masked === cell) return CELL_OUTCOME.kept;
    out.copy(masked, 0, masked.length);
    return CELL_OUTCOME.written;
  },
};

function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 8) % below;
  };
}

for (const binary of [false, true]) {
  test(`promise 4: ${binary ? 'binary' : 'text'} rows whose cells are kept, masked and nulled by turns come out as if each were written anew`, () => {
    const masker = new RowMasker(
      [mask, null, mask],
      Array.from({ length: COLUMNS }, () => field(binary)),
    );
    const random = numbers(7);
    for (let chunk = 0; chunk < 150; chunk++) {
      const rows = Array.from({ length: 1 + random(12) }, () =>
        Array.from({ length: COLUMNS }, () =>
          random(6) === 0 ? null : Buffer.alloc(SIZES[random(SIZES.length)] ?? 0, random(256)),
        ),
      );
      const bytes = Buffer.concat(rows.map((cells, n) => packetOf(cells, n, binary)));
      const masked = rows.map((cells, n) =>
        packetOf(
          cells.map((cell, column) => (column === 1 ? cell : maskedBy(cell))),
          n,
          binary,
        ),
      );
      const given: Buffer[] = [];
      masker.begin();
      masker.rewrite(bytes, 0, bytes.length, (out, start, end) =>
        given.push(Buffer.from(out.subarray(start, end))),
      );
      assert.ok(Buffer.concat(given).equals(Buffer.concat(masked)), `chunk ${chunk}`);
    }
  });
}
