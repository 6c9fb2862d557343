/**
 * What rows of MySQL's protocol cost, per row, in processor time: counted by their headers, their cells found, and two
 * of eight cells masked, in text and in binary. `node bench/micro/mysql-rows.ts`; medians of rounds. The rows are those
 * of the scenario `mysql-mask-stream`, in chunks as a socket gives them.
 */
import { RowMasker } from '../../protocols/mysql/masked-rows.ts';
import { RowCells } from '../../protocols/mysql/row-cells.ts';
import { packetEnd } from '../../protocols/mysql/row-splicer.ts';
import { RowCounter } from '../../protocols/mysql/rows.ts';
import { NO_LIMIT } from '../../src/core/decision.ts';
import { CELL_OUTCOME, type CellMask, type MysqlResultField } from '../../src/core/masks.ts';
import { compilePlan, type MaskerName, maskOne, maskPlan } from '../../src/masking/index.ts';

const ROUNDS = 9;
const REPEATS = 400;
const CHUNK_ROWS = 350;
const VARCHAR = 253;
const LONGLONG = 8;
const DATETIME = 12;
const TYPES = [LONGLONG, VARCHAR, VARCHAR, VARCHAR, VARCHAR, VARCHAR, LONGLONG, DATETIME];

function fieldsOf(binary: boolean): readonly MysqlResultField[] {
  return TYPES.map((type, n) => ({
    dialect: 'mysql',
    name: `c${n}`,
    schema: 'bench',
    table: 'bench_people',
    column: `c${n}`,
    type,
    flags: 0,
    charset: type === VARCHAR ? 45 : 63,
    lengthMax: 320,
    decimals: 0,
    binary,
  }));
}

function packet(payload: Buffer, sequence: number): Buffer {
  const header = Buffer.from([payload.length & 0xff, payload.length >> 8, 0, sequence & 0xff]);
  return Buffer.concat([header, payload]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

function long(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return bytes;
}

function row(n: number, binary: boolean): Buffer {
  const strings = [
    `Customer Number ${n}`,
    `someone.${n}@example.com`,
    `${100 + (n % 500)}-${10 + (n % 89)}-${1000 + (n % 8999)}`,
    ['Berlin', 'Zürich', 'San Francisco', 'Århus', 'Kyoto'][n % 5] ?? '',
    `ordered ${n % 7} of item ${n % 9973}, asked for a call before it is sent`,
  ].map(text);
  const cents = (n * 7919) % 100_000;
  const cells = binary
    ? [Buffer.of(0, 0, 0), long(n), ...strings, long(cents), Buffer.of(7, 0xea, 7, 1, 3, 4, 5, 6)]
    : [text(String(n)), ...strings, text(String(cents)), text('2026-01-03 04:05:06')];
  return packet(Buffer.concat(cells), n);
}

function maskOf(name: MaskerName): CellMask {
  const type = { kind: 'text', charactersMax: 80 } as const;
  const masker = { name, options: null, ring: null };
  const mask = { how: 'mask', masker, nulls: 'keep' } as const;
  const plan = compilePlan(maskPlan([{ type, format: 'text', label: null, mask }], 'mysql'));
  return {
    ofNull: null,
    mask(source, start, end, out) {
      const length = maskOne(plan, 0, source, start, end, end - start, out);
      return length >= 0 ? CELL_OUTCOME.written : CELL_OUTCOME.nulled;
    },
  };
}

/** Nanoseconds of processor time per row; the median of rounds. */
function costOf(run: () => void): string {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const used = process.cpuUsage();
    for (let n = 0; n < REPEATS; n++) run();
    const { user, system } = process.cpuUsage(used);
    return ((user + system) * 1000) / (REPEATS * CHUNK_ROWS);
  });
  const sorted = rounds.toSorted((a, b) => a - b);
  return `${(sorted[Math.floor(ROUNDS / 2)] ?? 0).toFixed(0).padStart(6)} ns`;
}

const masks = TYPES.map((_type, n) => (n === 2 ? maskOf('email') : n === 3 ? maskOf('last4') : null));

for (const binary of [false, true]) {
  const chunk = Buffer.concat(Array.from({ length: CHUNK_ROWS }, (_, n) => row(123_456 + n, binary)));
  const fields = fieldsOf(binary);
  const counter = new RowCounter();
  const cells = new RowCells(fields);
  const masker = new RowMasker(masks, fields);
  const due = chunk[3] ?? 0;
  let given = 0;
  const count = () => {
    const counted = { rows: 0, bytes: 0 };
    counter.count(chunk, 0, chunk.length, due, binary, true, counted, NO_LIMIT);
    if (counted.rows !== CHUNK_ROWS) throw new Error(`${counted.rows} rows`);
  };
  const find = () => {
    for (let at = 0; at < chunk.length; ) {
      const next = packetEnd(chunk, at);
      cells.read(chunk, at + 4, next);
      at = next;
    }
  };
  const mask = () => {
    masker.begin();
    masker.rewrite(chunk, 0, chunk.length, (_bytes, start, end) => {
      given += end - start;
    });
  };
  console.log(binary ? 'binary' : 'text', `${Math.round(chunk.length / CHUNK_ROWS)} bytes a row`);
  console.log('  counted by headers  ', costOf(count));
  console.log('  cells found         ', costOf(find));
  console.log('  2 of 8 masked       ', costOf(mask));
  if (given === 0) throw new Error('nothing was given out');
}
