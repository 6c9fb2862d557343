/**
 * COPY data as a real server writes it, masked at every split of its bytes: the same comes out wherever it is split,
 * and a server that reads it back finds the masked cells masked and all others as they were.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from 'pg';
import { CopyMasker } from '../../protocols/postgres/masked-copy.ts';
import type { CopyFormat } from '../../src/core/facts.ts';
import { CELL_OUTCOME, type CellMask } from '../../src/core/masks.ts';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { copyData, copyDone, query } from '../support/frontend.ts';
import { errorAmong, WireClient } from '../support/wire-client.ts';

/** What a mask writes, with everything in it that the formats give a meaning to. */
const MASKED = 'm,"\t\\N\n\\.;|\'x\r\\';
const SECRETS = [
  'plain',
  '',
  'a,b',
  'say "hi"',
  'tab\there',
  'line\nline',
  'back\\slash',
  '\\N',
  '\\.',
  'NULL',
  "it's;|",
  '\r\n',
  'käse €',
  '""',
  ',',
];
const ROWS_HELD_MAX = 1024 * 1024;

const masking: CellMask = {
  ofNull: null,
  mask(_source, _start, _end, out) {
    out.copy(Buffer.from(MASKED), 0, Buffer.byteLength(MASKED));
    return CELL_OUTCOME.written;
  },
};
const nulling: CellMask = { ofNull: null, mask: () => CELL_OUTCOME.nulled };
const filling: CellMask = { ...masking, ofNull: Buffer.from('filled') };

const text = { kind: 'text', delimiter: '\t', nullText: '\\N', header: false } as const;
const csv = { kind: 'csv', delimiter: ',', nullText: '', header: false, quote: '"', escape: '"' } as const;
const FORMATS: readonly (readonly [options: string, format: Exclude<CopyFormat, { kind: 'unknown' }>])[] = [
  ['', text],
  ["(DELIMITER '|', NULL 'nil')", { ...text, delimiter: '|', nullText: 'nil' }],
  ['(HEADER)', { ...text, header: true }],
  ['(FORMAT csv)', csv],
  ['(FORMAT csv, HEADER, FORCE_QUOTE *)', { ...csv, header: true }],
  [
    "(FORMAT csv, DELIMITER ';', NULL 'NULL', QUOTE '''', ESCAPE '\\')",
    { ...csv, delimiter: ';', nullText: 'NULL', quote: "'", escape: '\\' },
  ],
  ["(FORMAT csv, FORCE_QUOTE (secret), NULL '\\N')", { ...csv, nullText: '\\N' }],
  ['(FORMAT binary)', { kind: 'binary' }],
];

let postgres: PostgresServer;
let client: Client;
let wire: WireClient;

before(async () => {
  postgres = await startPostgres();
  client = new Client({ connectionString: postgres.url() });
  await client.connect();
  await client.query('CREATE TABLE kept (id text, secret text, note text); CREATE TABLE back (LIKE kept)');
  const values = [...SECRETS, null];
  for (const [n, secret] of values.entries()) {
    await client.query('INSERT INTO kept VALUES ($1, $2, $3)', [
      String(n),
      secret,
      values[(n * 7) % values.length] ?? null,
    ]);
  }
  wire = await WireClient.connect(postgres.port, { user: 'postgres', database: 'postgres' });
});

after(async () => {
  wire?.end();
  await client?.end();
  await postgres?.stop();
});

/** The data of each CopyData message. */
function payload(frames: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < frames.length; at += 1 + frames.readInt32BE(at + 1)) {
    assert.equal(frames[at], 0x64);
    parts.push(frames.subarray(at + 5, at + 1 + frames.readInt32BE(at + 1)));
  }
  return Buffer.concat(parts);
}

function maskedIn(
  pieces: readonly Buffer[],
  format: Exclude<CopyFormat, { kind: 'unknown' }>,
  cell: CellMask,
): Buffer {
  const masker = new CopyMasker(format, [null, cell, null], ROWS_HELD_MAX);
  const out = pieces.map((piece) => masker.rewriteFrames(copyData(piece), 0, copyData(piece).length));
  assert.ok(masker.isComplete);
  return payload(Buffer.concat(out));
}

async function readBack(options: string, data: Buffer): Promise<unknown> {
  await client.query('TRUNCATE back');
  wire.send(
    query(
      `COPY back FROM STDIN ${options.replace(', FORCE_QUOTE *', '').replace('FORCE_QUOTE (secret), ', '')}`,
    ),
    copyData(data),
    copyDone(),
  );
  const answer = await wire.until('Z');
  assert.equal(errorAmong(answer), null);
  return (await client.query('SELECT id, secret, note FROM back ORDER BY id::int')).rows;
}

for (const [options, format] of FORMATS) {
  test(`promise 4: COPY data masked at every split: ${options === '' ? 'text' : options}`, async () => {
    const copied = await wire.ask(query(`COPY kept TO STDOUT ${options}`));
    const data = Buffer.concat(copied.filter(({ tag }) => tag === 'd').map(({ body }) => body));
    const { rows } = await client.query('SELECT id, secret, note FROM kept ORDER BY id::int');
    for (const [cell, expected] of [
      [masking, (secret: string | null) => (secret === null ? null : MASKED)],
      [nulling, () => null],
      [filling, (secret: string | null) => (secret === null ? 'filled' : MASKED)],
    ] as const) {
      const whole = maskedIn([data], format, cell);
      assert.deepEqual(
        await readBack(options, whole),
        rows.map((row) => ({ ...row, secret: expected(row.secret) })),
      );
      for (let at = 1; at < data.length; at++) {
        const split = maskedIn([data.subarray(0, at), data.subarray(at)], format, cell);
        assert.ok(split.equals(whole), `split at ${at}`);
      }
      for (const size of [1, 2, 3, 7, 64]) {
        const pieces: Buffer[] = [];
        for (let at = 0; at < data.length; at += size) pieces.push(data.subarray(at, at + size));
        assert.ok(maskedIn(pieces, format, cell).equals(whole), `pieces of ${size}`);
      }
    }
  });
}

test('a COPY row that is larger than what may be held is refused, not passed', () => {
  const masker = new CopyMasker(csv, [masking], 100);
  assert.throws(() => masker.rewrite(Buffer.from(`"${'x'.repeat(200)}`), 0, 201));
});

test('a COPY row with more or fewer columns than described is refused, not passed', () => {
  for (const row of ['a\n', 'a\tb\tc\n']) {
    const masker = new CopyMasker(text, [null, masking], 1000);
    assert.throws(() => masker.rewrite(Buffer.from(row), 0, row.length));
  }
});
